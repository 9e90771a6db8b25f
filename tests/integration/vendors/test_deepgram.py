"""Deepgram's adapters through the real SDK against the emulator.

The emulator cannot prove that Deepgram itself still has these parameters, names these errors, or bills what it says.
"""

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubbing.engines import Recording, Voice
from dubbing.errors import (
    OutcomeUnknownError,
    RateLimitedError,
    StorageError,
    SynthesisError,
    UnsupportedLanguageError,
    VendorAuthError,
    VendorError,
    VendorQuotaError,
    VendorRejectedError,
    VendorReplyError,
    VendorUnavailableError,
)
from dubbing.transcript import Word
from resources.media.wav import write_wav
from resources.vendors import aura_synthesizer, bounded_reply, deepgram_recognizer
from resources.vendors.aura_synthesizer import AuraSynthesizer
from resources.vendors.deepgram_client import build_deepgram_client
from resources.vendors.deepgram_recognizer import DeepgramRecognizer
from vendor_emulator.server import API_KEYS, VendorEmulator

KEY = API_KEYS["deepgram"]
TEXT = "Good morning, everyone."
SECRETS = (KEY, "http", "127.0.0.1", "Good", "Acme")
DURATION_MS = 2000
WORDS = [
    {"word": "Good", "start_ms": 100, "end_ms": 400, "confidence": 0.75},
    {"word": "morning.", "start_ms": 450, "end_ms": 900, "speaker": 1},
]
THALIA = Voice("aura-2-thalia-en", "en", vendor="deepgram", model="aura-2")
JULIUS = Voice("aura-2-julius-de", "de", vendor="deepgram", model="aura-2")


@pytest.fixture
def audio(emulator: VendorEmulator, tmp_path: Path) -> Path:
    """A recording in which the emulator hears `WORDS`."""
    path = tmp_path / "talk.wav"
    write_wav(path, np.sin(np.arange(16 * DURATION_MS, dtype=np.float32) / 10) / 4, 16_000)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    emulator.script_transcript(digest, language="en", duration_ms=DURATION_MS, words=WORDS)
    emulator.set_mode(speaking="tone")
    return path


@pytest.fixture
def recognizer(emulator: VendorEmulator) -> DeepgramRecognizer:
    return DeepgramRecognizer(build_deepgram_client(KEY, emulator.url))


@pytest.fixture
def synthesizer(emulator: VendorEmulator) -> AuraSynthesizer:
    emulator.set_mode(speaking="tone")
    return AuraSynthesizer(build_deepgram_client(KEY, emulator.url))


def by_file(path: Path, *, tag: str = "job-1") -> Recording:
    @contextmanager
    def fetch() -> Iterator[Path]:
        yield path

    return Recording(DURATION_MS, fetch, tag=tag)


