"""Over a transport in memory: that a real socket ends the same way is shown elsewhere."""

from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest

from resources.vendors import bounded_reply
from resources.vendors.bounded_reply import bound_reply


class Blocks(httpx.SyncByteStream):
    def __init__(self, blocks: list[bytes]) -> None:
        self.blocks = blocks
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self.blocks

    def close(self) -> None:
        self.is_closed = True


def read(stream: Blocks, timeout_s: float = 60.0) -> bytes:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=stream))
    with httpx.Client(transport=transport, event_hooks={"response": [bound_reply]}, timeout=timeout_s) as client:
        return client.get("http://vendor/").content


def test_a_reply_within_its_limits_is_read_to_its_end():
    stream = Blocks([b"ab", b"", b"c"])
    assert read(stream) == b"abc"
    assert stream.is_closed


def test_a_reply_that_is_too_long_breaks_off(monkeypatch):
    monkeypatch.setattr(bounded_reply, "MAX_REPLY_BYTES", 5)
    stream = Blocks([b"abc"] * 2)
    with pytest.raises(httpx.ReadError):
        read(stream)
    assert stream.is_closed


def test_a_reply_that_trickles_ends_with_the_time_of_one_read(monkeypatch):
    clock = iter([0.0, 4.0, 9.0, 11.0, 12.0])
    monkeypatch.setattr(bounded_reply, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with pytest.raises(httpx.ReadTimeout):
        read(Blocks([b"a"] * 100), timeout_s=10.0)
