"""Where every line of a language goes: a read one by the timeline, a kept one where it was, any other between them."""

from collections.abc import Collection, Mapping, Sequence

from dub_assets.reading_round import Lost, Reading, Readings
from dubbing.audio import PRE_ROLL_MS
from dubbing.engines import Voice
from dubbing.lost_lines import plan_lost_lines
from dubbing.stages import SegmentedTranscript, TranslatedSegment, VoicedSegment
from dubbing.timing import Placement, plan_timeline
from resources.database.tables import Take


def place_lines(
    transcript: SegmentedTranscript,
    lines: Sequence[TranslatedSegment],
    readings: Readings,
    cast: Mapping[str, Voice],
    kept: Collection[int] = (),
) -> tuple[VoicedSegment, ...]:
    """Give every line its place.

    Args:
        lines: one for each segment, in order.
        readings: of those that have a translation.
        cast: by speaker.
        kept: numbers of the lines in which the original's own speech stays, at its own time; no take that fits its
            own slot goes there.
    """
    read = {
        number: reading for number, reading in readings.items() if isinstance(reading, Reading) and number not in kept
    }
    timeline = plan_timeline(
        transcript.segments,
        {number: each.take.speech_end_ms - each.take.speech_start_ms for number, each in read.items()},
        transcript.duration_ms,
        {number: each.speed for number, each in read.items()},
        {number: _find_lead(each.take) for number, each in read.items()},
    )
    placements = {placement.number: placement for placement in timeline.placements}
    spans = plan_lost_lines(transcript.segments, timeline, kept)
    speakers = {segment.number: segment.speaker for segment in transcript.segments}
    return tuple(
        _place(line, read[line.number], placements[line.number])
        if line.number in read
        else _mark_silent(
            line,
            cast[speakers[line.number]],
            spans[line.number],
            error_code=None if line.number in kept else _find_error(line, readings.get(line.number)),
            is_original=line.number in kept,
        )
        for line in lines
    )


def _find_lead(take: Take) -> int:
    """Find how much silence a take begins with: all of the pre-roll, or it is not known how little there was."""
    return PRE_ROLL_MS if take.speech_start_ms > 0 else 0


def _find_error(line: TranslatedSegment, lost: Reading | Lost | None) -> str | None:
    return lost.error.code if isinstance(lost, Lost) else line.error_code


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


def _mark_silent(
    line: TranslatedSegment, voice: Voice, span_ms: tuple[int, int], *, error_code: str | None, is_original: bool
) -> VoicedSegment:
    start_ms, end_ms = span_ms
    return VoicedSegment(
        number=line.number,
        text=line.text,
        voice=voice.name,
        start_ms=start_ms,
        duration_ms=end_ms - start_ms,
        error_code=error_code,
        is_original=is_original,
    )