@contextmanager
def by_address(path: Path) -> Iterator[Recording]:
    handler = partial(QuietHandler, directory=str(path.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}/{path.name}"
            yield Recording(DURATION_MS, fetch=fail_to_fetch, sign=lambda: url)
        finally:
            server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def fail_to_fetch() -> Any:
    raise StorageError("The store is away; try again.")


@contextmanager
def answering(*blocks: bytes) -> Iterator[str]:
    """Serve raw bytes as the answer to one request, whatever it is; the value is the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(65536)
                for block in blocks:
                    connection.sendall(block)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)


def refuse(call: Callable[[], object]) -> VendorError:
    """Make a call that fails, and look at what its error says."""
    with pytest.raises(VendorError) as caught:
        call()
    assert not any(secret in caught.value.message for secret in SECRETS)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


@pytest.mark.parametrize("way", ["file", "address"])
def test_a_recording_becomes_words_and_a_receipt_that_is_on_the_invoice(emulator, recognizer, audio, way):
    if way == "file":
        answer = recognizer.recognize(by_file(audio), language=None)
    else:
        with by_address(audio) as recording:
            answer = recognizer.recognize(recording, language=None)
    assert answer.value.language == "en"
    assert answer.value.duration_ms == DURATION_MS
    assert answer.value.words == (
        Word("Good", 100, 400, 0.75, "1"),
        Word("morning.", 450, 900, 0.99, "2"),
    )
    [line] = emulator.list_invoice()
    assert dict(answer.receipt.usage) == dict(line.usage) == {"ms": DURATION_MS}
    assert answer.receipt.request_id == line.request_id


def test_what_is_asked_for_is_on_the_wire(emulator, recognizer, audio):
    recognizer.recognize(by_file(audio), language="nb", key_terms=["Acme Corp", "Zoë"])
    [request] = emulator.requests()
    assert request["query"] == {
        "model": ["nova-3"],
        "language": ["no"],
        "punctuate": ["true"],
        "utterances": ["true"],
        "diarize_model": ["latest"],
        "keyterm": ["Acme Corp", "Zoë"],
        "tag": ["job-1"],
        "mip_opt_out": ["true"],
    }
    assert request["headers"]["content-length"] == str(audio.stat().st_size)


def test_a_recording_by_address_is_not_sent(emulator, recognizer, audio):
    with by_address(audio) as recording:
        recognizer.recognize(recording, language="en")
    [request] = emulator.requests()
    assert list(request["body"]) == ["url"]


def test_a_recording_in_which_nobody_speaks_is_billed_and_has_no_words(emulator, recognizer, audio):
    emulator.add_fault("no_words")
    answer = recognizer.recognize(by_file(audio), language=None)
    assert answer.value.words == ()
    assert dict(answer.receipt.usage) == {"ms": DURATION_MS}


def test_an_unknown_language_is_refused_before_any_call(emulator, recognizer, audio):
    with pytest.raises(UnsupportedLanguageError):
        recognizer.recognize(by_file(audio), language="cy")
    assert emulator.requests() == []


def test_what_the_store_says_stays_the_stores(recognizer):
    with pytest.raises(StorageError, match="store"):
        recognizer.recognize(Recording(DURATION_MS, fail_to_fetch), language="en")


def test_a_file_that_is_no_media_is_rejected(recognizer, audio, tmp_path):
    other = tmp_path / "other.wav"
    other.write_bytes(b"RIFF nothing")
    error = refuse(lambda: recognizer.recognize(by_file(other), language="en"))
    assert type(error) is VendorRejectedError


STATUSES = [
    (401, None, VendorAuthError),
    (402, None, VendorQuotaError),
    (403, None, VendorAuthError),
    (413, None, VendorRejectedError),
    (422, None, VendorRejectedError),
    (429, None, RateLimitedError),
    (500, None, VendorUnavailableError),
    (503, None, VendorUnavailableError),
    (504, None, OutcomeUnknownError),
]


@pytest.mark.parametrize(("status", "code", "kind"), STATUSES)
def test_every_refusal_has_its_error_after_one_call(emulator, recognizer, synthesizer, audio, status, code, kind):
    emulator.add_fault("status", status=status, code=code, retry_after=0, times=2)
    assert type(refuse(lambda: recognizer.recognize(by_file(audio), language="en"))) is kind
    assert type(refuse(lambda: synthesizer.synthesize(TEXT, voice=THALIA))) is kind
    assert [request["operation"] for request in emulator.requests()] == ["recognize", "synthesize"]


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_is_asked_for_reaches_the_buyer(emulator, synthesizer, status):
    emulator.add_fault("status", status=status, retry_after=7)
    assert refuse(lambda: synthesizer.synthesize(TEXT, voice=THALIA)).retry_after_s == 7


def test_a_wrong_key_is_an_error_of_its_own_and_is_not_said(emulator, audio):
    recognizer = DeepgramRecognizer(build_deepgram_client("wrong-key", emulator.url))
    error = refuse(lambda: recognizer.recognize(by_file(audio), language="en", key_terms=["Acme"]))
    assert type(error) is VendorAuthError
    assert "wrong-key" not in error.message


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("drop", OutcomeUnknownError),
        ("cut", OutcomeUnknownError),
        ("bare", VendorReplyError),
        ("json", VendorReplyError),
        ("empty", VendorReplyError),
    ],
)
def test_an_answer_that_is_no_transcript_has_its_error(emulator, recognizer, audio, kind, error):
    emulator.add_fault(kind)
    caught = refuse(lambda: recognizer.recognize(by_file(audio), language="en"))
    assert type(caught) is error
    lines = emulator.list_invoice()
    if error is VendorReplyError:
        assert caught.receipt is not None
        assert [line.request_id for line in lines] == [caught.receipt.request_id]


@pytest.mark.parametrize("operation", ["recognize", "synthesize"])
def test_an_answer_that_does_not_come_leaves_the_outcome_open(
    emulator, recognizer, synthesizer, audio, operation, monkeypatch
):
    monkeypatch.setattr(deepgram_recognizer, "BASE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(aura_synthesizer, "BASE_TIMEOUT_S", 0.0)
    monkeypatch.setattr(aura_synthesizer, "TIMEOUT_PER_CHARACTER_S", 0.01)
    emulator.add_fault("hang", delay_s=30, operation=operation)
    if operation == "recognize":
        error = refuse(lambda: recognizer.recognize(by_file(audio), language="en"))
    else:
        error = refuse(lambda: synthesizer.synthesize(TEXT, voice=THALIA))
    assert type(error) is OutcomeUnknownError


def test_nobody_at_the_address_is_not_billed(audio):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = build_deepgram_client(KEY, f"http://127.0.0.1:{port}")
    assert type(refuse(lambda: DeepgramRecognizer(client).recognize(by_file(audio), language="en"))) is (
        VendorUnavailableError
    )
    assert type(refuse(lambda: AuraSynthesizer(client).synthesize(TEXT, voice=THALIA))) is VendorUnavailableError


@pytest.mark.parametrize(
    ("head", "body", "kind"),
    [
        ("502 Bad Gateway", "<html>Störung</html>".encode("latin-1"), OutcomeUnknownError),
        ("502 Bad Gateway", b"<html>gateway</html>", VendorUnavailableError),
        ("500 Oops", b"[" * 200_000, OutcomeUnknownError),
        ("200 OK", b"[" * 200_000, OutcomeUnknownError),
        ("200 OK", json.dumps({"request_id": "00000000-0000-0000-0000-000000000000"}).encode(), VendorReplyError),
        ("302 Found\r\nlocation: http://127.0.0.1:9/", b"", VendorUnavailableError),
    ],
)
def test_whatever_comes_back_is_one_of_our_errors(audio, head, body, kind):
    answer = f"HTTP/1.1 {head}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
    with answering(answer, body) as url:
        recognizer = DeepgramRecognizer(build_deepgram_client(KEY, url))
        with by_address(audio) as recording:
            assert type(refuse(lambda: recognizer.recognize(recording, language="en"))) is kind


def test_a_reply_without_end_is_left(monkeypatch):
    monkeypatch.setattr(bounded_reply, "MAX_REPLY_BYTES", 1000)
    with answering(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", b"\1\2" * 5000) as url:
        synthesizer = AuraSynthesizer(build_deepgram_client(KEY, url))
        assert type(refuse(lambda: synthesizer.synthesize(TEXT, voice=THALIA))) is OutcomeUnknownError


def test_a_text_becomes_speech_and_a_receipt_that_is_on_the_invoice(emulator, synthesizer):
    answer = synthesizer.synthesize(TEXT, voice=THALIA)
    assert answer.value.rate_hz == 24_000
    assert len(answer.value.samples) > 12_000
    [line] = emulator.list_invoice()
    assert dict(answer.receipt.usage) == dict(line.usage) == {"characters": len(TEXT)}
    assert answer.receipt.request_id == line.request_id
    [request] = emulator.requests()
    assert request["body"] == {"text": TEXT}
    assert request["query"] == {
        "model": ["aura-2-thalia-en"],
        "encoding": ["linear16"],
        "container": ["none"],
        "sample_rate": ["24000"],
        "mip_opt_out": ["true"],
    }


def test_every_voice_that_is_listed_is_one_that_speaks(emulator, synthesizer):
    for voice in synthesizer.list_voices():
        assert len(synthesizer.synthesize("Hello.", voice=voice).value.samples)


def test_a_speed_is_sent_only_where_it_is_one(emulator, synthesizer):
    slow = synthesizer.synthesize(TEXT, voice=THALIA, speed=0.8)
    fast = synthesizer.synthesize(TEXT, voice=THALIA, speed=1.4)
    synthesizer.synthesize(TEXT, voice=JULIUS)
    assert len(fast.value.samples) < len(slow.value.samples)
    assert [request["query"].get("speed") for request in emulator.requests()] == [["0.8"], ["1.4"], None]


@pytest.mark.parametrize("text", ["", " … ", "—!?"])
def test_a_text_with_nothing_to_say_is_refused_before_any_call(emulator, synthesizer, text):
    with pytest.raises(SynthesisError):
        synthesizer.synthesize(text, voice=THALIA)
    assert emulator.requests() == []


def test_a_text_that_is_too_long_is_rejected(synthesizer):
    longest = "a" * synthesizer.get_max_characters(THALIA)
    assert len(synthesizer.synthesize(longest, voice=THALIA).value.samples)
    assert type(refuse(lambda: synthesizer.synthesize(longest + "a", voice=THALIA))) is VendorRejectedError


@pytest.mark.parametrize("kind", ["empty", "odd", "json", "silence"])
def test_what_comes_in_place_of_speech_is_refused_with_the_receipt(emulator, synthesizer, kind):
    emulator.add_fault(kind)
    error = refuse(lambda: synthesizer.synthesize(TEXT, voice=THALIA))
    [line] = emulator.list_invoice()
    assert isinstance(error, VendorReplyError)
    assert error.receipt is not None
    assert (dict(error.receipt.usage), error.receipt.request_id) == (dict(line.usage), line.request_id)


@pytest.mark.parametrize("kind", ["cut", "drop"])
def test_a_reading_that_breaks_off_leaves_the_outcome_open(emulator, synthesizer, kind):
    emulator.add_fault(kind)
    assert type(refuse(lambda: synthesizer.synthesize(TEXT, voice=THALIA))) is OutcomeUnknownError
    assert len(emulator.requests()) == 1


def test_the_names_tell_model_and_settings(recognizer, synthesizer):
    assert recognizer.name.startswith("deepgram/nova-3/")
    assert (recognizer.vendor, recognizer.model) == ("deepgram", "nova-3")
    assert synthesizer.identify(THALIA).startswith(synthesizer.name)
    assert synthesizer.identify(THALIA) != synthesizer.identify(JULIUS)
