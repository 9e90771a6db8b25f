"""Answers that no vendor should give, from a server that gives whatever a test says."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI, Request, Response

from dubbing.engines import Voice
from dubbing.errors import SynthesisError, VendorError, VendorRejectedError, VendorReplyError
from resources.vendors.elevenlabs_synthesizer import ElevenLabsSynthesizer
from tests.support.http_server import served

SECRET = "words of a customer"
MARLENE = {"id": "q7RmXc2VtLw9KdPzB4Ya", "name": "Marlene", "gender": "female", "category": "premade"}
VOICE = Voice("q7RmXc2VtLw9KdPzB4Ya", "de", vendor="elevenlabs")

SHAPES = [
    b"",
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"\xff\xfe\xfd",
    b"[" * 100_000,
    b"{}",
    b'{"detail": 7}',
    b'{"detail": {"status": ["quota_exceeded"], "code": null}}',
    b'{"voices": 7}',
    b'{"voices": {"voice_id": "a"}}',
]


class Server:
    def __init__(self) -> None:
        self.paths: list[str] = []
        self.answer = Response()

    def build(self, url: str) -> FastAPI:
        application = FastAPI()

        @application.api_route("/{path:path}", methods=["GET", "POST"])
        async def answer(request: Request) -> Response:
            self.paths.append(request.url.path)
            return self.answer

        self.url = url
        return application


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    with served(server.build):
        yield server


def build(server: Server, kept: list[dict[str, str]] | None) -> ElevenLabsSynthesizer:
    return ElevenLabsSynthesizer(
        "sk_key",
        read_voices=lambda: None if kept is None else (datetime.now(UTC), kept),
        write_voices=lambda voices: None,
        url=server.url,
        timeout_s=5,
    )


@pytest.mark.parametrize("body", SHAPES)
@pytest.mark.parametrize("status", [200, 401, 422, 500])
def test_an_answer_of_any_shape_is_an_error_of_ours(server: Server, body: bytes, status: int) -> None:
    server.answer = Response(body, status, media_type="application/json")
    with pytest.raises(VendorError):
        build(server, [MARLENE]).synthesize("Hallo.", voice=VOICE)
    with pytest.raises(VendorError):
        build(server, None).list_voices()


def test_what_the_vendor_says_is_not_repeated(server: Server) -> None:
    said = f'{{"detail": {{"status": "{SECRET}", "message": "{SECRET}"}}}}'
    server.answer = Response(said, 400, {"x-said": SECRET})
    with pytest.raises(VendorRejectedError) as caught:
        build(server, [MARLENE]).synthesize("Hallo.", voice=VOICE)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_redirect_is_not_followed_with_the_key(server: Server) -> None:
    server.paths.clear()
    server.answer = Response(status_code=307, headers={"location": f"{server.url}/elsewhere"})
    with pytest.raises(VendorRejectedError):
        build(server, [MARLENE]).synthesize("Hallo.", voice=VOICE)
    assert server.paths == [f"/v1/text-to-speech/{VOICE.name}"]


@pytest.mark.parametrize("cost", ["", "-5", "1e9", "nan", "9" * 30, "١٢"])
def test_a_receipt_that_makes_no_sense_is_made_of_the_text(server: Server, cost: str) -> None:
    server.answer = Response(b"\x00" * 100, media_type="audio/pcm")
    server.answer.raw_headers.append((b"character-cost", cost.encode()))
    server.answer.raw_headers.append((b"request-id", b"<script>" + b"x" * 200))
    with pytest.raises(VendorReplyError) as caught:
        build(server, [MARLENE]).synthesize("Hallo.", voice=VOICE)
    assert caught.value.receipt is not None
    assert (dict(caught.value.receipt.usage), caught.value.receipt.request_id) == ({"characters": 6}, None)


def test_a_kept_list_cannot_make_us_call_another_address(server: Server) -> None:
    server.paths.clear()
    synthesizer = build(server, [MARLENE | {"id": "../../v1/user"}])
    with pytest.raises(SynthesisError):
        synthesizer.synthesize("Hallo.", voice=synthesizer.list_voices()[0])
    assert server.paths == []
