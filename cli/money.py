"""Sums of money as people read them."""

from dubbing.usage import Price

_PER_UNITS = {("ms", 60_000): "a minute", ("ms", 3_600_000): "an hour"}


def render_usd(usd_micros: int) -> str:
    """Write a sum to the hundredth of a cent, and to the micro-dollar where that is not all of it.

    >>> render_usd(12_300), render_usd(1_234_560)
    ('$0.0123', '$1.234560')
    """
    return _render(usd_micros, least_digits=6 if usd_micros % 100 else 4)


def render_price(unit: str, price: Price) -> str:
    """Write what a unit costs.

    >>> render_price("ms", Price(7_700, 60_000))
    '$0.0077 a minute'
    >>> render_price("input_tokens", Price(100_000, 1_000_000))
    '$0.10 for 1M input tokens'
    """
    sum_ = _render(price.usd_micros, least_digits=2)
    if (known := _PER_UNITS.get((unit, price.per_units))) is not None:
        return f"{sum_} {known}"
    count = "1M" if price.per_units == 1_000_000 else f"{price.per_units:,}"
    return f"{sum_} for {count} {unit.replace('_', ' ')}"


def _render(usd_micros: int, *, least_digits: int) -> str:
    whole, fraction = divmod(usd_micros, 1_000_000)
    digits = f"{fraction:06}".rstrip("0").ljust(least_digits, "0")
    return f"${whole:,}.{digits}"
