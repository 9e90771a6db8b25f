import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest
from deepgram.core.api_error import ApiError as DeepgramError
from elevenlabs.core.api_error import ApiError as ElevenlabsError

from tests.integration.vendors.emulated_vendors import Desk, open_desk, read_samples
from tests.support.waiting import wait_for
from vendor_emulator.server import API_KEYS

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fresh(desk: Desk) -> None:
    desk.emulator.reset()
    words = [{"word": "Hello.", "start_ms": 0, "end_ms": 500}]
    desk.emulator.script_transcript(EMPTY_SHA256, language="en", duration_ms=1000, words=words)
    desk.emulator.script_translations("de", {"One": "Eins", "Two": "Zwei"})


CALLS: dict[str, Callable[[Desk], Any]] = {
    "recognize": lambda desk: desk.listen(b""),
    "speak": lambda desk: desk.speak("One"),
    "translate": lambda desk: desk.translate("One", "Two"),
    "convert": lambda desk: desk.convert("One"),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
every_voice = pytest.mark.parametrize("call", [CALLS["speak"], CALLS["convert"]], ids=["speak", "convert"])
LOST = (httpx.RemoteProtocolError, openai.APIConnectionError)


def _post(desk: Desk, **changes: Any) -> httpx.Response:
    """Ask for a translation without an SDK."""
    headers = {"authorization": f"Bearer {API_KEYS['openai']}"}
    body = {"model": "gpt-6-luna", "input": "One"} | changes
    return httpx.post(f"{desk.emulator.openai_url}/responses", json=body, headers=headers)


@every_call
def test_a_dropped_connection_gives_no_answer_and_no_bill(desk: Desk, call: Callable[[Desk], Any]) -> None:
    desk.emulator.add_fault("drop")
    with pytest.raises(LOST):
        call(desk)
    assert desk.emulator.list_invoice() == []
    call(desk)


@every_call
def test_a_cut_answer_breaks_off_and_is_billed(desk: Desk, call: Callable[[Desk], Any]) -> None:
    desk.emulator.add_fault("cut")
    with pytest.raises(LOST):
        call(desk)
    assert len(desk.emulator.list_invoice()) == 1


def test_a_cut_voice_has_spoken_before_it_breaks_off(desk: Desk) -> None:
    whole = desk.speak("One")
    desk.emulator.add_fault("cut")
    said: list[bytes] = []
    stream = desk.deepgram.speak.v1.audio.generate(
        text="One", model="aura-2-thalia-en", encoding="linear16", container="none", sample_rate=16_000
    )
    with pytest.raises(httpx.RemoteProtocolError):
        said.extend(stream)
    assert 0 < len(b"".join(said)) < len(whole)
    assert whole.startswith(b"".join(said))


@every_call
def test_a_hanging_vendor_answers_late(desk: Desk, call: Callable[[Desk], Any]) -> None:
    desk.emulator.add_fault("hang", delay_s=0.3)
    started = time.monotonic()
    call(desk)
    assert time.monotonic() - started >= 0.3
    assert len(desk.emulator.list_invoice()) == 1


def test_a_client_that_leaves_is_billed_and_frees_its_place(desk: Desk) -> None:
    desk.emulator.add_fault("hang", delay_s=600)
    with pytest.raises(openai.APITimeoutError):
        desk.translate("One", timeout=0.3)
    wait_for(lambda: len(desk.emulator.list_invoice()) == 1, "the bill")
    wait_for(lambda: desk.emulator.statistics()["openai"]["translate"]["current"] == 0, "the place to be free")


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        (429, None, "TOO_MANY_REQUESTS"),
        (402, None, "ASR_PAYMENT_REQUIRED"),
        (401, None, "INVALID_AUTH"),
        (403, None, "INSUFFICIENT_PERMISSIONS"),
    ],
)
def test_deepgram_fails_in_its_own_words(desk: Desk, status: int, code: str | None, word: str) -> None:
    for call in (CALLS["recognize"], CALLS["speak"]):
        desk.emulator.add_fault("status", vendor="deepgram", status=status, code=code)
        with pytest.raises(DeepgramError) as failed:
            call(desk)
        assert (failed.value.status_code, failed.value.body["err_code"]) == (status, word)
        assert failed.value.body["request_id"] == failed.value.headers["dg-request-id"]


