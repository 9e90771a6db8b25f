"""Translated lines: each bought once, checked, mended where that helps, and kept with what is still wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from dubbing.content_key import build_content_key
from dubbing.engines import Translator
from dubbing.errors import DubbingError, TranslationError
from dubbing.glossary import Glossary, list_terms
from dubbing.stages import TranslatedSegment
from dubbing.transcript import Segment
from dubbing.translation_batches import Line
from dubbing.translation_budget import plan_budgets
from dubbing.translation_plan import plan_batches
from resources.database.connection import Database
from resources.database.purchases import KeptTranslation
from resources.purchasing.claims import Claims
from resources.purchasing.gate import VendorGate
from resources.purchasing.line_translation import LineTranslation
from resources.purchasing.orders import Order


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be translated into one language.

    Attributes:
        segments: of the whole recording, in order.
        total_ms: length of the recording.
    """

    segments: Sequence[Segment]
    total_ms: int
    source: str
    target: str
    glossary: Glossary = ()


class TranslatedLines:
    """Translations by content key."""

    def __init__(self, database: Database, gate: VendorGate, claims: Claims, translator: Translator) -> None:
        self._database = database
        self._gate = gate
        self._claims = claims
        self._translator = translator

    def get(
        self, order: Order, script: Script, report: Callable[[float], None] = lambda share_done: None
    ) -> tuple[TranslatedSegment, ...]:
        """Return every line in the target language; only what was never translated before is sent.

        A line that cannot be translated is given back in its own words, with the error.

        Args:
            report: called with the share that is done, 0-1.

        Raises:
            TranslationError, VendorError: not one line could be translated.
        """
        lines = self._plan_lines(script)
        keys = {line.number: self._build_key(line, script) for line in lines}
        lost: dict[int, DubbingError] = {}
        if self._list_missing(keys):
            # Two jobs on the same recording would ask for the same lines at the same time.
            with self._claims.hold(build_content_key("script", keys=sorted(set(keys.values()))), order):
                lost = self._buy(order, script, lines, keys, report)
        found = self._find(keys)
        if lost and not found:
            raise next(iter(lost.values()))
        return tuple(_assemble(line, found.get(keys[line.number]), lost.get(line.number)) for line in lines)

    def _plan_lines(self, script: Script) -> tuple[Line, ...]:
        budgets: Mapping[int, int] = {}
        if self._translator.follows_instructions:
            budgets = plan_budgets(script.segments, script.total_ms, script.target)
        return tuple(Line(s.number, s.text, budgets.get(s.number)) for s in script.segments)

    def _build_key(self, line: Line, script: Script) -> str:
        """Name a translation by what determines it; what is said around it is left out, so that an edit of one line
        does not buy its neighbours anew.
        """
        terms = list_terms(script.glossary, line.text, script.target) if self._translator.follows_instructions else ()
        return build_content_key(
            "translation",
            engine=self._translator.name,
            source=script.source,
            target=script.target,
            text=line.text,
            max_characters=line.max_characters,
            terms=[[term.term, term.wanted] for term in terms],
        )

    def _find(self, keys: Mapping[int, str]) -> Mapping[str, KeptTranslation]:
        with self._database.transaction() as tx:
            return tx.purchases.find_translations(set(keys.values()))

    def _list_missing(self, keys: Mapping[int, str]) -> set[str]:
        return set(keys.values()) - {key for key, kept in self._find(keys).items() if kept.is_final}

    def _buy(
        self,
        order: Order,
        script: Script,
        lines: Sequence[Line],
        keys: Mapping[int, str],
        report: Callable[[float], None],
    ) -> dict[int, DubbingError]:
        """Translate what is missing, some batches at once; the value is what could not be, by number."""
        found = self._find(keys)
        drafts = {key: kept for key, kept in found.items() if not kept.is_final}
        missing = set(keys.values()) - found.keys() | drafts.keys()
        first = {keys[line.number]: line for line in reversed(lines)}  # a text that is said twice is translated once
        wanted = [line for line in lines if keys[line.number] in missing and first[keys[line.number]] is line]
        batches = plan_batches(
            wanted,
            {line.number: line.text for line in lines},
            source=script.source,
            target=script.target,
            max_lines=self._translator.max_lines,
            glossary=script.glossary,
        )
        lost: dict[int, DubbingError] = {}
        with ThreadPoolExecutor(self._translator.max_parallel, "translation") as pool:
            running = [
                pool.submit(
                    LineTranslation(
                        self._database, self._gate, self._translator, order, script.glossary, lines, keys, drafts
                    ).run,
                    batch,
                )
                for batch in batches
            ]
            try:
                for done, future in enumerate(as_completed(running), start=1):
                    lost |= future.result()
                    report(done / len(running))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return {
            line.number: lost[first[keys[line.number]].number]
            for line in lines
            if first[keys[line.number]].number in lost
        }


def _assemble(line: Line, kept: KeptTranslation | None, error: DubbingError | None) -> TranslatedSegment:
    if kept is not None:
        return TranslatedSegment(line.number, kept.text, kept.flags)
    return TranslatedSegment(line.number, line.text, error_code=error.code if error else TranslationError.code)
