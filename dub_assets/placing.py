"""Where every line of a language goes: a read one where the timeline puts it, a lost one in the room beside it."""

from collections.abc import Mapping, Sequence

from dub_assets.reading_round import Lost, Reading, Readings
from dubbing.engines import Voice
from dubbing.lost_lines import plan_lost_lines
from dubbing.stages import SegmentedTranscript, TranslatedSegment, VoicedSegment
from dubbing.timing import Placement, plan_timeline


def place_lines(
    transcript: SegmentedTranscript,
    lines: Sequence[TranslatedSegment],
    readings: Readings,
    cast: Mapping[str, Voice],
) -> tuple[VoicedSegment, ...]:
    """Give every line its place.

    Args:
        lines: one for each segment, in order.
        readings: of those that have a translation.
        cast: by speaker.
    """
    read = {number: reading for number, reading in readings.items() if isinstance(reading, Reading)}
    timeline = plan_timeline(
        transcript.segments,
        {number: each.take.speech_end_ms - each.take.speech_start_ms for number, each in read.items()},
        transcript.duration_ms,
        {number: each.speed for number, each in read.items()},
    )
    placements = {placement.number: placement for placement in timeline.placements}
    spans = plan_lost_lines(transcript.segments, timeline)
    speakers = {segment.number: segment.speaker for segment in transcript.segments}
    return tuple(
        _place(line, read[line.number], placements[line.number])
        if line.number in read
        else _mark_lost(line, readings.get(line.number), cast[speakers[line.number]], spans[line.number])
        for line in lines
    )


def _place(line: TranslatedSegment, reading: Reading, placement: Placement) -> VoicedSegment:
    return VoicedSegment(
        number=line.number,
        text=line.text,
        voice=reading.voice.name,
        take_key=reading.take.content_key,
        start_ms=placement.start_ms,
        duration_ms=placement.duration_ms,
        speed=placement.speed,
        overflow_ms=placement.overflow_ms,
        vendor_speed=reading.speed,
    )


def _mark_lost(
    line: TranslatedSegment, lost: Reading | Lost | None, voice: Voice, span_ms: tuple[int, int]
) -> VoicedSegment:
    start_ms, end_ms = span_ms
    return VoicedSegment(
        number=line.number,
        text=line.text,
        voice=voice.name,
        start_ms=start_ms,
        duration_ms=end_ms - start_ms,
        error_code=lost.error.code if isinstance(lost, Lost) else line.error_code,
    )
