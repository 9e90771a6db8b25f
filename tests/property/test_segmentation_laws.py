from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.segmentation import MAX_PAUSE_MS, MAX_SEGMENT_CHARACTERS, MAX_SEGMENT_MS, plan_segments
from dubbing.transcript import Word

texts = st.sampled_from(["yes.", "no,", "Mr.", "a", "wonderful!", "3.14", "3.", "…", "x" * 40, "we", "go", "e.g."])
steps = st.tuples(texts, st.integers(0, 1500), st.integers(0, 3000), st.sampled_from("112"), st.booleans())
SPEAKERS = ("1", "2")


@st.composite
def recordings(draw):
    """Words of two speakers, who may talk at the same time."""
    words, start_ms, free_ms = [], 0, dict.fromkeys(SPEAKERS, 0)
    for text, gap_ms, length_ms, speaker, waits in draw(st.lists(steps, max_size=60)):
        start_ms = max(start_ms, free_ms[speaker], *(free_ms.values() if waits else ())) + gap_ms
        words.append(Word(text, start_ms, start_ms + length_ms, 1.0, speaker))
        free_ms[speaker] = start_ms + length_ms
    return words


def split(words, speaker):
    return [word for word in words if word.speaker == speaker]


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_no_word_is_lost_and_each_speakers_order_is_kept(words):
    segments = plan_segments(words, language="en")
    for speaker in SPEAKERS:
        said = " ".join(segment.text for segment in segments if segment.speaker == speaker).split()
        assert said == [word.text for word in split(words, speaker)]


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_segments_are_numbered_in_order_of_start_and_a_speaker_does_not_overlap(words):
    segments = plan_segments(words, language="en")
    assert [segment.number for segment in segments] == list(range(1, len(segments) + 1))
    assert list(segments) == sorted(segments, key=lambda segment: (segment.start_ms, segment.speaker))
    for speaker in SPEAKERS:
        own = [segment for segment in segments if segment.speaker == speaker]
        assert all(left.start_ms <= left.end_ms <= right.start_ms for left, right in pairwise(own))


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_a_segment_has_no_long_pause_and_no_excess_unless_it_is_one_word(words):
    remaining = {speaker: iter(split(words, speaker)) for speaker in SPEAKERS}
    for segment in plan_segments(words, language="en"):
        own = [next(remaining[segment.speaker]) for _ in segment.text.split()]
        assert (segment.start_ms, segment.end_ms) == (own[0].start_ms, max(word.end_ms for word in own))
        assert all(b.start_ms - a.end_ms <= MAX_PAUSE_MS for a, b in pairwise(own))
        if len(own) > 1:
            assert segment.end_ms - segment.start_ms <= MAX_SEGMENT_MS
            assert len(segment.text) <= MAX_SEGMENT_CHARACTERS


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_what_others_say_changes_nothing_for_a_speaker(words):
    together = plan_segments(words, language="en")
    for speaker in SPEAKERS:
        alone = plan_segments(split(words, speaker), language="en")
        own = [segment for segment in together if segment.speaker == speaker]
        assert [(s.start_ms, s.end_ms, s.text) for s in own] == [(s.start_ms, s.end_ms, s.text) for s in alone]
