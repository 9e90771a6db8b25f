import pytest

from dubbing.segmentation import MAX_SEGMENT_CHARACTERS, MAX_SEGMENT_MS, plan_segments
from dubbing.transcript import Segment, Word


def speak(text, *, start_ms=0, word_ms=400, gap_ms=100, speaker="1"):
    """Words of equal length; "|" is a pause of one second."""
    words = []
    for token in text.split():
        if token == "|":
            start_ms += 1000
            continue
        words.append(Word(token, start_ms, start_ms + word_ms, 1.0, speaker))
        start_ms += word_ms + gap_ms
    return words


def texts(words, language="en"):
    return [segment.text for segment in plan_segments(words, language=language)]


def test_no_words_make_no_segments():
    assert plan_segments([], language="en") == ()


def test_a_segment_carries_times_text_and_speaker_of_its_words():
    words = [Word("Good", 100, 400, 1.0, "2"), Word("morning.", 450, 900, 1.0, "2")]
    assert plan_segments(words, language="en") == (Segment(1, 100, 900, "Good morning.", "2"),)


def test_a_pause_longer_than_600_ms_ends_a_segment():
    assert texts([Word("one", 0, 400), Word("two", 1000, 1400)]) == ["one two"]
    assert texts([Word("one", 0, 400), Word("two", 1001, 1400)]) == ["one", "two"]


def test_a_sentence_end_ends_a_segment_where_both_sides_can_stand_alone():
    words = speak("This is the very first of them. This is the second one of them.")
    assert texts(words) == ["This is the very first of them.", "This is the second one of them."]


@pytest.mark.parametrize("stop", [".", "!", "?", "…", "。", "！", "？", '."', "?”", ".)"])
def test_each_stop_ends_a_sentence(stop):
    words = speak(f"This is the very first of them{stop} This is the second one of them")
    assert len(texts(words)) == 2


@pytest.mark.parametrize("word", ["Mr.", "Dr.", "Sra.", "e.g.", "U.S.", "J.", "bzw.", "3.", '"Mr.'])
def test_an_abbreviation_does_not_end_a_sentence(word):
    assert len(texts(speak(f"Here is the thing about our {word} Baker who is not at home."))) == 1


def test_a_decimal_that_the_recogniser_parted_stays_together():
    assert len(texts(speak("It came to a total of about 1234. 56 in the end they said."))) == 1


def test_a_change_of_speaker_ends_a_segment_and_short_ones_are_not_joined_across_it():
    words = [*speak("Are you", speaker="1"), *speak("Yes.", start_ms=1000, speaker="2")]
    assert [(s.speaker, s.text) for s in plan_segments(words, language="en")] == [("1", "Are you"), ("2", "Yes.")]


def test_short_segments_of_one_speaker_join_up_to_five():
    assert texts(speak("No. No. No. No. No. No. No.", word_ms=100, gap_ms=50)) == ["No. No. No. No. No.", "No. No."]


def test_short_segments_do_not_join_across_more_than_500_ms():
    assert texts([Word("Yes.", 0, 400), Word("No.", 900, 1300)]) == ["Yes. No."]
    assert texts([Word("Yes.", 0, 400), Word("No.", 901, 1300)]) == ["Yes.", "No."]


def test_a_run_on_is_cut_after_a_comma_near_its_middle():
    left = "word " * 13 + "comma,"
    assert texts(speak(left + " word" * 22)) == [left, ("word " * 22).strip()]


def test_a_run_on_without_comma_is_cut_at_its_longest_inner_pause():
    words = [*speak("word " * 20), *speak("after " * 18, start_ms=20 * 500 + 300)]
    assert texts(words) == [("word " * 20).strip(), ("after " * 18).strip()]


def test_a_comma_at_the_edge_does_not_cut_off_a_crumb():
    segments = plan_segments(speak("Well then here, " + "word " * 29), language="en")
    assert min(segment.end_ms - segment.start_ms for segment in segments) > 4000


def test_a_run_on_of_many_letters_in_little_time_is_cut_too():
    segments = plan_segments(speak("characters " * 60, word_ms=10, gap_ms=0), language="en")
    assert len(segments) > 1
    assert all(len(segment.text) <= MAX_SEGMENT_CHARACTERS for segment in segments)


def test_joining_never_makes_a_run_on():
    words = [*speak("word " * 28 + "end.", word_ms=500, gap_ms=0), *speak("Right, I see.", start_ms=14_600)]
    assert all(s.end_ms - s.start_ms <= MAX_SEGMENT_MS for s in plan_segments(words, language="en"))
    assert len(texts(words)) == 2


def test_chinese_and_japanese_are_written_without_spaces_and_korean_with():
    words = [Word("今日", 0, 300), Word("は", 300, 500), Word("晴れ。", 500, 900)]
    assert texts(words, "ja") == ["今日は晴れ。"]
    assert texts([Word("오늘은", 0, 400), Word("맑다.", 450, 900)], "ko") == ["오늘은 맑다."]


def test_words_without_text_are_passed_over():
    assert texts([Word(" ", 0, 10), Word("Hello.", 20, 400)]) == ["Hello."]


def test_a_segment_ends_with_its_latest_word():
    assert plan_segments([Word("long", 0, 900), Word("short", 100, 400)], language="en")[0].end_ms == 900


def test_a_word_put_in_by_another_cuts_no_sentence_in_two():
    words = [
        Word("I", 0, 200),
        Word("never", 200, 600),
        Word("Really?", 400, 800, 1.0, "2"),
        Word("said", 700, 1000),
        Word("so.", 1000, 1300),
    ]
    assert plan_segments(words, language="en") == (
        Segment(1, 0, 1300, "I never said so.", "1"),
        Segment(2, 400, 800, "Really?", "2"),
    )


def test_segments_that_begin_together_are_numbered_by_speaker():
    words = [Word("Yes.", 0, 300, 1.0, "2"), Word("No.", 0, 300, 1.0, "1")]
    assert [segment.speaker for segment in plan_segments(words, language="en")] == ["1", "2"]
