"""What a replay would buy again, and for how much: planned from what is missing, before anything is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dubbing.engines import LOCAL
from dubbing.translation_review import MAX_FACT_TRIES, MAX_LENGTH_TRIES
from dubbing.usage import Price, Usage, measure_cost

MAX_SHORTENINGS = 2
"""Shorter wordings, each of them read too, that a line is asked for at most once it was read. Source: house rule."""

MAX_TRANSLATIONS = 1 + MAX_LENGTH_TRIES + MAX_FACT_TRIES
"""How often a line is translated at most until it is as it should be."""

MAX_READINGS = 1 + MAX_SHORTENINGS
"""How often a line is read at most."""

Model = tuple[str, str]
"""Vendor and model, as prices name them."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a replay would ask an engine for.

    Attributes:
        operation: as the ledger calls it.
        models: who would be asked first, then who may have to step in.
        language: None for what all languages share.
        lines: how many of them; 0 where the need has no lines.
        usage: where everything comes right at the first call, about.
        at_most: where every line is mended as often as is allowed.
    """

    operation: str
    models: tuple[Model, ...]
    language: str | None
    lines: int
    usage: Usage
    at_most: Usage


@dataclass(frozen=True, slots=True)
class Purchase:
    """A need with its price, micro-dollars; None where a model has no price, and then it is not bought.

    Attributes:
        usd_micros: of the first model, everything right at the first call, about.
        at_most_usd_micros: of the dearest one, everything mended as often as is allowed. Calls that a vendor bills
            though they failed come on top.
    """

    operation: str
    vendor: str
    model: str
    language: str | None
    lines: int
    usd_micros: int | None
    at_most_usd_micros: int | None


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay would make again."""

    languages: tuple[str, ...]
    purchases: tuple[Purchase, ...]

    @property
    def usd_micros(self) -> int:
        """About how much, micro-dollars."""
        return sum(each.usd_micros or 0 for each in self.purchases)

    @property
    def at_most_usd_micros(self) -> int:
        """At most how much, micro-dollars."""
        return sum(each.at_most_usd_micros or 0 for each in self.purchases)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models that are needed and have no price."""
        return tuple(sorted({each.model for each in self.purchases if each.usd_micros is None}))


def plan_replay(
    languages: Sequence[str], needs: Sequence[Need], prices: Mapping[Model, Mapping[str, Price]]
) -> ReplayPlan:
    """Price what is missing; what this machine makes itself costs nothing.

    Args:
        prices: by vendor and model, then by unit.

    >>> need = Need("synthesize", (("v", "m"),), "es", 1, {"characters": 100}, {"characters": 300})
    >>> plan = plan_replay(["es"], [need], {("v", "m"): {"characters": Price(30, 1)}})
    >>> plan.usd_micros, plan.at_most_usd_micros
    (3000, 9000)
    """
    return ReplayPlan(tuple(languages), tuple(_price(need, prices) for need in needs if any(need.at_most.values())))


def multiply(usage: Usage, times: int) -> Usage:
    """Use something so many times.

    >>> multiply({"ms": 2}, 3)
    {'ms': 6}
    """
    return {unit: quantity * times for unit, quantity in usage.items()}


def add(*usages: Usage) -> Usage:
    """Use things one after another.

    >>> add({"input_tokens": 1}, {"input_tokens": 2, "output_tokens": 3})
    {'input_tokens': 3, 'output_tokens': 3}
    """
    units = dict.fromkeys(unit for usage in usages for unit in usage)
    return {unit: sum(usage.get(unit, 0) for usage in usages) for unit in units}


def _price(need: Need, prices: Mapping[Model, Mapping[str, Price]]) -> Purchase:
    vendor, model = need.models[0]
    most = [cost for each in need.models if (cost := _measure(need.at_most, each, prices)) is not None]
    return Purchase(
        need.operation,
        vendor,
        model,
        need.language,
        need.lines,
        _measure(need.usage, need.models[0], prices),
        max(most, default=None),
    )


def _measure(usage: Usage, model: Model, prices: Mapping[Model, Mapping[str, Price]]) -> int | None:
    if model[0] == LOCAL:
        return 0
    known = prices.get(model, {})
    return measure_cost(usage, known) if usage.keys() <= known.keys() else None
