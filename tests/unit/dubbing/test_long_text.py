import time

import pytest

from dubbing.long_text import split_text


def test_a_text_within_the_limit_stays_whole():
    assert split_text("Short.", 6) == ("Short.",)


def test_it_is_cut_at_the_last_sentence_that_fits():
    assert split_text("One. Two. Three.", 10) == ("One. Two.", "Three.")


def test_a_sentence_that_ends_exactly_at_the_limit_fits():
    assert split_text("One two. Three four.", 8) == ("One two.", "Three", "four.")


def test_a_closing_quote_stays_with_its_sentence():
    assert split_text("“One two.” Three four.", 14) == ("“One two.”", "Three four.")


def test_without_a_sentence_it_is_cut_at_a_clause_and_without_a_clause_between_words():
    assert split_text("one, two three four", 12) == ("one,", "two three", "four")


def test_without_any_place_it_is_cut_at_the_limit():
    assert split_text("abcdefgh", 3) == ("abc", "def", "gh")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It costs 3.50 euros more", ("It costs", "3.50 euros", "more")),
        ("there are 1,000 of them", ("there are", "1,000 of", "them")),
        ("come at 10:30 sharp now", ("come at", "10:30", "sharp now")),
        ("the years 1990–2000 were", ("the years", "1990–2000", "were")),
    ],
)
def test_a_number_is_never_cut_at_its_own_marks(text, parts):
    assert split_text(text, 10) == parts


def test_scripts_without_spaces_are_cut_at_their_own_marks():
    assert split_text("今日は晴れ。明日は雨、たぶん。", 8) == ("今日は晴れ。", "明日は雨、", "たぶん。")


def test_hindi_is_cut_at_its_danda():
    assert split_text("आज धूप है। कल बारिश होगी।", 15) == ("आज धूप है।", "कल बारिश होगी।")


@pytest.mark.parametrize("text", ["", "  \n "])
def test_a_text_of_nothing_has_no_parts(text):
    assert split_text(text, 10) == ()


def test_a_very_long_text_takes_no_longer_than_its_length_asks_for():
    started = time.process_time()
    assert len(split_text("word, " * 50_000, 2_000)) > 100
    assert time.process_time() - started < 5
