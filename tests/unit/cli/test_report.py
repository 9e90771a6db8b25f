import pytest

from cli.money import render_price, render_usd
from cli.report import describe_doubts, describe_readings, describe_spending
from cli.spending import Spending
from dubbing.stages import TranslatedSegment, VoicedSegment
from dubbing.usage import Price


@pytest.mark.parametrize(
    ("usd_micros", "text"),
    [(0, "$0.0000"), (1, "$0.000001"), (12_300, "$0.0123"), (12_345, "$0.012345"), (1_234_000_000, "$1,234.0000")],
)
def test_no_micro_dollar_is_rounded_away(usd_micros: int, text: str) -> None:
    assert render_usd(usd_micros) == text


def test_a_price_for_an_odd_number_of_units_says_so() -> None:
    assert render_price("characters", Price(20_000, 500)) == "$0.02 for 500 characters"
    assert render_price("ms", Price(3, 1)) == "$0.000003 for 1 ms"


def test_what_serves_every_language_is_part_of_the_sum_and_named() -> None:
    spending = {"": Spending(100), "es": Spending(2_000), "de": Spending(30_000)}
    assert describe_spending(spending) == "The job cost $0.0321, of which $0.0001 for the transcript."


def test_a_job_that_bought_nothing_cost_nothing() -> None:
    assert describe_spending({}) == "The job cost $0.0000."


def test_calls_without_an_answer_are_not_in_the_sum_but_told() -> None:
    assert describe_spending({"es": Spending(0, 500)}).endswith("may add up to $0.0005.")


def test_a_line_that_was_not_translated_is_not_counted_again_as_not_spoken() -> None:
    translated = [
        TranslatedSegment(1, "One.", (), "content_refused"),
        TranslatedSegment(2, "Dos.", ("number", "glossary")),
        TranslatedSegment(3, "Tres.", ("number",)),
    ]
    voiced = [
        VoicedSegment(1, "One.", "a", error_code="content_refused"),
        VoicedSegment(2, "Dos.", "a", error_code="content_refused"),
        VoicedSegment(3, "Tres.", "a", take_key="k"),
    ]
    assert describe_doubts(translated, voiced).splitlines() == [
        "doubtful: 2 (glossary, number ×2)",
        "not translated: 1 (content_refused)",
        "not spoken: 1 (content_refused)",
    ]


def test_where_all_went_well_there_is_nothing_to_check() -> None:
    assert describe_doubts([TranslatedSegment(1, "Uno.")], [VoicedSegment(1, "Uno.", "a", take_key="k")]) == "nothing"


@pytest.mark.parametrize(
    ("bought", "said"),
    [
        (0, "Synthesised nothing: all 5 takes had been made before."),
        (3, "Synthesised 3 of 5 takes. The others had been made before."),
        (5, "Synthesised 5 of 5 takes."),
        (9, "Synthesised 5 takes with 9 readings."),
    ],
)
def test_readings_that_had_to_be_repeated_are_not_counted_as_takes(bought: int, said: str) -> None:
    assert describe_readings(bought, 5) == said