def test_a_failure_of_deepgrams_server_has_the_newer_shape(desk: Desk) -> None:
    desk.emulator.add_fault("status", status=503)
    with pytest.raises(DeepgramError) as failed:
        desk.listen(b"")
    assert failed.value.body.keys() == {"category", "message", "details", "request_id"}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "rate_limit_exceeded", openai.RateLimitError),
        (429, "insufficient_quota", openai.RateLimitError),
        (401, "invalid_api_key", openai.AuthenticationError),
        (500, None, openai.InternalServerError),
        (503, None, openai.InternalServerError),
    ],
)
def test_openai_fails_in_its_own_words(desk: Desk, status: int, code: str | None, kind: type[Exception]) -> None:
    desk.emulator.add_fault("status", vendor="openai", status=status, code=code)
    with pytest.raises(kind) as failed:
        desk.translate("One")
    assert isinstance(failed.value, openai.APIStatusError)
    assert (failed.value.status_code, failed.value.code) == (status, code)


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        (429, None, "too_many_concurrent_requests"),
        (429, "system_busy", "system_busy"),
        (401, "quota_exceeded", "quota_exceeded"),
        (500, None, "internal_server_error"),
    ],
)
def test_elevenlabs_fails_in_its_own_words(desk: Desk, status: int, code: str | None, word: str) -> None:
    desk.emulator.add_fault("status", vendor="elevenlabs", status=status, code=code)
    with pytest.raises(ElevenlabsError) as failed:
        desk.convert("One")
    assert (failed.value.status_code, failed.value.body["detail"]["status"]) == (status, word)
    assert failed.value.headers["request-id"]


def test_a_retry_comes_after_seconds_or_at_a_date(desk: Desk) -> None:
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    desk.emulator.add_fault("status", status=429, retry_after=1.5)
    desk.emulator.add_fault("status", status=429, retry_after=date)
    seconds, at_date = _post(desk), _post(desk)
    assert (seconds.headers["retry-after"], seconds.headers["retry-after-ms"]) == ("1.5", "1500")
    assert at_date.headers["retry-after"] == date


def test_a_fault_happens_as_often_as_it_was_asked_for(desk: Desk) -> None:
    desk.emulator.add_fault("status", status=500, times=2)
    assert [_post(desk).status_code for _ in range(3)] == [500, 500, 200]


def test_a_fault_meets_only_what_it_is_for(desk: Desk) -> None:
    desk.emulator.add_fault("status", vendor="deepgram", operation="recognize")
    desk.emulator.add_fault("status", match="aura-2-hector-fr")
    desk.emulator.add_fault("status", match='"target_language": "fr"')
    desk.speak("One")
    desk.convert("One")
    desk.translate("One")
    for failing in (
        lambda: desk.listen(b""),
        lambda: desk.speak("One", model="aura-2-hector-fr"),
        lambda: desk.translate("One", target="fr"),
    ):
        with pytest.raises((DeepgramError, openai.APIStatusError)):
            failing()


def test_faults_can_be_called_off(desk: Desk) -> None:
    desk.emulator.add_fault("status", times=9)
    desk.emulator.clear_faults()
    assert _post(desk).status_code == 200


def test_who_is_billed_can_be_said(desk: Desk) -> None:
    desk.emulator.add_fault("drop", billed=True)
    desk.emulator.add_fault("cut", billed=False)
    for _ in range(2):
        with pytest.raises(LOST):
            desk.translate("One")
    assert len(desk.emulator.list_invoice()) == 1


