"""The header ``Range`` (RFC 9110, section 14): one range of bytes; anything else is answered with the whole."""

import re

from dubbing.errors import RangeNotSatisfiableError

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def parse_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Return the first byte asked for and the one after the last; None where the whole is meant.

    Raises:
        RangeNotSatisfiableError: it begins behind the end.

    >>> parse_range("bytes=100-", 500), parse_range("bytes=-100", 500), parse_range("bytes=0-1,5-6", 500)
    ((100, 500), (400, 500), None)
    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    if not first:
        start, end = max(size_bytes - int(last), 0), size_bytes
    else:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    if start >= size_bytes:
        raise RangeNotSatisfiableError("The range begins behind the end of the file; ask for the whole file.")
    return start, end
