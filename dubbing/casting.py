"""Casting: which voice speaks for which speaker, and who steps in for it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, cycle
from types import MappingProxyType

from dubbing.engines import QUALITIES, Voice
from dubbing.errors import UnknownVoiceError, UnsupportedLanguageError
from dubbing.languages import get_base

_NO_OVERRIDES: Mapping[str, str] = MappingProxyType({})

_MOST_NAMES_SHOWN = 30
"""Of the voices that could have been chosen; an account may have hundreds."""


def plan_casting(
    speakers: Sequence[str],
    voices: Sequence[Voice],
    language: str,
    overrides: Mapping[str, str] = _NO_OVERRIDES,
    *,
    vendors: Sequence[str] = (),
) -> Mapping[str, Voice]:
    """Give every speaker a voice; the same arguments give the same cast.

    All voices come from one vendor, but for those that the customer chose. The best voices are given out first, in
    order of first appearance: a speaker's position decides, so that where voices speak several languages a speaker has
    the same one in each, whatever was chosen for others. Different speakers get different voices for as long as there
    are any left; then the voices are given out again, from the best on.

    Args:
        speakers: in order of first appearance; repeats are passed over.
        voices: as an engine offers them, best first within a language and a vendor.
        language: canonical BCP 47 tag of the dub.
        overrides: voice name by speaker, as the customer chose, of any vendor; one for a speaker who does not appear
            has no effect.
        vendors: whom to ask for the language, first to last; the first that has a voice for it makes the cast. Empty:
            the voices are taken as if they all were one vendor's.

    Returns:
        A voice for each speaker, in the order given.

    Raises:
        UnsupportedLanguageError: no voice speaks the language.
        UnknownVoiceError: an override names a voice that is not offered for the language; says which are.
    """
    offered = _rank_voices(voices, language)
    ensemble = _choose_ensemble(offered, vendors) if vendors else offered
    if not ensemble:
        raise UnsupportedLanguageError(f"The engine has no voice for {language}; choose another language or engine.")
    roles = list(dict.fromkeys(speakers))
    chosen = {speaker: _find_chosen(speaker, overrides, offered, language) for speaker in roles if speaker in overrides}
    cast = {
        speaker: voice
        for speaker, voice in zip(roles, ensemble, strict=False)
        if speaker not in chosen and voice not in chosen.values()
    } | chosen
    free = [voice for voice in ensemble if voice not in cast.values()]
    supply = chain(free, cycle(ensemble))
    return MappingProxyType({speaker: cast[speaker] if speaker in cast else next(supply) for speaker in roles})


def plan_understudies(
    cast: Mapping[str, Voice],
    speakers: Sequence[str],
    voices: Sequence[Voice],
    language: str,
    *,
    vendors: Sequence[str],
    failed: Collection[str],
) -> Mapping[str, Voice]:
    """Say who speaks for each speaker if a language has to do without some vendors.

    The first of the others that has a voice for the language steps in. Who was cast from a vendor that has not failed
    stays. Everybody else keeps the gender of the voice where it is known, and then gets one that fewest others have.

    Args:
        cast: as `plan_casting` made it.
        speakers: of the cast, in order of first appearance; repeats are passed over.
        voices: as an engine offers them, best first within a language and a vendor.
        language: canonical BCP 47 tag of the dub.
        vendors: whom to ask for the language, first to last.
        failed: who is not to be asked.

    Returns:
        A voice of another vendor for each speaker, in the order given; empty if nobody steps in.
    """
    troupe = _choose_ensemble(_rank_voices(voices, language), [vendor for vendor in vendors if vendor not in failed])
    if not troupe:
        return MappingProxyType({})
    roles = list(dict.fromkeys(speakers))
    staying = {speaker: cast[speaker] for speaker in roles if cast[speaker].vendor not in failed}
    parts = Counter(voice.name for voice in staying.values())
    understudies: dict[str, Voice] = {}
    for speaker in roles:
        gender = cast[speaker].gender
        alike = [voice for voice in troupe if voice.gender == gender] if gender != "unknown" else []
        voice = staying.get(speaker) or min(alike or troupe, key=lambda voice: parts[voice.name])
        understudies[speaker] = voice
        parts[voice.name] += speaker not in staying
    return MappingProxyType(understudies)


def _find_chosen(speaker: str, overrides: Mapping[str, str], offered: Sequence[Voice], language: str) -> Voice:
    for voice in offered:
        if voice.name == overrides[speaker]:
            return voice
    names = [voice.name for voice in offered]
    shown = names[:_MOST_NAMES_SHOWN] + ["…"] * (len(names) > _MOST_NAMES_SHOWN)
    raise UnknownVoiceError(
        f"The voice chosen for speaker {speaker} is not offered for {language}; use {', '.join(shown)}."
    )


def _choose_ensemble(offered: Sequence[Voice], vendors: Sequence[str]) -> list[Voice]:
    """Take the voices of the first vendor that has any."""
    by_vendor = ([voice for voice in offered if voice.vendor == vendor] for vendor in vendors)
    return next(filter(None, by_vendor), [])


def _rank_voices(voices: Sequence[Voice], language: str) -> list[Voice]:
    """Keep the voices of a language, best first: quality before accent, the engine's order among equals.

    A voice that is offered for several tags is there once, as what is nearest to the language.
    """
    related = [voice for voice in voices if get_base(voice.language) == get_base(language)]
    ranked = sorted(related, key=lambda v: (QUALITIES.index(v.quality), _measure_distance(v.language, language)))
    by_name: dict[tuple[str, str], Voice] = {}
    for voice in ranked:
        by_name.setdefault((voice.vendor, voice.name), voice)
    return list(by_name.values())


def _measure_distance(offered: str, wanted: str) -> int:
    """Tell the same tag (0) from the language without its region (1) and from another region's (2)."""
    if offered == wanted:
        return 0
    return 1 if get_base(wanted) in {offered, wanted} else 2
