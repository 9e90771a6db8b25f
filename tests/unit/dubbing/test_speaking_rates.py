import pytest

from dubbing.speaking_rates import Lesson, Sample, learn, plan_cps, plan_lesson


def test_one_take_moves_a_rate_by_three_tenths_of_the_way() -> None:
    assert learn(20.0, Lesson(cps=10.0, takes=1), "es") == pytest.approx(17.0)


def test_many_takes_count_as_if_each_had_come_alone() -> None:
    alone = 20.0
    for _ in range(5):
        alone = learn(alone, Lesson(cps=10.0, takes=1), "es")
    assert learn(20.0, Lesson(cps=10.0, takes=5), "es") == pytest.approx(alone)


def test_where_nothing_is_known_the_seed_stands_for_it() -> None:
    assert learn(None, Lesson(cps=10.0, takes=1), "es") == learn(15.0, Lesson(cps=10.0, takes=1), "es")


@pytest.mark.parametrize(("measured", "learned"), [(1.0, 7.5), (90.0, 22.5)])
def test_a_rate_stays_within_half_and_one_and_a_half_of_the_seed(measured: float, learned: float) -> None:
    assert learn(None, Lesson(cps=measured, takes=99), "pt-BR") == learned


@pytest.mark.parametrize("sample", [Sample(9, 1500), Sample(40, 999)])
def test_a_short_take_teaches_nothing(sample: Sample) -> None:
    assert plan_lesson([sample]) is None
    assert plan_lesson([sample, Sample(30, 2000)]) == Lesson(cps=15.0, takes=1)


def test_a_rate_that_moves_a_little_plans_the_same() -> None:
    assert {plan_cps([cps], "es") for cps in (13.0, 13.4, 14.0)} == {13.5}


def test_voices_together_plan_with_their_mean() -> None:
    assert plan_cps([12.0, 18.0], "es") == 15.0
