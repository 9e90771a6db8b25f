from hypothesis import given
from hypothesis import strategies as st

from dubbing.transcript import Word
from resources.local.recognizer import settle_times

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
