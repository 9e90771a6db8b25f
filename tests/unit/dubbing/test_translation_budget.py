import pytest

from dubbing.transcript import Segment
from dubbing.translation_budget import (
    MIN_BUDGET_CHARACTERS,
    SEED_CPS,
    is_over_budget,
    list_vendor_speeds,
    plan_budgets,
    plan_shorter_budget,
    plan_vendor_speed,
)


def test_a_budget_is_the_slot_at_the_pace_of_the_voice() -> None:
    segments = [Segment(1, 0, 2000, "a"), Segment(2, 5000, 6000, "b")]
    assert plan_budgets(segments, 10_000, 15) == {1: 52, 2: 37}  # 3.5 s and 2.5 s at 15 a second
    assert plan_budgets(segments, 10_000, 6.0) == {1: 21, 2: 15}


def test_a_segment_without_room_still_has_a_words_worth() -> None:
    assert plan_budgets([Segment(1, 0, 900, "a"), Segment(2, 0, 900, "b")], 900, 14)[1] == MIN_BUDGET_CHARACTERS


def test_fifteen_per_cent_over_is_still_accepted() -> None:
    assert not is_over_budget("x" * 23, 20)
    assert is_over_budget("x" * 24, 20)
    assert not is_over_budget("  " + "e\u0301" * 23 + " ", 20)


@pytest.mark.parametrize(
    ("characters", "max_speed", "speed"),
    [(0, 1.5, 1.0), (30, 1.5, 1.0), (31, 1.5, 1.05), (32, 1.5, 1.1), (300, 1.5, 1.15), (300, 1.1, 1.1), (300, 1.0, 1.0),
     (300, 0.9, 1.0)],
)  # fmt: skip
def test_a_voice_is_asked_for_just_enough_speed(characters: int, max_speed: float, speed: float) -> None:
    assert plan_vendor_speed(characters, 2000, 15, max_speed=max_speed) == speed


def test_a_text_without_room_is_read_at_the_ceiling() -> None:
    assert plan_vendor_speed(5, 0, 15, max_speed=1.5) == 1.15


def test_a_slow_voice_is_asked_for_more_speed_than_a_fast_one() -> None:
    slow, usual, fast = (plan_vendor_speed(31, 2000, cps, max_speed=1.5) for cps in (13.5, 15.0, 16.5))
    assert (slow, usual, fast) == (1.15, 1.05, 1.0)


@pytest.mark.parametrize("max_speed", [0.7, 1.0, 1.03, 1.12, 1.15, 4.0])
def test_every_speed_that_is_planned_is_listed(max_speed: float) -> None:
    planned = {plan_vendor_speed(characters, 2000, 15, max_speed=max_speed) for characters in range(60)}
    assert planned <= set(list_vendor_speeds(max_speed))


def test_a_reading_tells_how_many_characters_would_have_fit() -> None:
    assert plan_shorter_budget("x" * 60, 6000, 4000) == 40
    assert plan_shorter_budget("x" * 60, 4500, 4000) is None
    assert plan_shorter_budget("x" * 60, 6000, -5) == MIN_BUDGET_CHARACTERS


def test_nothing_shorter_than_a_word_is_asked_for() -> None:
    assert plan_shorter_budget("Gracias.", 900, 100) is None


def test_every_seed_is_a_pace_that_people_speak_at() -> None:
    assert all(5 <= cps <= 20 for cps in SEED_CPS.values())
