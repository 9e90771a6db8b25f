"""Timing: where every take goes, and how well that worked.

Each take is placed from its own segment's start, so that drift never accumulates. A take that does not fit at the
fastest allowed speed runs over, and the overflow is reported.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from dubbing.fitting import MAX_SPEED, Claim, measure_needed_speed, plan_fit, plan_merge
from dubbing.segmentation import MAX_MERGE_GAP_MS, MAX_MERGED
from dubbing.slots import GUARD_GAP_MS, Slot, plan_slots
from dubbing.transcript import Segment

_AS_SPOKEN: Mapping[int, float] = MappingProxyType({})
_NO_LEADS: Mapping[int, int] = MappingProxyType({})

REPORTED_PERCENTILE = 95
"""Percentile of the onset offsets in the report, per cent."""

DRIFT_SHARE = 10
"""One of so many takes at either end of a dub is looked at for drift."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A take in the dub.

    Attributes:
        number: of the segment.
        start_ms, duration_ms: in the dub, after the time-stretch.
        speed: > 1 is faster.
        overflow_ms: how far its end passes the end of its slot, or of the room it shares with its neighbours.
        lead_ms: silence in it before its first sound, after the time-stretch; 0 where it is not known.
    """

    number: int
    start_ms: int
    duration_ms: int
    speed: float
    overflow_ms: int
    lead_ms: int = 0

    @property
    def end_ms(self) -> int:
        """First millisecond after the take."""
        return self.start_ms + self.duration_ms

    @property
    def onset_ms(self) -> int:
        """When it is first heard."""
        return self.start_ms + self.lead_ms


@dataclass(frozen=True, slots=True)
class Timeline:
    """Every take in its place.

    Attributes:
        placements: in order, of number and of start; those of one speaker never overlap.
        end_ms: of the dub; later than the recording's end where a take runs over it.
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
        onset_offset_p50_ms: the same of the take in the middle.
        drift_ms: how much later than at the beginning takes start at the end, each against its own segment.
        merged: takes that end in the room of a neighbour who has some to spare.
    """

    segments: int
    voiced: int
    overflowing: int
    overflow_ms_total: int
    max_speed: float
    mean_speed: float
    onset_offset_p95_ms: int
    onset_offset_p50_ms: int = 0
    drift_ms: int = 0
    merged: int = 0


def plan_timeline(
    segments: Sequence[Segment],
    takes_ms: Mapping[int, int],
    total_ms: int,
    vendor_speeds: Mapping[int, float] = _AS_SPOKEN,
    leads_ms: Mapping[int, int] = _NO_LEADS,
) -> Timeline:
    """Place every take so that it is first heard when its own segment begins.

    What is too long for its slot shares the room of up to four neighbours of the same speaker, is sped up, and then
    runs over, in this order. A take starts late only while the one before it is still speaking, and then the guard
    gap after it; it has so much less room, and lateness is made good as soon as the ceiling allows.

    A speaker never overlaps himself. Two speakers overlap where they do in the recording: who only puts in a word is
    heard over the other, and who takes the turn begins no sooner before the other's end than there. A segment without
    a take (it failed, or the original stays) has no placement, but keeps its slot: nobody borrows it, so a later
    repair moves no other take that fits.

    Args:
        segments: in order of ``start_ms`` and of number.
        takes_ms: length of each take as synthesised, > 0, by the number of its segment.
        total_ms: length of the recording.
        vendor_speeds: speed that the voice was asked for already, 1.0 to ``MAX_SPEED``, by the number of the segment;
            the time-stretch adds no more to it than the ceiling of both together allows.
        leads_ms: silence at the beginning of each take, 0 to ``GUARD_GAP_MS``, by the number of the segment. A take
            begins so much earlier, inside the guard gap; the time-stretch moves its sound by a quarter of it at most.

    Raises:
        ValueError: a take of no segment, or a length that is not positive.
    """
    if not takes_ms.keys() <= {segment.number for segment in segments}:
        raise ValueError("a take belongs to no segment")
    if any(not 0 <= lead_ms <= GUARD_GAP_MS for lead_ms in leads_ms.values()):
        raise ValueError("the silence before a take must fit the guard gap")
    takes = [
        _Take(
            segment,
            slot,
            takes_ms[segment.number],
            vendor_speeds.get(segment.number, 1.0),
            leads_ms.get(segment.number, 0),
        )
        for segment, slot in zip(segments, plan_slots(segments, total_ms), strict=True)
        if segment.number in takes_ms
    ]
    planner = _Planner(takes)
    placements = tuple(planner.place(index) for index in range(len(takes)))
    return Timeline(placements, max([total_ms, *(placement.end_ms for placement in placements)]))


def assess_timeline(timeline: Timeline, segments: Sequence[Segment]) -> TimingReport:
    """Sum up how well the takes fit.

    Args:
        timeline: made from ``segments``.
        segments: all of them, voiced or not.
    """
    starts_ms = {segment.number: segment.start_ms for segment in segments}
    ends_ms = {slot.number: slot.end_ms for slot in plan_slots(segments, timeline.end_ms)}
    placements = timeline.placements
    speeds = [placement.speed for placement in placements] or [1.0]
    offsets_ms = [max(0, placement.onset_ms - starts_ms[placement.number]) for placement in placements] or [0]
    tenth = math.ceil(len(offsets_ms) / DRIFT_SHARE)
    return TimingReport(
        segments=len(segments),
        voiced=len(placements),
        overflowing=sum(placement.overflow_ms > 0 for placement in placements),
        overflow_ms_total=sum(placement.overflow_ms for placement in placements),
        max_speed=max(speeds),
        mean_speed=math.fsum(speeds) / len(speeds),
        onset_offset_p95_ms=_find_percentile(offsets_ms, REPORTED_PERCENTILE),
        onset_offset_p50_ms=_find_percentile(offsets_ms, 50),
        drift_ms=round(median(offsets_ms[-tenth:]) - median(offsets_ms[:tenth])),
        merged=sum(not each.overflow_ms and each.end_ms > ends_ms[each.number] for each in placements),
    )


def _find_percentile(values: Sequence[int], percent: int) -> int:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


@dataclass(frozen=True, slots=True)
class _Take:
    segment: Segment
    slot: Slot
    take_ms: int
    vendor_speed: float
    lead_ms: int

    @property
    def earliest_ms(self) -> int:
        return max(0, self.segment.start_ms - self.lead_ms)

    def claim(self, start_ms: int | None = None) -> Claim:
        return Claim(
            self.earliest_ms if start_ms is None else start_ms, self.slot.end_ms, self.take_ms * self.vendor_speed
        )


class _Planner:
    """Places takes in order; knows what each speaker said last, and which takes share their room."""

    def __init__(self, takes: Sequence[_Take]) -> None:
        self._takes = takes
        self._spoken: dict[str, list[tuple[Segment, int]]] = {}
        self._latest_start_ms = 0
        self._merge_end = 0
        self._ceiling = MAX_SPEED

    def place(self, index: int) -> Placement:
        take = self._takes[index]
        free_ms = self._find_free(take.segment)
        start_ms = max(take.segment.start_ms, free_ms) - take.lead_ms
        start_ms = max(start_ms, self._latest_start_ms)  # whatever silence each begins with
        room_ms = max(1, take.slot.end_ms - start_ms)
        if index >= self._merge_end:
            self._merge(index, start_ms, is_needed=take.take_ms > room_ms)
        shared = [take.claim(start_ms), *(other.claim() for other in self._takes[index + 1 : self._merge_end])]
        ceiling = min(MAX_SPEED, max(self._ceiling, measure_needed_speed(shared)))
        max_speed = max(1.0, ceiling / take.vendor_speed)
        fit = plan_fit(take.take_ms, room_ms, own_ms=max(0, take.segment.end_ms - start_ms), max_speed=max_speed)
        end_ms = start_ms + fit.duration_ms
        self._spoken.setdefault(take.segment.speaker, []).append((take.segment, end_ms))
        self._latest_start_ms = start_ms
        overflow_ms = max(0, end_ms - shared[-1].end_ms)
        lead_ms = round(take.lead_ms / fit.speed)
        return Placement(take.segment.number, start_ms, fit.duration_ms, fit.speed, overflow_ms, lead_ms)

    def _merge(self, index: int, start_ms: int, *, is_needed: bool) -> None:
        """Let a take that does not fit share the room of neighbours."""
        neighbours = self._list_neighbours(index) if is_needed else []
        claims = [self._takes[index].claim(start_ms), *(neighbour.claim() for neighbour in neighbours)]
        count, self._ceiling = plan_merge(claims)
        self._merge_end = index + count

    def _list_neighbours(self, index: int) -> list[_Take]:
        """List who may be merged with a take: the speaker's own next ones, with nobody and no long pause between."""
        neighbours: list[_Take] = []
        last = self._takes[index].segment
        for other in self._takes[index + 1 : index + MAX_MERGED]:
            is_near = other.segment.start_ms - last.end_ms <= MAX_MERGE_GAP_MS
            if other.segment.number != last.number + 1 or other.segment.speaker != last.speaker or not is_near:
                break
            neighbours.append(other)
            last = other.segment
        return neighbours

    def _find_free(self, segment: Segment) -> int:
        """Find when everybody has finished whom a segment waits for."""
        free_ms = 0
        for spoken in self._spoken.values():
            for earlier, end_ms in reversed(spoken):
                if segment.speaker == earlier.speaker or earlier.end_ms <= segment.start_ms:
                    free_ms = max(free_ms, end_ms + GUARD_GAP_MS)
                    break  # whatever this speaker said before that ended sooner
                if segment.end_ms > earlier.end_ms:
                    free_ms = max(free_ms, end_ms - (earlier.end_ms - segment.start_ms))
        return free_ms
