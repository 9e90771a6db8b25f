"""A reply that httpx reads comes to an end: it has a size and a time that it may not pass.

The limits of httpx itself hold for each block: a server that sends a byte now and then would be read for ever.
"""

import time
from collections.abc import Iterator

import httpx

MAX_REPLY_BYTES = 64 << 20
"""Largest reply, bytes as sent. Three hours of talk are about 12 MB of JSON, the longest reading about 10 MB."""


def bound_reply(response: httpx.Response) -> None:
    """Hold a reply to `MAX_REPLY_BYTES` and to the time of one read for the whole; a response hook of httpx.

    Whoever reads past a limit meets what httpx raises where a connection breaks off.
    """
    if isinstance(response.stream, httpx.SyncByteStream):
        timeout: dict[str, float | None] = response.request.extensions.get("timeout", {})
        response.stream = _BoundedStream(response.stream, timeout.get("read"))


class _BoundedStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, limit_s: float | None) -> None:
        self._stream = stream
        self._limit_s = limit_s

    def __iter__(self) -> Iterator[bytes]:
        started = time.monotonic()
        size_bytes = 0
        for block in self._stream:
            size_bytes += len(block)
            if size_bytes > MAX_REPLY_BYTES:
                raise httpx.ReadError("The reply is longer than any reply we know.")
            if self._limit_s is not None and time.monotonic() - started > self._limit_s:
                raise httpx.ReadTimeout("The reply takes longer than it may.")
            yield block

    def close(self) -> None:
        self._stream.close()
