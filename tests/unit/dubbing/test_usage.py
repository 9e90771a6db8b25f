import pytest

from dubbing.usage import Price, measure_cost

CHARACTERS = Price(30_000, 1_000)


def test_a_call_costs_its_share_of_what_so_many_units_cost():
    assert measure_cost({"characters": 250}, {"characters": CHARACTERS}) == 7_500


@pytest.mark.parametrize(("units", "micros"), [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2)])
def test_halves_are_rounded_up(units, micros):
    assert measure_cost({"x": units}, {"x": Price(1, 4)}) == micros


def test_the_sum_is_rounded_and_not_its_parts():
    prices = {"input_tokens": Price(1, 4), "output_tokens": Price(1, 4)}
    assert measure_cost({"input_tokens": 1, "output_tokens": 1}, prices) == 1


def test_no_unit_is_lost_in_numbers_too_large_for_a_float():
    assert measure_cost({"x": 10**17 + 1}, {"x": Price(1, 1)}) == 10**17 + 1


def test_a_unit_that_was_used_and_has_no_price_is_an_error():
    with pytest.raises(KeyError):
        measure_cost({"output_tokens": 1}, {"input_tokens": CHARACTERS})


def test_a_unit_that_was_not_used_needs_no_price():
    assert measure_cost({"cache_write_tokens": 0}, {}) == 0
