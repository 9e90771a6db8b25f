"""A reply from OpenAI comes to an end: `resources.vendors.bounded_reply` for httpx2, on which the package is built.

Imported together with that package only.
"""

import time
from collections.abc import Iterator

import httpx2

MAX_REPLY_BYTES = 4 << 20
"""Largest reply, bytes as sent. The longest answer we allow is well below 1 MB."""


def bound_reply(response: httpx2.Response) -> None:
    """Hold a reply to `MAX_REPLY_BYTES`, and to the time of one read for the whole; a response hook of httpx2."""
    if isinstance(response.stream, httpx2.SyncByteStream):
        timeout: dict[str, float | None] = response.request.extensions.get("timeout", {})
        response.stream = _BoundedStream(response.stream, timeout.get("read"))


class _BoundedStream(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream, limit_s: float | None) -> None:
        self._stream = stream
        self._limit_s = limit_s

    def __iter__(self) -> Iterator[bytes]:
        started = time.monotonic()
        size_bytes = 0
        for block in self._stream:
            size_bytes += len(block)
            if size_bytes > MAX_REPLY_BYTES:
                raise httpx2.ReadError("The reply is longer than any reply we know.")
            if self._limit_s is not None and time.monotonic() - started > self._limit_s:
                raise httpx2.ReadTimeout("The reply takes longer than it may.")
            yield block

    def close(self) -> None:
        self._stream.close()
