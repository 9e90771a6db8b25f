from decimal import Decimal

import pytest

from dubbing.fact_numbers import find_numbers
from dubbing.phrases import fold


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "two hundred and five", "205"),
        ("en", "1,234.5", "1234.5"),
        ("en", "1.5 million", "1500000"),
        ("en", "nineteen eighty-four", "1984"),
        ("es", "mil novecientos ochenta y cuatro", "1984"),
        ("es", "dos mil millones", "2000000000"),
        ("es", "doscientos mil", "200000"),
        ("fr", "quatre-vingt-dix-sept", "97"),
        ("fr", "quatre-vingts", "80"),
        ("fr", "vingt et un", "21"),
        ("fr", "1\u202f234,5", "1234.5"),
        ("it", "ventuno", "21"),
        ("it", "duemilatrecento", "2300"),
        ("it", "centoventitré", "123"),
        ("pt-BR", "cento e vinte e três mil", "123000"),
        ("de", "neunzehnhundertvierundachtzig", "1984"),
        ("de", "zweiundzwanzig Millionen", "22000000"),
        ("de", "1.234,5", "1234.5"),
        ("de-CH", "1’234.50", "1234.5"),
        ("ko", "1만 2천", "12000"),
        ("ko", "12억 5천만", "1250000000"),
        ("ja", "１５０万", "1500000"),
    ],
)
def test_a_number_is_read_as_its_language_tells_it(language: str, text: str, value: str) -> None:
    found = find_numbers(fold(text), language)
    assert Decimal(value) in set().union(*(number.values for number in found))


def test_separate_numbers_are_not_added_up() -> None:
    found = find_numbers("five and six, twenty thirty, two five", "en")
    assert [min(number.values) for number in found] == [5, 6, 20, 30, 2, 5]


@pytest.mark.parametrize(("language", "text"), [("en", "one of them"), ("es", "mil gracias"), ("fr", "neuf")])
def test_words_that_often_mean_something_else_are_not_sure(language: str, text: str) -> None:
    assert not any(number.is_sure for number in find_numbers(text, language))


def test_a_pronoun_is_no_multiplier() -> None:
    assert [min(number.values) for number in find_numbers("i'm two", "en")] == [2]
