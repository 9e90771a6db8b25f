"""Timing: the room each segment has, the speed that fits a take into it, and where every take goes.

Nothing is ever cut. A take that does not fit at the fastest allowed speed runs over, and the overflow is reported.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from dubbing.transcript import Segment

GUARD_GAP_MS = 50
"""Silence kept between two takes, ms. Source: peers."""

MAX_BORROW_MS = 1_500
"""Most silence a take may borrow behind its segment, ms. Source: peers."""

MAX_SPEED = 1.30
"""Fastest speech still heard as natural. Source: listening effort grows past 20 % compression; peers settled on 1.3."""

MIN_SPEED = 0.85
"""Slowest speech still heard as natural. Source: peers."""

FILLED_SHARE = 0.95
"""A take that fills this much of its segment's own span is long enough. Source: peers."""

LEAVE_ALONE_SPEED = 0.97
"""A slow-down this slight is not worth touching the audio. Source: peers leave 0.97-1.05 alone; the upper end needs
no rule here, because a take that fits with borrowed room is never sped up and one that does not fit always is."""

_AS_SPOKEN: Mapping[int, float] = MappingProxyType({})

REPORTED_PERCENTILE = 95
"""Percentile of the onset offsets in the report, per cent."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The room of a segment: its own span plus borrowed silence, guard gap already taken off.

    Attributes:
        number: of the segment.
        start_ms, end_ms: in the recording; equal where an overlapping neighbour leaves no room at all.
    """

    number: int
    start_ms: int
    end_ms: int


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
class Placement:
    """A take in the dub.

    Attributes:
        number: of the segment.
        start_ms, duration_ms: in the dub, after the time-stretch.
        speed: > 1 is faster.
        overflow_ms: how far its end passes the end of its slot.
    """

    number: int
    start_ms: int
    duration_ms: int
    speed: float
    overflow_ms: int

    @property
    def end_ms(self) -> int:
        """First millisecond after the take."""
        return self.start_ms + self.duration_ms


@dataclass(frozen=True, slots=True)
class Timeline:
    """Every take in its place.

    Attributes:
        placements: in order, never overlapping.
        end_ms: of the dub; later than the recording's end where the last take runs over it.
    """

    placements: tuple[Placement, ...]
    end_ms: int


@dataclass(frozen=True, slots=True)
class TimingReport:
    """What a timeline is like as a whole.

    Attributes:
        segments, voiced: segments there are, and those that have a take.
        overflowing, overflow_ms_total: takes that run over their slot, and by how much together.
        max_speed, mean_speed: over the takes; 1.0 where there are none.
        onset_offset_p95_ms: how late a take starts at most, in 95 of 100 takes.
    """

    segments: int
    voiced: int
    overflowing: int
    overflow_ms_total: int
    max_speed: float
    mean_speed: float
    onset_offset_p95_ms: int


def plan_slots(segments: Sequence[Segment], total_ms: int) -> tuple[Slot, ...]:
    """Give each segment its own span and the silence behind it, up to the next segment.

    Args:
        segments: in order of ``start_ms``.
        total_ms: length of the recording, the end of the last slot at most.

    >>> plan_slots([Segment(1, 0, 1000, "a"), Segment(2, 1500, 2000, "b")], 9000)
    (Slot(number=1, start_ms=0, end_ms=1450), Slot(number=2, start_ms=1500, end_ms=3500))
    """
    limits = [following.start_ms - GUARD_GAP_MS for _, following in pairwise(segments)] + [total_ms]
    return tuple(
        Slot(s.number, s.start_ms, max(s.start_ms, min(limit, s.end_ms + MAX_BORROW_MS)))
        for s, limit in zip(segments, limits, strict=False)
    )


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


def plan_timeline(
    segments: Sequence[Segment],
    takes_ms: Mapping[int, int],
    total_ms: int,
    vendor_speeds: Mapping[int, float] = _AS_SPOKEN,
) -> Timeline:
    """Place every take at the start of its own segment, so that drift never accumulates.

    A take starts late only while the one before it is still speaking, and then the guard gap after it; it has so
    much less room, and lateness is made good as soon as the ceiling allows. A segment without a take (it failed)
    has no placement, but keeps its slot: nobody borrows it, so a later repair moves no other take. Speakers who
    overlap in the source follow one another here, in order of their starts.

    Args:
        segments: in order of ``start_ms``.
        takes_ms: length of each take as synthesised, > 0, by the number of its segment.
        total_ms: length of the recording.
        vendor_speeds: speed that the voice was asked for already, 1.0 to ``MAX_SPEED``, by the number of the segment;
            the time-stretch adds no more to it than the ceiling of both together allows.

    Raises:
        ValueError: a take of no segment, or a length that is not positive.
    """
    if not takes_ms.keys() <= {segment.number for segment in segments}:
        raise ValueError("a take belongs to no segment")
    placements: list[Placement] = []
    for segment, slot in zip(segments, plan_slots(segments, total_ms), strict=True):
        if segment.number not in takes_ms:
            continue
        free_ms = placements[-1].end_ms + GUARD_GAP_MS if placements else 0
        max_speed = max(1.0, MAX_SPEED / vendor_speeds.get(segment.number, 1.0))
        start_ms = max(segment.start_ms, free_ms)
        placements.append(_place(segment, slot, takes_ms[segment.number], start_ms, max_speed))
    return Timeline(tuple(placements), max(total_ms, placements[-1].end_ms if placements else 0))


def _place(segment: Segment, slot: Slot, take_ms: int, start_ms: int, max_speed: float) -> Placement:
    room_ms = max(1, slot.end_ms - start_ms)
    fit = plan_fit(take_ms, room_ms, own_ms=max(0, segment.end_ms - start_ms), max_speed=max_speed)
    overflow_ms = max(0, start_ms + fit.duration_ms - slot.end_ms)
    return Placement(segment.number, start_ms, fit.duration_ms, fit.speed, overflow_ms)


def assess_timeline(timeline: Timeline, segments: Sequence[Segment]) -> TimingReport:
    """Sum up how well the takes fit.

    Args:
        timeline: made from ``segments``.
        segments: all of them, voiced or not.
    """
    starts_ms = {segment.number: segment.start_ms for segment in segments}
    placements = timeline.placements
    speeds = [placement.speed for placement in placements] or [1.0]
    offsets_ms = sorted(placement.start_ms - starts_ms[placement.number] for placement in placements) or [0]
    return TimingReport(
        segments=len(segments),
        voiced=len(placements),
        overflowing=sum(placement.overflow_ms > 0 for placement in placements),
        overflow_ms_total=sum(placement.overflow_ms for placement in placements),
        max_speed=max(speeds),
        mean_speed=math.fsum(speeds) / len(speeds),
        onset_offset_p95_ms=offsets_ms[math.ceil(len(offsets_ms) * REPORTED_PERCENTILE / 100) - 1],
    )
