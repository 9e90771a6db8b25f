"""The voices of Deepgram's Aura-2, which has no list of them by REST: one line a language, best first.

Source: Deepgram's page of voices and languages (the featured ones first) and the models that its SDK names.
"""

import functools
from typing import Literal

from dubbing.engines import Voice
from resources.vendors.deepgram_client import DEEPGRAM

AURA = "aura-2"
"""As what a reading is priced."""

MIN_SPEED, MAX_SPEED = 0.7, 1.5

_WITH_SPEED = ("en", "es")
"""The languages that can be spoken faster or slower."""

_FEMALE = {
    "en": "thalia andromeda helena amalthea asteria athena aurora callista cora cordelia delia electra harmonia hera "
    "iris janus juno luna minerva ophelia pandora phoebe selene theia vesta",
    "es": "celeste estrella carina diana selena agustina antonia gloria olivia silvia",
    "de": "viktoria elara aurelia kara lara",
    "fr": "agathe",
    "it": "livia melia maia cinzia demetra",
    "ja": "izanami uzume ama",
    "nl": "rhea beatrix daphne cornelia hestia leda",
}

_MALE = {
    "en": "apollo arcas aries atlas draco hermes hyperion jupiter mars neptune odysseus orion orpheus pluto "
    "saturn zeus",
    "es": "nestor alvaro aquila javier luciano sirio valerio",
    "de": "julius fabian",
    "fr": "hector",
    "it": "dionisio elio cesare flavio",
    "ja": "fujin ebisu",
    "nl": "sander lars roman",
}


@functools.cache
def list_aura_voices() -> tuple[Voice, ...]:
    """List every voice, best first within a language; women and men take turns, so that both come early."""
    return tuple(voice for language in _FEMALE for voice in _list_language(language))


def _list_language(language: str) -> list[Voice]:
    women = [_build_voice(name, language, "female") for name in _FEMALE[language].split()]
    men = [_build_voice(name, language, "male") for name in _MALE[language].split()]
    ranked = [(rank, voice) for voices in (women, men) for rank, voice in enumerate(voices)]
    return [voice for _, voice in sorted(ranked, key=lambda pair: pair[0])]


def _build_voice(name: str, language: str, gender: Literal["female", "male"]) -> Voice:
    has_speed = language in _WITH_SPEED
    return Voice(
        name=f"{AURA}-{name}-{language}",
        language=language,
        gender=gender,
        vendor=DEEPGRAM,
        model=AURA,
        label=name.capitalize(),
        min_speed=MIN_SPEED if has_speed else 1.0,
        max_speed=MAX_SPEED if has_speed else 1.0,
    )
