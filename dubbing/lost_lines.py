"""Where the words of lines that nobody speaks are shown: in the room that the takes around them leave."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from dubbing.timing import Timeline
from dubbing.transcript import Segment

Span = tuple[int, int]
"""A stretch of time, (start, end) in ms."""


def plan_lost_lines(segments: Sequence[Segment], timeline: Timeline, kept: Collection[int] = ()) -> Mapping[int, Span]:
    """Give each segment without a take a span, as near to its own time as what is heard leaves it.

    Where the original stays, it is the segment's own, whoever speaks meanwhile: at no other time are these words heard.

    Where there is too little room, it is shared, a millisecond at least for each; where there is not even that, a
    span is empty, and its words belong to the line after it. Behind the last take there always is room. Each speaker
    is looked at alone: what one says does not push another's words away.

    Args:
        segments: all of them, in order of ``start_ms``.
        timeline: the takes of some of them.
        kept: numbers of those in which the original stays; they have no take.

    Returns:
        Start and end, ms, by the number of the segment: each speaker's in order, and but for those that are kept
        overlapping neither each other nor a take of that speaker.

    >>> from dubbing.timing import Placement
    >>> segments = [Segment(1, 0, 1000, "One"), Segment(2, 1000, 2000, "Two"), Segment(3, 2050, 3000, "Three")]
    >>> takes = (Placement(1, 0, 2000, 1.3, 1000), Placement(3, 2050, 900, 1.0, 0))
    >>> plan_lost_lines(segments, Timeline(takes, 3000))
    {2: (2000, 2050)}
    >>> plan_lost_lines(segments, Timeline(takes, 3000), kept={2})
    {2: (1000, 2000)}
    """
    own_spans = {segment.number: (segment.start_ms, segment.end_ms) for segment in segments if segment.number in kept}
    heard = {placement.number: (placement.start_ms, placement.end_ms) for placement in timeline.placements} | own_spans
    spans: dict[int, Span] = dict(own_spans)
    for speaker in {segment.speaker for segment in segments}:
        own = [segment for segment in segments if segment.speaker == speaker]
        spans.update(_plan_spans(own, heard, timeline.end_ms))
    return spans


def _plan_spans(segments: Sequence[Segment], heard: Mapping[int, Span], dub_end_ms: int) -> dict[int, Span]:
    """Give one speaker's lines that are not heard their spans."""
    spans: dict[int, Span] = {}
    lost: list[Segment] = []
    free_ms = 0
    for segment in segments:
        if segment.number not in heard:
            lost.append(segment)
            continue
        start_ms, end_ms = heard[segment.number]
        spans.update(_share_room(lost, free_ms, start_ms))
        lost, free_ms = [], max(free_ms, end_ms)
    spans.update(_share_room(lost, free_ms, max(dub_end_ms, free_ms + len(lost))))
    return spans


def _share_room(lost: Sequence[Segment], from_ms: int, until_ms: int) -> Iterator[tuple[int, Span]]:
    """Put lines behind one another, each as long as it was spoken, but leaving a millisecond to each that follows."""
    for following, segment in zip(reversed(range(len(lost))), lost, strict=True):
        limit_ms = until_ms - following
        start_ms = max(from_ms, min(segment.start_ms, limit_ms - 1))
        own_ms = max(1, segment.end_ms - segment.start_ms)
        from_ms = max(start_ms, min(start_ms + own_ms, limit_ms))
        yield segment.number, (start_ms, from_ms)