@every_voice
def test_an_empty_voice_has_no_bytes(desk: Desk, call: Callable[[Desk], bytes]) -> None:
    desk.emulator.add_fault("empty")
    assert call(desk) == b""
    assert len(desk.emulator.list_invoice()) == 1


@every_voice
def test_an_odd_voice_lacks_a_byte(desk: Desk, call: Callable[[Desk], bytes]) -> None:
    whole = call(desk)
    desk.emulator.add_fault("odd")
    assert call(desk) == whole[:-1]


@every_voice
def test_a_silent_voice_is_as_long_as_it_would_be(desk: Desk, call: Callable[[Desk], bytes]) -> None:
    whole = call(desk)
    desk.emulator.add_fault("silence")
    silence = call(desk)
    assert len(silence) == len(whole)
    assert not read_samples(silence).any()


@every_voice
def test_a_short_voice_is_a_twentieth_of_it(desk: Desk, call: Callable[[Desk], bytes]) -> None:
    whole = call(desk)
    desk.emulator.add_fault("short")
    short = call(desk)
    assert len(short) % 2 == 0
    assert len(short) == pytest.approx(len(whole) / 20, abs=2)
    assert whole.startswith(short)


@every_voice
def test_json_comes_in_place_of_a_voice(desk: Desk, call: Callable[[Desk], bytes]) -> None:
    desk.emulator.add_fault("json")
    assert call(desk).startswith(b"{")


def test_html_comes_in_place_of_json(desk: Desk) -> None:
    desk.emulator.add_fault("json", times=2)
    with pytest.raises(DeepgramError):
        desk.listen(b"")
    assert _post(desk).headers["content-type"].startswith("text/html")


def test_a_bare_answer_says_nothing(desk: Desk) -> None:
    desk.emulator.add_fault("bare", times=2)
    assert desk.listen(b"").results is None
    assert desk.translate("One").output_parsed is None


def test_nothing_is_heard(desk: Desk) -> None:
    desk.emulator.add_fault("no_words")
    reply = desk.listen(b"")
    assert (reply.results.channels[0].alternatives[0].words, reply.results.utterances) == ([], [])
    assert reply.metadata.duration == 1.0


@pytest.mark.parametrize(
    ("kind", "ids"),
    [("missing", [1]), ("doubled", [1, 2, 1]), ("foreign", [1, 2, 987_654])],
    ids=lambda value: str(value),
)
def test_lines_of_a_translation_go_wrong(desk: Desk, kind: Any, ids: list[int]) -> None:
    desk.emulator.add_fault(kind)
    assert [line.id for line in desk.translate("One", "Two").output_parsed.lines] == ids


def test_a_model_declines(desk: Desk) -> None:
    desk.emulator.add_fault("refusal")
    assert desk.translate("One").output[0].content[0].type == "refusal"


def test_an_answer_stops_at_its_limit(desk: Desk) -> None:
    desk.emulator.add_fault("incomplete")
    raw = _post_document(desk)
    assert (raw["status"], raw["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert len(desk.emulator.list_invoice()) == 1


def test_a_truncated_answer_claims_to_be_complete(desk: Desk) -> None:
    desk.emulator.add_fault("truncated")
    with pytest.raises(ValueError, match="Invalid JSON"):
        desk.translate("One")
    desk.emulator.add_fault("truncated")
    raw = _post_document(desk)
    assert (raw["status"], raw["incomplete_details"]) == ("completed", None)


def test_a_fault_that_does_not_exist_is_refused(desk: Desk) -> None:
    answer = httpx.post(f"{desk.emulator.url}/_emulator/faults", json={"kind": "explosion"})
    assert answer.status_code == 400
    assert "explosion" in answer.json()["error"]


def _post_document(desk: Desk) -> dict[str, Any]:
    document = '{"source_language": "en", "target_language": "de", "lines": [{"id": 1, "text": "One"}]}'
    reply: dict[str, Any] = _post(desk, input=document).json()
    return reply
