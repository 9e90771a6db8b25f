from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.segmentation import MAX_PAUSE_MS, MAX_SEGMENT_CHARACTERS, MAX_SEGMENT_MS, plan_segments
from dubbing.transcript import Word

texts = st.sampled_from(["yes.", "no,", "Mr.", "a", "wonderful!", "3.14", "3.", "…", "x" * 40, "we", "go", "e.g."])
steps = st.tuples(texts, st.integers(0, 1500), st.integers(0, 3000), st.sampled_from("112"))


@st.composite
def recordings(draw):
    words, now_ms = [], 0
    for text, gap_ms, length_ms, speaker in draw(st.lists(steps, max_size=60)):
        words.append(Word(text, now_ms + gap_ms, now_ms + gap_ms + length_ms, 1.0, speaker))
        now_ms = words[-1].end_ms
    return words


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_no_word_is_lost_and_their_order_is_kept(words):
    segments = plan_segments(words, language="en")
    assert " ".join(segment.text for segment in segments).split() == [word.text for word in words]


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_segments_are_numbered_in_order_and_do_not_overlap_where_the_words_do_not(words):
    segments = plan_segments(words, language="en")
    assert [segment.number for segment in segments] == list(range(1, len(segments) + 1))
    for left, right in pairwise(segments):
        assert left.start_ms <= left.end_ms <= right.start_ms


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_a_segment_has_one_speaker_no_long_pause_and_no_excess_unless_it_is_one_word(words):
    remaining = iter(words)
    for segment in plan_segments(words, language="en"):
        own = [next(remaining) for _ in segment.text.split()]
        assert {word.speaker for word in own} == {segment.speaker}
        assert all(b.start_ms - a.end_ms <= MAX_PAUSE_MS for a, b in pairwise(own))
        if len(own) > 1:
            assert segment.end_ms - segment.start_ms <= MAX_SEGMENT_MS
            assert len(segment.text) <= MAX_SEGMENT_CHARACTERS
