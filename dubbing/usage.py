"""What a call to an engine used, in the vendor's own units, and what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Usage = Mapping[str, int]
"""Quantity by unit: ``ms`` of audio, ``characters`` of text, ``input_tokens`` (not found in a cache),
``cached_input_tokens``, ``cache_write_tokens``, ``output_tokens``."""

UNITS = ("ms", "characters", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")
"""Every unit that there is."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor's reply says of a call that it will bill.

    Attributes:
        usage: empty where the reply does not say.
        request_id: the vendor's own, by which its invoice names the call.
    """

    usage: Usage = field(default_factory=dict)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs.

    Attributes:
        usd_micros: for so many units, micro-dollars.
        per_units: > 0.
    """

    usd_micros: int
    per_units: int


def measure_cost(usage: Usage, prices: Mapping[str, Price]) -> int:
    """Price a call: the exact sum over its units, rounded half up once.

    Args:
        prices: by unit.

    Returns:
        Micro-dollars.

    Raises:
        KeyError: a unit that was used has no price.

    >>> measure_cost({"ms": 90_000}, {"ms": Price(7_700, 60_000)})
    11550
    """
    exact = sum(
        (Fraction(prices[unit].usd_micros * n, prices[unit].per_units) for unit, n in usage.items() if n), Fraction()
    )
    return int(exact + Fraction(1, 2))
