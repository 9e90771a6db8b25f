"""Whatever is lost and however long the takes around it are, the captions have every line's words."""

from hypothesis import example, given
from hypothesis import strategies as st

from dub_assets.captions import _list_lines
from dub_assets.placing import place_lines
from dub_assets.reading_round import Lost, Reading
from dubbing.captions import plan_cues
from dubbing.engines import Voice
from dubbing.errors import SynthesisError
from dubbing.stages import SegmentedTranscript, TranslatedSegment
from dubbing.transcript import Segment
from resources.database.tables import Take

VOICE = Voice("dora", "es")
LOST = Lost(SynthesisError("Nobody reads this."))


def read(take_ms: int, speed: float) -> Reading:
    return Reading(Take(content_key="key", speech_start_ms=0, speech_end_ms=take_ms), VOICE, speed)


@st.composite
def scenes(draw):
    """Segments that may overlap, be empty or begin together; any of them lost or read, slowly or fast."""
    starts = sorted(draw(st.lists(st.integers(0, 3_000), min_size=1, max_size=80)))
    segments = [
        Segment(number, start, start + draw(st.integers(0, 2_000)), "x") for number, start in enumerate(starts, start=1)
    ]
    readings = {
        segment.number: draw(st.builds(read, st.integers(1, 6_000), st.floats(1.0, 1.25)) | st.just(LOST))
        for segment in segments
        if draw(st.booleans())
    }
    readings[draw(st.integers(1, len(segments)))] = read(draw(st.integers(1, 6_000)), 1.0)
    return SegmentedTranscript("en", max(segment.end_ms for segment in segments) + 1, tuple(segments)), readings


AT_ONCE = SegmentedTranscript("en", 1000, tuple(Segment(number, 0, 900, "x") for number in (1, 2)))


@given(scenes())
@example((AT_ONCE, {1: LOST, 2: read(800, 1.0)}))  # no room at all before the take
def test_every_placing_can_be_captioned_and_no_word_is_lost(scene):
    transcript, readings = scene
    lines = [TranslatedSegment(segment.number, f"palabra{segment.number}.") for segment in transcript.segments]
    voiced = place_lines(transcript, lines, readings, {"1": VOICE})
    cues = plan_cues(_list_lines(voiced), language="es")
    words = " ".join(text for cue in cues for text in cue.lines).split()
    assert words == [line.text for line in lines]
    assert all(line.duration_ms for line in voiced if line.take_key)


@given(scenes())
def test_a_lost_line_moves_no_take(scene):
    transcript, readings = scene
    lines = [TranslatedSegment(segment.number, "x") for segment in transcript.segments]
    voiced = place_lines(transcript, lines, readings, {"1": VOICE})
    takes = [line for line in voiced if line.take_key]
    ends = [line.start_ms + line.duration_ms for line in voiced]
    assert all(later.start_ms >= end for end, later in zip(ends, voiced[1:], strict=False))
    starts = {segment.number: segment.start_ms for segment in transcript.segments}
    assert all(line.start_ms >= starts[line.number] for line in takes)
