"""Text that will fit: how many characters a slot holds, and how fast a voice must read what is a little longer."""

import math
import unicodedata
from collections.abc import Mapping, Sequence

from dubbing.languages import get_base
from dubbing.slots import plan_slots
from dubbing.transcript import Segment

DEFAULT_CPS = 14
"""Characters that are spoken in a second where nothing is known of the language. Source: between the seeds for
languages with alphabets."""

SEED_CPS: Mapping[str, int] = {
    **dict.fromkeys(("en", "fr", "es", "it", "pt"), 15),
    "de": 14,
    "ru": 13,
    "hi": 17,
    "ar": 12,
    **dict.fromkeys(("ja", "ko"), 10),
    **dict.fromkeys(("zh", "yue"), 6),
}
"""Characters that are spoken in a second, by base language. Source: peers; Cantonese is written like Mandarin, one
character a syllable."""

MIN_BUDGET_CHARACTERS = 8
"""Smallest budget. Source: house rule; one word's worth, for a slot too short to speak in."""

MAX_OVER_BUDGET = 1.15
"""Share of the budget from which a shorter wording is asked for. Source: Isometric MT (ICASSP 2022) accepts 10 %; peers
settled on 15 %."""

MAX_VENDOR_SPEED = 1.15
"""Fastest speed a voice is asked for, > 1 is faster. Source: peers prefer no more than 1.15."""

_STEPS_PER_SPEED = 20  # steps of .05, so that a small change of text does not buy a take anew


def find_cps(language: str) -> int:
    """Return how many characters are spoken in a second, before anything was measured.

    >>> find_cps("pt-BR"), find_cps("sw")
    (15, 14)
    """
    return SEED_CPS.get(get_base(language), DEFAULT_CPS)


def count_characters(text: str) -> int:
    """Count characters as the budget counts them: composed, without surrounding space."""
    return len(unicodedata.normalize("NFC", text).strip())


def plan_budgets(segments: Sequence[Segment], total_ms: int, cps: float) -> dict[int, int]:
    """Tell how many characters fit each segment's slot.

    Args:
        segments: in order of ``start_ms``.
        total_ms: length of the recording.
        cps: characters of the target language that are spoken in a second.

    Returns:
        Characters by the number of the segment, at least ``MIN_BUDGET_CHARACTERS``.

    >>> plan_budgets([Segment(1, 0, 2000, "a"), Segment(2, 2050, 2100, "b")], 2100, 15)
    {1: 30, 2: 8}
    """
    return {
        slot.number: max(MIN_BUDGET_CHARACTERS, int((slot.end_ms - slot.start_ms) * cps // 1000))
        for slot in plan_slots(segments, total_ms)
    }


def plan_shorter_budget(text: str, natural_ms: float, room_ms: int) -> int | None:
    """Tell how many characters of a text would fit, now that its reading was measured.

    Args:
        text: as it was read.
        natural_ms: length of the reading, had the voice not been asked to hurry, > 0.
        room_ms: length of the slot; 0 or less where there is none.

    Returns:
        What fits at the pace of that reading; None where a shorter wording is not worth asking for.

    >>> plan_shorter_budget("x" * 60, 6000, 4000), plan_shorter_budget("x" * 60, 4500, 4000)
    (40, None)
    """
    budget = max(MIN_BUDGET_CHARACTERS, int(count_characters(text) * max(0, room_ms) // natural_ms))
    return budget if is_over_budget(text, budget) else None


def is_over_budget(text: str, max_characters: int | None) -> bool:
    """Whether a translation is so long that a shorter wording is worth asking for.

    >>> is_over_budget("x" * 115, 100), is_over_budget("x" * 116, 100), is_over_budget("x" * 116, None)
    (False, True, False)
    """
    return max_characters is not None and count_characters(text) > round(MAX_OVER_BUDGET * max_characters, 6)


def plan_vendor_speed(characters: int, slot_ms: int, cps: float, *, max_speed: float) -> float:
    """Choose the speed at which a voice is asked to read a text.

    Args:
        characters: of the text, as ``count_characters`` counts them.
        slot_ms: room for the take; 0 or less where there is none.
        cps: characters that the voice speaks in a second when it is not hurried.
        max_speed: fastest the voice can be asked for, > 1 is faster.

    Returns:
        1.0 for a text that should fit; else just enough in steps of .05, at most ``MAX_VENDOR_SPEED`` and the voice's
        own limit. What then is still too long is time-stretched.

    >>> plan_vendor_speed(32, 2000, 15, max_speed=1.2), plan_vendor_speed(99, 2000, 15, max_speed=1.2)
    (1.1, 1.15)
    """
    ceiling = _find_ceiling(max_speed)
    room = slot_ms * cps
    if room <= 0:
        return ceiling
    return min(ceiling, max(1.0, math.ceil(characters * 1000 * _STEPS_PER_SPEED / room) / _STEPS_PER_SPEED))


def list_vendor_speeds(max_speed: float) -> tuple[float, ...]:
    """List every speed that ``plan_vendor_speed`` may choose for a voice.

    >>> list_vendor_speeds(1.0), list_vendor_speeds(1.12), list_vendor_speeds(4.0)
    ((1.0,), (1.0, 1.05, 1.1, 1.12), (1.0, 1.05, 1.1, 1.15))
    """
    ceiling = _find_ceiling(max_speed)
    steps = range(_STEPS_PER_SPEED, math.floor(ceiling * _STEPS_PER_SPEED) + 1)
    return tuple(sorted({*(step / _STEPS_PER_SPEED for step in steps), ceiling}))


def _find_ceiling(max_speed: float) -> float:
    return max(1.0, min(MAX_VENDOR_SPEED, max_speed))
