"""What a replay would buy, priced."""

from dubbing.engines import LOCAL
from dubbing.replaying import Need, plan_replay
from dubbing.usage import Price

PRICES = {
    ("cheap", "a"): {"characters": Price(10, 1)},
    ("dear", "b"): {"characters": Price(50, 1)},
}


def build_need(*models: tuple[str, str], operation: str = "synthesize") -> Need:
    return Need(operation, models, "es", 2, {"characters": 100}, {"characters": 300})


def test_the_first_model_makes_the_estimate_and_the_dearest_the_bound() -> None:
    plan = plan_replay(["es"], [build_need(("cheap", "a"), ("dear", "b"))], PRICES)
    assert (plan.usd_micros, plan.at_most_usd_micros) == (1_000, 15_000)
    assert [(each.vendor, each.model, each.lines) for each in plan.purchases] == [("cheap", "a", 2)]


def test_what_this_machine_makes_costs_nothing() -> None:
    plan = plan_replay(["es"], [build_need((LOCAL, LOCAL))], PRICES)
    assert (plan.usd_micros, plan.at_most_usd_micros, plan.unpriced) == (0, 0, ())


def test_a_model_without_a_price_is_named_and_not_taken_for_free() -> None:
    plan = plan_replay(["es"], [build_need(("new", "c"))], PRICES)
    assert plan.unpriced == ("c",)
    assert plan.purchases[0].usd_micros is None
    assert plan.purchases[0].at_most_usd_micros is None


def test_what_is_there_is_not_a_purchase() -> None:
    nothing = Need("translate", (("cheap", "a"),), "es", 0, {}, {})
    assert plan_replay(["es"], [nothing], PRICES).purchases == ()
