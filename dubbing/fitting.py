"""Fitting: the speed at which a take fits its room, and when neighbours share theirs.

Nothing is ever cut. What does not fit at the fastest allowed speed is reported as overflow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dubbing.slots import GUARD_GAP_MS

MAX_SPEED = 1.30
"""Fastest speech still heard as natural. Source: listening effort grows past 20 % compression; peers settled on 1.3."""

PREFERRED_SPEED = 1.20
"""Fastest speech that costs a listener nothing. Source: listening effort grows past 20 % compression."""

MIN_SPEED = 0.85
"""Slowest speech still heard as natural. Source: peers."""

FILLED_SHARE = 0.95
"""A take that fills this much of its segment's own span is long enough. Source: peers."""

LEAVE_ALONE_SPEED = 0.97
"""A slow-down this slight is not worth touching the audio. Source: peers leave 0.97-1.05 alone; the upper end needs
no rule here, because a take that fits with borrowed room is never sped up and one that does not fit always is."""

_ROUNDING_MS = 1
"""By how much a take may be longer than its speed says, ms: lengths are whole."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a take is made to fit.

    Attributes:
        speed: achieved, > 1 is faster: the take's length over ``duration_ms``.
        duration_ms: length after the time-stretch.
        overflow_ms: by how much that is longer than the room.
    """

    speed: float
    duration_ms: int
    overflow_ms: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a take asks for.

    Attributes:
        start_ms: earliest it may begin.
        end_ms: of its slot.
        natural_ms: length at the voice's own speed.
    """

    start_ms: int
    end_ms: int
    natural_ms: float


def plan_fit(take_ms: int, slot_ms: int, *, own_ms: int | None = None, max_speed: float = MAX_SPEED) -> Fit:
    """Choose the speed that fits a take into its slot, without touching audio.

    A take longer than its slot is sped up by just enough, at most ``max_speed``; what is left over is
    reported as overflow, never cut. A take that leaves its segment's own span emptier than ``FILLED_SHARE`` is slowed
    until it fills that share, at most to ``MIN_SPEED``; a change of less than three per cent is left out. Every other
    take keeps its speed.

    Args:
        take_ms: length of the take as synthesised, > 0.
        slot_ms: room until the next take, guard gap already taken off, > 0.
        own_ms: span of the segment in the source, >= 0; the slot where not given.
        max_speed: the ceiling, >= 1.

    Returns:
        The decision; ``overflow_ms`` is 0 unless the ceiling was reached. The whole milliseconds are rounded so that
        the speed achieved never passes a limit.

    Raises:
        ValueError: a length that is not positive.

    >>> plan_fit(2600, 1000)
    Fit(speed=1.3, duration_ms=2000, overflow_ms=1000)
    >>> plan_fit(1400, 2500, own_ms=1000)
    Fit(speed=1.0, duration_ms=1400, overflow_ms=0)
    >>> plan_fit(900, 2500, own_ms=1000).duration_ms
    950
    """
    if take_ms <= 0 or slot_ms <= 0:
        raise ValueError("a take and its slot must have a positive length")
    duration_ms = take_ms
    if take_ms > slot_ms:
        duration_ms = max(slot_ms, math.ceil(take_ms / max_speed))
    else:
        filled_ms = math.floor(FILLED_SHARE * min(slot_ms, slot_ms if own_ms is None else own_ms))
        slowed_ms = min(filled_ms, math.floor(take_ms / MIN_SPEED))
        if take_ms < LEAVE_ALONE_SPEED * slowed_ms:
            duration_ms = slowed_ms
    return Fit(take_ms / duration_ms, duration_ms, max(0, duration_ms - slot_ms))


def measure_needed_speed(claims: Sequence[Claim]) -> float:
    """Measure the slowest common speed at which takes that follow one another end within the last one's slot.

    None begins before its own claim does, so the last ones must fit whatever is before them.

    Args:
        claims: of one speaker, in order, at least one.

    Returns:
        In all, the vendor's share included; 1.0 at least, infinite where there is no room.

    >>> measure_needed_speed([Claim(0, 950, 1498.0), Claim(1000, 2050, 500.0)])
    1.0
    """
    needed, natural_ms = 1.0, 0.0
    for behind, claim in enumerate(reversed(claims)):
        natural_ms += claim.natural_ms
        room_ms = claims[-1].end_ms - claim.start_ms - behind * (GUARD_GAP_MS + _ROUNDING_MS) - _ROUNDING_MS
        needed = max(needed, natural_ms / room_ms) if room_ms > 0 else math.inf
    return needed


def plan_merge(claims: Sequence[Claim]) -> tuple[int, float]:
    """Choose how many neighbours share their room, and how fast they may be read.

    The fewest that need no more than ``PREFERRED_SPEED``; where none do, those that need the least. A merge makes the
    takes behind the first late, so none is made below that speed, and none where it helps nobody.

    Args:
        claims: of the first take and of the neighbours it may be merged with, in order.

    Returns:
        How many, 1 for no merge; and the ceiling for each of them, in all.

    >>> plan_merge([Claim(0, 1950, 2535.0), Claim(2000, 4000, 1500.0)])
    (2, 1.2)
    >>> plan_merge([Claim(0, 1950, 2000.0), Claim(2000, 4000, 1500.0)])
    (1, 1.3)
    """
    speeds = {count: measure_needed_speed(claims[:count]) for count in range(1, len(claims) + 1)}
    count = min(speeds, key=lambda n: (max(PREFERRED_SPEED, min(speeds[n], MAX_SPEED)), n))
    return count, MAX_SPEED if count == 1 else max(PREFERRED_SPEED, speeds[count])
