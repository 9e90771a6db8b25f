"""Where the words of lines that nobody speaks are shown: in the room that the takes around them leave."""

from collections.abc import Iterator, Mapping, Sequence

from dubbing.timing import Placement, Timeline
from dubbing.transcript import Segment


def plan_lost_lines(segments: Sequence[Segment], timeline: Timeline) -> Mapping[int, tuple[int, int]]:
    """Give each segment without a take a span, as near to its own time as what is heard leaves it.

    Where there is too little room, it is shared, a millisecond at least for each; where there is not even that, a
    span is empty, and its words belong to the line after it. Behind the last take there always is room. Each speaker
    is looked at alone: what one says does not push another's words away.

    Args:
        segments: all of them, in order of ``start_ms``.
        timeline: the takes of some of them.

    Returns:
        Start and end, ms, by the number of the segment: each speaker's in order, overlapping neither each other nor a
        take of that speaker.

    >>> from dubbing.timing import Placement
    >>> segments = [Segment(1, 0, 1000, "One"), Segment(2, 1000, 2000, "Two"), Segment(3, 2050, 3000, "Three")]
    >>> takes = (Placement(1, 0, 2000, 1.3, 1000), Placement(3, 2050, 900, 1.0, 0))
    >>> plan_lost_lines(segments, Timeline(takes, 3000))
    {2: (2000, 2050)}
    """
    placed = {placement.number: placement for placement in timeline.placements}
    spans: dict[int, tuple[int, int]] = {}
    for speaker in {segment.speaker for segment in segments}:
        own = [segment for segment in segments if segment.speaker == speaker]
        spans.update(_plan_spans(own, placed, timeline.end_ms))
    return spans


def _plan_spans(
    segments: Sequence[Segment], placed: Mapping[int, Placement], dub_end_ms: int
) -> dict[int, tuple[int, int]]:
    """Give one speaker's lines without a take their spans."""
    spans: dict[int, tuple[int, int]] = {}
    lost: list[Segment] = []
    free_ms = 0
    for segment in segments:
        if segment.number not in placed:
            lost.append(segment)
            continue
        spans.update(_share_room(lost, free_ms, placed[segment.number].start_ms))
        lost, free_ms = [], placed[segment.number].end_ms
    spans.update(_share_room(lost, free_ms, max(dub_end_ms, free_ms + len(lost))))
    return spans


def _share_room(lost: Sequence[Segment], from_ms: int, until_ms: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Put lines behind one another, each as long as it was spoken, but leaving a millisecond to each that follows."""
    for following, segment in zip(reversed(range(len(lost))), lost, strict=True):
        limit_ms = until_ms - following
        start_ms = max(from_ms, min(segment.start_ms, limit_ms - 1))
        own_ms = max(1, segment.end_ms - segment.start_ms)
        from_ms = max(start_ms, min(start_ms + own_ms, limit_ms))
        yield segment.number, (start_ms, from_ms)
