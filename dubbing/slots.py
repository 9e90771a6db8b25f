"""Slots: the room that each segment's take has, in the recording, before anything is read."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dubbing.transcript import Segment

GUARD_GAP_MS = 50
"""Silence kept between two takes, ms. Source: peers."""

MAX_BORROW_MS = 1_500
"""Most silence a take may borrow behind its segment, ms. Source: peers."""


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


def plan_slots(segments: Sequence[Segment], total_ms: int) -> tuple[Slot, ...]:
    """Give each segment its own span and the silence behind it.

    A slot ends before the same speaker's next segment, and before anybody else speaks. Speakers who talk at the same
    time in the recording keep their own spans, but borrow nothing that is not silent.

    Args:
        segments: in order of ``start_ms``.
        total_ms: length of the recording, the end of every slot at most.

    >>> plan_slots([Segment(1, 0, 1000, "a"), Segment(2, 1500, 2000, "b")], 9000)
    (Slot(number=1, start_ms=0, end_ms=1450), Slot(number=2, start_ms=1500, end_ms=3500))
    >>> plan_slots([Segment(1, 0, 1000, "a", "1"), Segment(2, 900, 2000, "b", "2")], 9000)
    (Slot(number=1, start_ms=0, end_ms=1000), Slot(number=2, start_ms=900, end_ms=3500))
    """
    starts_ms = [segment.start_ms for segment in segments]
    slots: list[Slot] = []
    still_speaking: list[Segment] = []
    for index, segment in enumerate(segments):
        still_speaking = [earlier for earlier in still_speaking if earlier.end_ms > segment.start_ms]
        reach = bisect_left(starts_ms, segment.end_ms + MAX_BORROW_MS + GUARD_GAP_MS)
        rivals = [s for s in still_speaking if s.speaker != segment.speaker] + list(segments[index + 1 : reach])
        limit_ms = min(segment.end_ms + MAX_BORROW_MS, total_ms, *_list_limits(segment, rivals))
        slots.append(Slot(segment.number, segment.start_ms, max(segment.start_ms, limit_ms)))
        still_speaking.append(segment)
    return tuple(slots)


def _list_limits(segment: Segment, rivals: Iterable[Segment]) -> Iterable[int]:
    for rival in rivals:
        if rival.speaker == segment.speaker or rival.start_ms >= segment.end_ms:
            yield rival.start_ms - GUARD_GAP_MS
        elif rival.end_ms > segment.end_ms:
            yield segment.end_ms
