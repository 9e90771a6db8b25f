import pytest

from resources.local.grouped_numbers import has_lost_number, localize_numbers, repair_numbers
from resources.local.phrasebook import find_phrase, reword_sentence
from resources.local.spanish import add_opening_marks


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("1,234,567", "en", "1.234.567"),
        ("$1,250.00", "en", "$1.250,00"),
        ("1.234.567,89", "pt", "1,234,567.89"),
        ("2024, 1.5, 12,34 and 1,2345", "en", "2024, 1.5, 12,34 and 1,2345"),
        ("version 1,000.2.3", "en", "version 1,000.2.3"),
    ],
)
def test_only_grouped_numbers_change_their_marks(text, source, expected):
    assert localize_numbers(text, source) == expected


def test_localised_twice_is_as_before():
    assert localize_numbers(localize_numbers("1,234,567.8 m", "en"), "pt") == "1,234,567.8 m"


def test_a_copied_number_is_rewritten_and_a_right_one_left_alone():
    assert repair_numbers("1,500 and 3,600", "1.500 e 3,600", "en") == "1.500 e 3.600"


def test_a_damaged_number_is_noticed():
    assert has_lost_number("We sold 1,234,567.", "Vendemos 1.3244,567.", "en")
    assert not has_lost_number("We sold 1,234,567.", "Vendemos 1.234.567.", "en")
    assert not has_lost_number("We sold 12.", "Vendemos treze.", "en")


@pytest.mark.parametrize(
    ("sentence", "pair", "meaning"),
    [
        ("Thank you!", "en-pt", "Obrigado!"),
        ("thank you", "en-pt", "obrigado"),
        ("“What’s up?”", "en-pt", "“E aí?”"),
        ("Com licença.", "pt-en", "Excuse me."),
        ("Thank you for the fish.", "en-pt", None),
        ("", "en-pt", None),
    ],
)
def test_a_phrase_is_found_only_as_a_whole_sentence(sentence, pair, meaning):
    assert find_phrase(sentence, pair) == meaning


@pytest.mark.parametrize(
    ("sentence", "reworded"),
    [
        ("Thank you, John.", "Thanks, John."),
        ("Okay, thank you all.", "Okay, thanks all."),
        ("So thank you for coming.", "So thanks for coming."),
        ("I want to thank you.", "I want to thank you."),
        ("We thank your mother.", "We thank your mother."),
    ],
)
def test_only_thanks_are_reworded(sentence, reworded):
    assert reword_sentence(sentence, "en-pt") == reworded
    assert reword_sentence(sentence, "pt-en") == sentence


@pytest.mark.parametrize(
    ("closed", "opened"),
    [
        ("Qué hora es?", "¿Qué hora es?"),
        ("¿Qué hora es?", "¿Qué hora es?"),
        ("Vamos!", "¡Vamos!"),
        ("- Quién es?", "- ¿Quién es?"),
        ("«Sí?», dijo.", "«¿Sí?», dijo."),
        ("Cuesta 3.5 euros?", "¿Cuesta 3.5 euros?"),
        ("Qué?!", "¿Qué?!"),
        ("Nada.", "Nada."),
        ("?!", "?!"),
    ],
)
def test_spanish_questions_and_calls_are_opened(closed, opened):
    assert add_opening_marks(closed) == opened
    assert add_opening_marks(opened) == opened
