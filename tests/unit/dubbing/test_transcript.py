from hypothesis import given
from hypothesis import strategies as st

from dubbing.transcript import Word, settle_times

times = st.integers(0, 5_000)
words = st.lists(st.builds(Word, st.just("x"), times, times, st.just(1.0), st.sampled_from("12")), max_size=20)


@given(words, times)
def test_each_speaker_is_settled_as_if_alone_and_all_come_in_order(said, duration_ms):
    settled = settle_times(said, duration_ms)
    assert [word.start_ms for word in settled] == sorted(word.start_ms for word in settled)
    for speaker in "12":
        own = tuple(word for word in settled if word.speaker == speaker)
        assert own == settle_times([word for word in said if word.speaker == speaker], duration_ms)


def test_words_of_speakers_who_talk_at_the_same_time_stay_where_they_are():
    said = (Word("I", 0, 900), Word("No!", 300, 600, 1.0, "2"), Word("think", 900, 1500))
    assert settle_times(said, 2000) == said
