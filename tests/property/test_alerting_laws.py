from hypothesis import assume, given
from hypothesis import strategies as st

from dubbing.alerting import (
    Alert,
    AlertKind,
    Reading,
    Rule,
    is_past,
    measure_left,
    measure_used,
    measure_variance,
    plan_alerts,
    plan_total,
)

kinds, values = st.sampled_from(AlertKind), st.integers(0, 200)
subjects, names = st.sampled_from("abc"), st.sampled_from(["low", "middle", "high"])
rules = st.lists(st.builds(Rule, names, kinds, values, st.booleans()), unique_by=lambda rule: rule.name)
readings = st.lists(st.builds(Reading, kinds, subjects, values), unique_by=lambda each: (each.kind, each.subject))
opened = st.lists(
    st.builds(Alert, names | st.just("forgotten"), kinds, subjects, values, values),
    unique_by=lambda alert: (alert.rule, alert.subject),
)
sums = st.integers(0, 10**18)


def apply(plan, open_):
    kept = [alert for alert in open_ if alert not in plan.to_clear]
    return [*kept, *plan.to_raise]


@given(rules, readings, opened)
def test_to_plan_again_what_was_done_is_to_do_nothing(rules, readings, open_):
    after = apply(plan_alerts(rules, readings, open_), open_)
    again = plan_alerts(rules, readings, after)
    assert (again.to_raise, again.to_clear) == ((), ())


@given(rules, readings, opened)
def test_what_is_open_is_exactly_what_is_past_a_threshold_that_is_on(rules, readings, open_):
    after = apply(plan_alerts(rules, readings, open_), open_)
    past = {
        (rule.name, rule.kind, reading.subject, rule.threshold)
        for rule in rules
        for reading in readings
        if rule.is_on and rule.kind == reading.kind and is_past(rule, reading.value)
    }
    assert {(alert.rule, alert.kind, alert.subject, alert.threshold) for alert in after} == past
    assert len(after) == len(past)


@given(rules, readings, opened)
def test_nothing_is_raised_that_is_open_and_nothing_cleared_that_is_not(rules, readings, open_):
    plan = plan_alerts(rules, readings, open_)
    kept = {(alert.rule, alert.subject) for alert in open_ if alert not in plan.to_clear}
    assert set(plan.to_clear) <= set(open_)
    assert not kept & {(alert.rule, alert.subject) for alert in plan.to_raise}


@given(sums, sums, st.integers(1, 100))
def test_a_budget_is_at_a_threshold_exactly_when_its_share_is_spent(used, limit, threshold):
    assume(limit)
    assert (measure_used(used, limit) >= threshold) == (used * 100 >= threshold * limit)


@given(sums, sums, st.integers(0, 99))
def test_a_quota_is_at_a_threshold_exactly_when_no_more_than_its_share_is_left(left, total, threshold):
    assume(total)
    assert (measure_left(left, total) <= threshold) == (left * 100 <= threshold * total)


@given(sums, sums)
def test_an_invoice_differs_as_much_in_either_direction(variance, invoiced):
    assert measure_variance(variance, invoiced) == measure_variance(-variance, invoiced)


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_what_is_left_is_never_more_than_all_there_was(asked):
    before = None
    for left in asked:
        before = (left, plan_total(left, before))
        assert before[0] <= before[1]
