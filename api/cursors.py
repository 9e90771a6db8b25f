"""Opaque cursors: places in a list, as words that clients only pass back."""

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fastapi.exceptions import RequestValidationError

from resources.database.positions import Position

Row = TypeVar("Row")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_BYTES = 8


def render_cursor(position: Position) -> str:
    """Turn a place into a word.

    >>> parse_cursor(render_cursor(Position(_EPOCH, uuid.UUID(int=7)))).id.int
    7
    """
    microseconds = (position.at - _EPOCH) // timedelta(microseconds=1)
    packed = microseconds.to_bytes(_TIME_BYTES, "big") + position.id.bytes
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def cut_page(found: Sequence[Row], limit: int, locate: Callable[[Row], Position]) -> tuple[Sequence[Row], str | None]:
    """Take a page off rows of which one more than it holds was asked for.

    Args:
        limit: rows of a page, > 0.
        locate: tells the place of a row.

    Returns:
        The page, and the cursor of the next one; None on the last.
    """
    page = found[:limit]
    return page, render_cursor(locate(page[-1])) if len(found) > limit else None


def parse_cursor(cursor: str | None) -> Position | None:
    """Read a word that `render_cursor` made; None is the beginning of the list.

    Raises:
        RequestValidationError: it did not.
    """
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        microseconds = int.from_bytes(packed[:_TIME_BYTES], "big")
        return Position(_EPOCH + timedelta(microseconds=microseconds), uuid.UUID(bytes=packed[_TIME_BYTES:]))
    except (binascii.Error, ValueError, OverflowError):
        problem = {"loc": ("query", "cursor"), "msg": "Not a cursor of ours; start again without one", "type": "cursor"}
        raise RequestValidationError([problem]) from None
