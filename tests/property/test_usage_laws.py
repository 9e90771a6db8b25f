from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.usage import Price, measure_cost

UNITS = ("ms", "characters", "input_tokens", "output_tokens")
prices = st.fixed_dictionaries({unit: st.builds(Price, st.integers(0, 10**9), st.integers(1, 10**7)) for unit in UNITS})
usages = st.dictionaries(st.sampled_from(UNITS), st.integers(0, 10**12))


def compute(usage, table):
    return sum((Fraction(n) * table[u].usd_micros / table[u].per_units for u, n in usage.items()), Fraction())


@settings(max_examples=300, deadline=None)
@given(usages, prices)
def test_a_cost_is_the_exact_sum_rounded_half_up(usage, table):
    cost = measure_cost(usage, table)
    assert compute(usage, table) - cost >= Fraction(-1, 2)
    assert compute(usage, table) - cost < Fraction(1, 2)


@settings(max_examples=300, deadline=None)
@given(st.lists(usages, max_size=6), prices)
def test_calls_cost_together_what_their_sum_costs_within_half_a_micro_each(calls, table):
    together = {unit: sum(call.get(unit, 0) for call in calls) for unit in UNITS}
    apart = sum(measure_cost(call, table) for call in calls)
    assert abs(apart - measure_cost(together, table)) <= Fraction(len(calls) + 1, 2)


@settings(max_examples=300, deadline=None)
@given(usages, prices, st.sampled_from(UNITS), st.integers(0, 10**6))
def test_using_more_never_costs_less(usage, table, unit, more):
    assert measure_cost({**usage, unit: usage.get(unit, 0) + more}, table) >= measure_cost(usage, table)
