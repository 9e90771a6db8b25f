"""Casting: which voice speaks for which speaker."""

from collections.abc import Mapping, Sequence
from itertools import chain, cycle
from types import MappingProxyType

from dubbing.engines import QUALITIES, Voice
from dubbing.errors import UnknownVoiceError, UnsupportedLanguageError
from dubbing.languages import get_base

_NO_OVERRIDES: Mapping[str, str] = MappingProxyType({})


def plan_casting(
    speakers: Sequence[str], voices: Sequence[Voice], language: str, overrides: Mapping[str, str] = _NO_OVERRIDES
) -> Mapping[str, Voice]:
    """Give every speaker a voice; the same arguments give the same cast.

    The best voices are given out first, in order of first appearance. Different speakers get different voices for as
    long as there are any left; then the voices are given out again, from the best on.

    Args:
        speakers: in order of first appearance; repeats are passed over.
        voices: as an engine offers them, best first within a language.
        language: canonical BCP 47 tag of the dub.
        overrides: voice name by speaker, as the customer chose; one for a speaker who does not appear has no effect.

    Returns:
        A voice for each speaker, in the order given.

    Raises:
        UnsupportedLanguageError: no voice speaks the language.
        UnknownVoiceError: an override names a voice that is not offered for the language; says which are.
    """
    offered = _rank_voices(voices, language)
    if not offered:
        raise UnsupportedLanguageError(f"The engine has no voice for {language}; choose another language or engine.")
    chosen = {speaker: overrides[speaker] for speaker in speakers if speaker in overrides}
    for speaker, name in chosen.items():
        if name not in offered:
            raise UnknownVoiceError(
                f"The voice chosen for speaker {speaker} is not offered for {language}; use {', '.join(offered)}."
            )
    free = [voice for name, voice in offered.items() if name not in chosen.values()]
    supply = chain(free, cycle(offered.values()))
    cast = {s: offered[chosen[s]] if s in chosen else next(supply) for s in dict.fromkeys(speakers)}
    return MappingProxyType(cast)


def _rank_voices(voices: Sequence[Voice], language: str) -> dict[str, Voice]:
    """Keep the voices of a language, best first, by name: quality before accent, the engine's order among equals."""
    related = [voice for voice in voices if get_base(voice.language) == get_base(language)]
    ranked = sorted(related, key=lambda v: (QUALITIES.index(v.quality), _measure_distance(v.language, language)))
    offered: dict[str, Voice] = {}
    for voice in ranked:
        offered.setdefault(voice.name, voice)
    return offered


def _measure_distance(offered: str, wanted: str) -> int:
    """Tell the same tag (0) from the language without its region (1) and from another region's (2)."""
    if offered == wanted:
        return 0
    return 1 if get_base(wanted) in {offered, wanted} else 2
