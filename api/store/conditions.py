"""Conditional requests: whether the client has the bytes already."""

import contextlib
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime


def is_unchanged(headers: Mapping[str, str], *, etag: str, changed_at_s: float) -> bool:
    """Judge ``If-None-Match``, and only without it ``If-Modified-Since``. Source: RFC 9110 section 13.2.2.

    Args:
        headers: of the request; looked up in lower case.
        etag: of what we have, strong, in its quotes.
        changed_at_s: seconds since 1970.
    """
    wanted = headers.get("if-none-match")
    if wanted is not None:
        return wanted.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    with contextlib.suppress(ValueError, TypeError, OverflowError):  # a date that is none says nothing
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
        return int(changed_at_s) <= (since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp()
    return False
