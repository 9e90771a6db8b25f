"""The bill of a day: which calls it is of, and what its checks say; who pays is in `spend_limits`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

DOUBTFUL_AFTER = timedelta(hours=1)
"""A call that has begun and not ended is in doubt after this; the longest answer of a vendor takes minutes."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Sums:
    """What some calls come to.

    Attributes:
        calls: all of them, those that failed and those in doubt included.
        cost_usd_micros: of those that are settled.
        doubtful_usd_micros: the most that those in doubt may add.
    """

    calls: int = 0
    failed_calls: int = 0
    doubtful_calls: int = 0
    cost_usd_micros: int = 0
    doubtful_usd_micros: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """What one check of a bill gave.

    Attributes:
        details: what is wrong, in ids and figures.
    """

    name: str
    passed: bool
    details: Mapping[str, Any] = field(default_factory=dict)


WHOLE, POSITIVE, PRICED, UNCHANGED = (
    "parts_make_the_whole",
    "nothing_is_negative",
    "every_call_is_priced",
    "no_call_came_or_went",
)
"""The checks of every bill."""


def assess_whole(parts: Mapping[str, Sums], whole: Mapping[str, Sums]) -> Check:
    """Check that the lines of a bill sum up to its ledger, for each vendor.

    >>> assess_whole({"a": Sums(2)}, {"a": Sums(2)}).passed
    True
    >>> assess_whole({}, {"a": Sums(1)}).passed
    False
    """
    wrong = sorted(
        vendor for vendor in parts.keys() | whole.keys() if parts.get(vendor, Sums()) != whole.get(vendor, Sums())
    )
    cost = sum(each.cost_usd_micros for each in parts.values()), sum(each.cost_usd_micros for each in whole.values())
    return Check(
        WHOLE, not wrong, {"vendors": wrong, "lines_usd_micros": cost[0], "ledger_usd_micros": cost[1]} if wrong else {}
    )


def assess_change(day: date, *, calls: int, calls_before: int | None, made_before: datetime | None) -> Check:
    """Check that a day that was over when its bill was made has as many calls as then: calls end late, none begins."""
    is_closed = made_before is not None and made_before >= find_close(day)
    passed = not is_closed or calls == calls_before
    return Check(UNCHANGED, passed, {} if passed else {"calls": calls, "calls_before": calls_before})


def get_span(day: date) -> tuple[datetime, datetime]:
    """Return when a day begins, and when the next one does.

    >>> get_span(date(2026, 2, 28))[1].isoformat()
    '2026-03-01T00:00:00+00:00'
    """
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def find_close(day: date) -> datetime:
    """Find when the calls of a day have all ended, or are in doubt."""
    return get_span(day)[1] + DOUBTFUL_AFTER


def guard_cell(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula.

    >>> guard_cell("=HYPERLINK(1)"), guard_cell("pt-BR")
    ("'=HYPERLINK(1)", 'pt-BR')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
