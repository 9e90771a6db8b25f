"""Whatever is lost and however long the takes around it are, the captions have every line's words."""

from hypothesis import example, given
from hypothesis import strategies as st

from dub_assets.captions import _list_lines
from dub_assets.placing import place_lines
from dub_assets.reading_round import Lost, Reading
from dubbing.audio import PRE_ROLL_MS
from dubbing.captions import plan_cues
from dubbing.engines import Voice
from dubbing.errors import SynthesisError
from dubbing.stages import SegmentedTranscript, TranslatedSegment
from dubbing.transcript import Segment
from resources.database.tables import Take

VOICE = Voice("dora", "es")
LOST = Lost(SynthesisError("Nobody reads this."))
SPEAKERS = ("1", "2")


def read(take_ms: int, speed: float) -> Reading:
    return Reading(Take(content_key="key", speech_start_ms=0, speech_end_ms=take_ms), VOICE, speed)


@st.composite
def scenes(draw):
    """Segments that may overlap, be empty or begin together; any of them lost or read, slowly or fast."""
    starts = sorted(draw(st.lists(st.integers(0, 3_000), min_size=1, max_size=30)))
    segments = [
        Segment(number, start, start + draw(st.integers(0, 2_000)), "x", draw(st.sampled_from(SPEAKERS)))
        for number, start in enumerate(starts, start=1)
    ]
    readings = {
        segment.number: draw(st.builds(read, st.integers(1, 6_000), st.floats(1.0, 1.25)) | st.just(LOST))
        for segment in segments
        if draw(st.booleans())
    }
    readings[draw(st.integers(1, len(segments)))] = read(draw(st.integers(1, 6_000)), 1.0)
    return SegmentedTranscript("en", max(segment.end_ms for segment in segments) + 1, tuple(segments)), readings


def place(transcript, readings, kept=()):
    lines = [TranslatedSegment(segment.number, f"palabra{segment.number}.") for segment in transcript.segments]
    return place_lines(transcript, lines, readings, dict.fromkeys(SPEAKERS, VOICE), kept)


def find_words(voiced, transcript):
    """The words of the captions, sorted."""
    cues = plan_cues(_list_lines(voiced, transcript.segments, "es"), language="es")
    return sorted(" ".join(text for cue in cues for text in cue.lines).replace("-", " ").split())


AT_ONCE = SegmentedTranscript("en", 1000, tuple(Segment(number, 0, 900, "x") for number in (1, 2)))


@given(scenes())
@example((AT_ONCE, {1: LOST, 2: read(800, 1.0)}))  # no room at all before the take
def test_every_placing_can_be_captioned_and_no_word_is_lost(scene):
    transcript, readings = scene
    voiced = place(transcript, readings)
    assert find_words(voiced, transcript) == sorted(line.text for line in voiced)
    assert all(line.duration_ms for line in voiced if line.take_key)


@given(scenes())
def test_a_lost_line_moves_no_take(scene):
    transcript, readings = scene
    voiced = place(transcript, readings)
    takes = [line for line in voiced if line.take_key]
    for speaker in SPEAKERS:
        own = [line for line in voiced if transcript.segments[line.number - 1].speaker == speaker]
        ends = [line.start_ms + line.duration_ms for line in own]
        assert all(later.start_ms >= end for end, later in zip(ends, own[1:], strict=False))
    starts = {segment.number: segment.start_ms for segment in transcript.segments}
    assert all(line.start_ms >= max(0, starts[line.number] - PRE_ROLL_MS) for line in takes)


@given(scenes(), st.data())
def test_a_line_that_keeps_the_original_is_read_by_nobody_and_is_no_failure(scene, data):
    transcript, readings = scene
    kept = data.draw(st.sets(st.sampled_from([segment.number for segment in transcript.segments])))
    voiced = place(transcript, readings, kept)
    assert {line.number for line in voiced if line.is_original} == kept
    assert all(not line.take_key and not line.error_code for line in voiced if line.is_original)
    spans = {line.number: (line.start_ms, line.start_ms + line.duration_ms) for line in voiced}
    assert all(
        spans[each.number] == (each.start_ms, each.end_ms) for each in transcript.segments if each.number in kept
    )
    assert find_words(voiced, transcript) == sorted(line.text for line in voiced)
    others = {number: reading for number, reading in readings.items() if number not in kept}
    assert [line for line in voiced if line.take_key] == [line for line in place(transcript, others) if line.take_key]


def test_the_original_stays_for_the_whole_span_of_its_segment_and_nothing_reaches_into_it():
    segments = (Segment(1, 0, 1000, "a"), Segment(2, 1100, 3000, "b"), Segment(3, 3200, 4000, "c"))
    transcript = SegmentedTranscript("en", 9000, segments)
    first, second, third = place(transcript, {1: read(1300, 1.0), 3: read(700, 1.0)}, {2})
    assert (first.start_ms, first.duration_ms) == (0, 1050)
    assert (second.start_ms, second.duration_ms, second.is_original) == (1100, 1900, True)
    assert third.start_ms == 3200


def test_the_original_stays_at_its_own_time_even_where_the_take_before_it_runs_over():
    segments = (Segment(1, 0, 1000, "a"), Segment(2, 1050, 2000, "b"), Segment(3, 2000, 2100, "c"))
    voiced = place(SegmentedTranscript("en", 9000, segments), {1: read(2400, 1.0), 3: LOST}, {2})
    first, second, third = voiced
    assert first.start_ms + first.duration_ms > second.start_ms
    assert first.overflow_ms > 0
    assert (second.start_ms, second.duration_ms) == (1050, 950)
    assert third.start_ms >= 2000


def test_a_take_with_its_whole_pre_roll_begins_before_its_segment():
    transcript = SegmentedTranscript("en", 9000, (Segment(1, 1000, 2000, "a"), Segment(2, 3000, 4000, "b")))
    cut_short = Take(content_key="key", speech_start_ms=120, speech_end_ms=1120)
    voiced = place(transcript, {1: Reading(cut_short, VOICE, 1.0), 2: read(1000, 1.0)})
    assert [line.start_ms for line in voiced] == [950, 3000]
