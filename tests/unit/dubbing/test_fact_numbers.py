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
    assert len(found) == 6
    assert all(value in number.values for value, number in zip([5, 6, 20, 30, 2, 5], found, strict=True))


@pytest.mark.parametrize(
    ("text", "value"),
    [("nine one one", "911"), ("twelve oh one", "1201"), ("two seventy one", "271"), ("eleven ninety-nine", "11.99")],
)
def test_numbers_in_a_row_may_be_one_and_are_not_sure(text: str, value: str) -> None:
    found = find_numbers(text, "en")
    assert all(Decimal(value) in number.values and not number.is_sure for number in found)
    assert len(found) > 1


def test_money_and_things_may_be_what_a_multiplier_means() -> None:
    assert find_numbers("vingt cents", "fr")[0].values == {20, 2000}
    assert find_numbers("two grand", "en")[0].values == {2, 2000}


@pytest.mark.parametrize(("language", "text"), [("en", "one of them"), ("es", "mil gracias"), ("fr", "neuf")])
def test_words_that_often_mean_something_else_are_not_sure(language: str, text: str) -> None:
    assert not any(number.is_sure for number in find_numbers(text, language))


def test_a_pronoun_is_no_multiplier() -> None:
    assert [min(number.values) for number in find_numbers("i'm two", "en")] == [2]


def test_numbers_that_are_longer_than_python_prints_do_no_harm() -> None:
    assert len(find_numbers("9" * 6000 + " " + "9" * 6000 + " 5", "en")) == 3
