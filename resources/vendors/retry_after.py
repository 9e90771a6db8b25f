"""How long a vendor asks us to wait, read from the headers of its answer."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER_S = 86_400.0
"""Longest wait that is believed, s. Whether to wait so long is the buyer's to decide."""


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``retry-after-ms`` or ``retry-after`` (seconds, or the date of HTTP), whatever case they are written in.

    Returns:
        Seconds from now, 0 to `MAX_RETRY_AFTER_S`; None where the vendor says nothing that can be read.

    >>> parse_retry_after({"Retry-After": "2"})
    2.0
    """
    said = {name.lower(): value for name, value in headers.items()}
    wait_s = _parse_number(said.get("retry-after-ms"), 1000.0)
    if wait_s is None:
        wait_s = _parse_number(said.get("retry-after"), 1.0)
    if wait_s is None:
        wait_s = _parse_date(said.get("retry-after"))
    return None if wait_s is None else min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def _parse_number(text: str | None, per_second: float) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number / per_second if math.isfinite(number) else None


def _parse_date(text: str | None) -> float | None:
    try:
        at = parsedate_to_datetime(text) if text is not None else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if at is None:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return (at - datetime.now(UTC)).total_seconds()
