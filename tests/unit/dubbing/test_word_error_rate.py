import pytest

from dubbing.word_error_rate import measure_word_error_rate, split_words


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("one two three four", "one two three four", 0.0),
        ("one two three four", "one two tree four", 0.25),
        ("one two three four", "one three four", 0.25),
        ("one two three four", "one two two three four", 0.25),
        ("one two three four", "", 1.0),
        ("one", "two three four", 3.0),
        ("", "", 0.0),
        ("", "two words", 2.0),
    ],
)
def test_each_wrong_missing_or_added_word_counts_once(reference, hypothesis, expected):
    assert measure_word_error_rate(reference, hypothesis) == expected


def test_case_punctuation_and_hyphens_do_not_count():
    assert measure_word_error_rate("“Cold-hearted,” he SAID…", "cold hearted he said") == 0.0


def test_accents_count():
    assert measure_word_error_rate("avó", "avo") == 1.0


def test_an_accent_counts_the_same_composed_or_not():
    assert measure_word_error_rate("caf\u00e9", "cafe\u0301") == 0.0


def test_both_apostrophes_are_one():
    assert split_words("don’t") == split_words("don't") == ["don't"]


def test_words_of_other_scripts_are_words():
    assert split_words("Доброе утро, 2024!") == ["доброе", "утро", "2024"]


def test_a_shifted_text_is_aligned_before_counting():
    assert measure_word_error_rate("a b c d e f g h", "b c d e f g h a") == 0.25


@pytest.mark.parametrize(
    ("reference", "hypothesis", "language"),
    [
        ("twenty-four of 1,500", "24 of fifteen hundred", "en"),
        ("dreiundzwanzig", "23", "de"),
        ("Son mil quinientos euros", "son 1.500 euros", "es"),
    ],
)
def test_a_number_is_the_same_in_words_and_in_digits_where_the_language_is_known(reference, hypothesis, language):
    assert measure_word_error_rate(reference, hypothesis, language) == 0.0
    assert measure_word_error_rate(reference, hypothesis) > 0.0


def test_another_number_is_an_error():
    assert measure_word_error_rate("quince", "cincuenta", "es") == 1.0


def test_where_words_do_not_stand_apart_each_letter_counts():
    assert measure_word_error_rate("東京へ行く", "東京に行く", "ja") == 0.2
    assert split_words("ภาษาไทย ok") == ["ภ", "า", "ษ", "า", "ไ", "ท", "ย", "ok"]


def test_vowel_signs_belong_to_their_words():
    assert split_words("नमस्ते दुनिया") == ["नमस्ते", "दुनिया"]
