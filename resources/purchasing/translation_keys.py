"""Which translations a job may have bought: found by what it was given, for the ledger knows them by the batch."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from dubbing.engines import Translator
from resources.purchasing.scripts import LongLine, Script, ScriptPlanner

Find = Callable[[Collection[str]], Mapping[str, str]]
"""Gives the texts of the translations that are there, by content key."""

MAX_SHORTENINGS = 4
"""How many wordings of a line are followed, each shorter than the one before; more than are ever asked for."""


@dataclass(frozen=True, slots=True)
class _Named:
    """As much of a translator as names what it gives."""

    name: str
    follows_instructions: bool


def find_translation_keys(script: Script, engine: str, find: Find) -> set[str]:
    """Find the content keys of a script's translations, and of the shorter wordings that were made of them.

    Args:
        script: with nothing fixed: what a person wrote over was translated before.
        engine: name of the translator.
    """
    found: set[str] = set()
    for follows in (True, False):
        planner = ScriptPlanner(cast("Translator", _Named(engine, follows)))
        keys = planner.plan(script).keys
        texts = find(set(keys.values()))
        wordings = {number: texts[key] for number, key in keys.items() if key in texts}
        found |= texts.keys()
        for _ in range(MAX_SHORTENINGS):
            shorter = planner.plan_shorter(script, _list_long(wordings)).keys if wordings else {}
            texts = find(set(shorter.values()) - found)
            wordings = {number: texts[key] for number, key in shorter.items() if key in texts}
            found |= texts.keys()
    return found


def _list_long(wordings: Mapping[int, str]) -> Sequence[LongLine]:
    return [LongLine(number, text, max_characters=len(text)) for number, text in wordings.items()]
