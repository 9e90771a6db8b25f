"""A reply from OpenAI that does not end is ended."""

import itertools
from collections.abc import Iterator

import httpx2
import pytest

from resources.vendors import openai_bounds
from resources.vendors.openai_bounds import MAX_REPLY_BYTES, bound_reply
from resources.vendors.openai_client import build_client


class Dripping(httpx2.SyncByteStream):
    """A body without end."""

    def __init__(self, block: bytes) -> None:
        self.block = block
        self.sent_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent_bytes += len(self.block)
            yield self.block


def build_response(stream: httpx2.SyncByteStream, read_s: float | None) -> httpx2.Response:
    request = httpx2.Request("POST", "https://host.example", extensions={"timeout": {"read": read_s}})
    response = httpx2.Response(200, stream=stream, request=request)
    bound_reply(response)
    return response


def test_a_reply_that_is_too_long_is_broken_off():
    stream = Dripping(bytes(1 << 16))
    with pytest.raises(httpx2.ReadError):
        build_response(stream, None).read()
    assert stream.sent_bytes <= MAX_REPLY_BYTES + (1 << 16)


def test_a_reply_that_drips_is_broken_off_after_the_time_of_one_read(monkeypatch):
    seconds = itertools.count()
    monkeypatch.setattr(openai_bounds.time, "monotonic", lambda: float(next(seconds)))
    stream = Dripping(b" ")
    with pytest.raises(httpx2.ReadTimeout):
        build_response(stream, 30.0).read()
    assert stream.sent_bytes == 31


def test_a_reply_within_its_bounds_is_read_to_its_end():
    response = build_response(httpx2.ByteStream(b"{}"), 30.0)
    assert response.read() == b"{}"


def test_the_client_bounds_its_replies():
    assert build_client("sk-test")._client.event_hooks["response"] == [bound_reply]
