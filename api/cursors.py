"""Opaque cursors: places in a list, as words that clients only pass back."""

import base64
import binascii
import uuid
from datetime import UTC, datetime, timedelta

from fastapi.exceptions import RequestValidationError

from resources.database.job_views import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_BYTES = 8


def render_cursor(position: Position) -> str:
    """Turn a place into a word.

    >>> parse_cursor(render_cursor(Position(_EPOCH, uuid.UUID(int=7)))).job_id.int
    7
    """
    microseconds = (position.created_at - _EPOCH) // timedelta(microseconds=1)
    packed = microseconds.to_bytes(_TIME_BYTES, "big") + position.job_id.bytes
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def parse_cursor(cursor: str) -> Position:
    """Read a word that `render_cursor` made.

    Raises:
        RequestValidationError: it did not.
    """
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        microseconds = int.from_bytes(packed[:_TIME_BYTES], "big")
        return Position(_EPOCH + timedelta(microseconds=microseconds), uuid.UUID(bytes=packed[_TIME_BYTES:]))
    except (binascii.Error, ValueError, OverflowError):
        problem = {"loc": ("query", "cursor"), "msg": "Not a cursor of ours; start again without one", "type": "cursor"}
        raise RequestValidationError([problem]) from None
