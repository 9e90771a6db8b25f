"""From rows to the bodies that clients read."""

from api.segments.schemas import EditReply, FitReply, SegmentReply, SourceReply, TimingReply
from resources.database.job_views import Line
from resources.database.tables import DubbedSegment, SegmentEdit, SegmentRow, SegmentState


def build_segment_reply(line: Line) -> SegmentReply:
    """Describe a line."""
    segment, dubbed = line.segment, line.dubbed
    return SegmentReply(
        number=segment.number,
        source=SourceReply(
            text=segment.text, start_ms=segment.start_ms, end_ms=segment.end_ms, speaker=segment.speaker
        ),
        translation=dubbed.text if dubbed is not None and dubbed.translation_error is None else None,
        flags=dubbed.flags if dubbed is not None else [],
        voice=_find_voice(dubbed),
        timing=_build_timing(segment, dubbed),
        fit=_build_fit(dubbed),
        state=SegmentState(dubbed.state).value if dubbed is not None and dubbed.state is not None else None,
        error=dubbed.error_code or dubbed.translation_error if dubbed is not None else None,
        edited=_build_edit(line.edit),
    )


def _find_voice(dubbed: DubbedSegment | None) -> str | None:
    """Name who speaks; of a line that nobody could read, who was to."""
    return (dubbed.voice or None) if dubbed is not None and dubbed.state != SegmentState.ORIGINAL else None


def _build_timing(segment: SegmentRow, dubbed: DubbedSegment | None) -> TimingReply | None:
    if dubbed is None or dubbed.start_ms is None or dubbed.duration_ms is None:
        return None
    return TimingReply(
        start_ms=dubbed.start_ms, duration_ms=dubbed.duration_ms, offset_ms=dubbed.start_ms - segment.start_ms
    )


def _build_fit(dubbed: DubbedSegment | None) -> FitReply | None:
    if dubbed is None or dubbed.take_key is None:
        return None
    speed = (dubbed.vendor_speed or 1.0) * (dubbed.speed or 1.0)
    return FitReply(speed=round(speed, 3), overflow_ms=dubbed.overflow_ms or 0)


def _build_edit(edit: SegmentEdit | None) -> EditReply | None:
    if edit is None:
        return None
    return EditReply(text=edit.text, voice=edit.voice, keeps_original=edit.keeps_original, edited_at=edit.edited_at)
