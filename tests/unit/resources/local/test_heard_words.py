from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.transcript import Word, settle_times
from resources.local.recognizer import assemble_words, is_spoken

times = st.integers(0, 5_000)
words = st.lists(st.builds(Word, st.just("word"), times, times), max_size=20)


@given(words, times)
def test_settled_words_never_overlap_and_stay_inside_the_recording(words, duration_ms):
    free_ms = 0
    for word in settle_times(words, duration_ms):
        assert free_ms <= word.start_ms <= word.end_ms <= duration_ms
        free_ms = word.end_ms


def test_words_that_are_right_stay_as_they_are():
    words = (Word("one", 0, 300, 0.5), Word("two", 300, 500, 0.9))
    assert settle_times(words, 500) == words


@pytest.mark.parametrize(
    ("no_speech_probability", "confidences", "spoken"),
    [
        (0.01, [0.9, 0.8], True),
        (0.59, [0.31, 0.31], True),
        (0.72, [0.97, 0.97], True),
        (0.61, [0.5, 0.5], False),
        (0.59, [0.5, 0.5], True),
        (0.01, [0.5, 0.05], False),
        (0.01, [], False),
    ],
)
def test_a_passage_that_the_engine_doubts_is_not_speech(no_speech_probability, confidences, spoken):
    words = [SimpleNamespace(probability=confidence) for confidence in confidences]
    assert is_spoken(SimpleNamespace(no_speech_prob=no_speech_probability, words=words)) is spoken


def make_pieces(*texts: str) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(word=text, start=number * 0.5, end=number * 0.5 + 0.4, probability=0.9 - number / 10)
        for number, text in enumerate(texts)
    ]


def test_pieces_without_a_space_belong_to_the_word_before():
    words = assemble_words(make_pieces(" an", " ill", "-disposed", " man."), 1_000, has_spaces=True)
    assert [word.text for word in words] == ["an", "ill-disposed", "man."]
    assert (words[1].start_ms, words[1].end_ms) == (1_500, 2_400)
    assert words[1].confidence == pytest.approx(0.7)


def test_a_language_without_spaces_keeps_its_pieces():
    assert len(assemble_words(make_pieces("今日", "は", "雨"), 0, has_spaces=False)) == 3


def test_the_first_piece_needs_no_space():
    assert [word.text for word in assemble_words(make_pieces("And", " so"), 0, has_spaces=True)] == ["And", "so"]


def test_signs_alone_are_no_words():
    assert assemble_words(make_pieces(" ♪", " …"), 0, has_spaces=True) == []
