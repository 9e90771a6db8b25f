"""What the vendors would bill: a line for each request, at prices of the emulator's own.

It shares no code with the product's ledger, so that the two can be held against each other.
"""

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One billed request.

    Attributes:
        usage: quantity by unit: ``ms``, ``characters``, or tokens, of which ``input_tokens`` were in no cache.
    """

    request_id: str
    vendor: str
    operation: str
    model: str
    usage: Mapping[str, int]
    usd_micros: int
    tag: str | None
    at: datetime

    def describe(self) -> dict[str, Any]:
        """Give the line as JSON has it."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "usage": dict(self.usage),
            "at": self.at.isoformat(),
        }


class Invoice:
    """The lines so far, oldest first."""

    def __init__(self) -> None:
        self._lines: list[InvoiceLine] = []

    def record(self, exchange: Exchange, charge: Charge) -> None:
        """Bill a request."""
        prices = PRICES[exchange.vendor, charge.model]
        exact = sum((prices[unit] * quantity for unit, quantity in charge.usage.items()), Fraction())
        self._lines.append(
            InvoiceLine(
                request_id=exchange.request_id,
                vendor=exchange.vendor,
                operation=exchange.operation,
                model=charge.model,
                usage=dict(charge.usage),
                usd_micros=_round_half_up(exact),
                tag=charge.tag,
                at=datetime.now(UTC),
            )
        )

    def list_lines(self) -> list[InvoiceLine]:
        """Give a copy of the lines."""
        return list(self._lines)

    def clear(self) -> None:
        """Begin a new invoice."""
        self._lines.clear()


def _round_half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))
