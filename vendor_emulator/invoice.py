"""What the vendors would bill: a line for each request, at prices of the emulator's own.

It shares no code with the product's ledger, so that the two can be held against each other.
"""

import csv
import io
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from vendor_emulator.exchanges import Charge, Exchange

_MINUTE_MS = 60_000

_NOVA_3 = {"ms": Fraction(7_700, _MINUTE_MS)}
_NOVA_3_MULTILINGUAL = {"ms": Fraction(9_200, _MINUTE_MS)}


def _per_million_tokens(fresh: str, cached: str, output: str, cache_write: str | None = None) -> dict[str, Fraction]:
    """Turn dollars for a million tokens, as price lists have them, into micro-dollars for one."""
    return {
        "input_tokens": Fraction(fresh),
        "cached_input_tokens": Fraction(cached),
        "output_tokens": Fraction(output),
        **({"cache_write_tokens": Fraction(cache_write)} if cache_write else {}),
    }


PRICES: Mapping[tuple[str, str], Mapping[str, Fraction]] = {
    ("deepgram", "nova-3"): _NOVA_3,
    ("deepgram", "nova-3-multilingual"): _NOVA_3_MULTILINGUAL,
    ("deepgram", "aura-2"): {"characters": Fraction(30)},
    ("openai", "gpt-6-luna"): _per_million_tokens(".10", ".01", ".50", ".125"),
    ("openai", "gpt-6-sol"): _per_million_tokens("2", ".20", "10"),
    ("openai", "gpt-5.4-mini"): _per_million_tokens(".75", ".075", "4.50"),
    ("openai", "gpt-5.4-nano"): _per_million_tokens(".20", ".02", "1.25"),
    ("elevenlabs", "eleven_multilingual_v2"): {"characters": Fraction(100)},
    ("elevenlabs", "eleven_v3"): {"characters": Fraction(100)},
    ("elevenlabs", "eleven_flash_v2_5"): {"characters": Fraction(50)},
    ("elevenlabs", "eleven_turbo_v2_5"): {"characters": Fraction(50)},
}
"""Micro-dollars for one unit, by vendor and model. Source: price lists of 2026, some at second hand."""

UNITS = tuple(sorted({unit for prices in PRICES.values() for unit in prices}))
COLUMNS = ("request_id", "vendor", "operation", "model", *UNITS, "usd_micros", "at")
"""Of the invoice as CSV; a quantity that a line does not have is empty."""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One billed request.

    Attributes:
        usage: quantity by unit: ``ms``, ``characters``, or tokens, of which ``input_tokens`` were in no cache.
        prices: micro-dollars for one unit, as they were when it was billed.
    """

    request_id: str
    vendor: str
    operation: str
    model: str
    usage: Mapping[str, int]
    prices: Mapping[str, Fraction]
    usd_micros: int
    tag: str | None
    at: datetime

    def describe(self) -> dict[str, Any]:
        """Give the line as JSON has it."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "usage": dict(self.usage),
            "prices": {
                unit: {"usd_micros": price.numerator, "per_units": price.denominator}
                for unit, price in self.prices.items()
            },
            "at": self.at.isoformat(),
        }


class Invoice:
    """The lines so far, oldest first, and the prices of those to come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[InvoiceLine] = []
        self._prices: dict[tuple[str, str], dict[str, Fraction]] = {}
        self.restore_prices()

    def record(self, exchange: Exchange, charge: Charge) -> InvoiceLine:
        """Bill a request."""
        with self._lock:
            prices = self._prices[exchange.vendor, charge.model]
            charged = {unit: prices[unit] for unit in charge.usage}
            exact = sum((charged[unit] * quantity for unit, quantity in charge.usage.items()), Fraction())
            line = InvoiceLine(
                request_id=exchange.request_id,
                vendor=exchange.vendor,
                operation=exchange.operation,
                model=charge.model,
                usage=dict(charge.usage),
                prices=charged,
                usd_micros=_round_half_up(exact),
                tag=charge.tag,
                at=datetime.now(UTC),
            )
            self._lines.append(line)
            return line

    def reprice(self, vendor: str, model: str, unit: str, usd_micros: int, per_units: int) -> None:
        """Let a unit cost something else from now on.

        Raises:
            ValueError: no such model, no such unit, or no such price.
        """
        with self._lock:
            prices = self._prices.get((vendor, model), {})
            if unit not in prices:
                raise ValueError(f"{model!r} of {vendor!r} has no price for {unit!r}")
            if usd_micros < 0 or per_units <= 0:
                raise ValueError("a price is 0 or more, for 1 unit or more")
            prices[unit] = Fraction(usd_micros, per_units)

    def restore_prices(self) -> None:
        """Let everything cost what it did at first."""
        with self._lock:
            self._prices = {pair: dict(prices) for pair, prices in PRICES.items()}

    def list_lines(
        self, vendor: str | None = None, from_at: datetime | None = None, to_at: datetime | None = None
    ) -> list[InvoiceLine]:
        """Give a copy of the lines; those of a vendor, from a time on and before another."""
        with self._lock:
            lines = list(self._lines)
        return [
            line
            for line in lines
            if vendor in (None, line.vendor)
            and (from_at is None or from_at <= line.at)
            and (to_at is None or line.at < to_at)
        ]

    def clear(self) -> None:
        """Begin a new invoice; prices stay."""
        with self._lock:
            self._lines.clear()


def render_csv(lines: Iterable[InvoiceLine]) -> str:
    """Write lines as a table of `COLUMNS`."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for line in lines:
        quantities = [line.usage.get(unit, "") for unit in UNITS]
        named = [line.request_id, line.vendor, line.operation, line.model]
        table.writerow([*named, *quantities, line.usd_micros, line.at.isoformat()])
    return out.getvalue()


def _round_half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))
