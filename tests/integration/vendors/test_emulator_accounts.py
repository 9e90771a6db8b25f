"""Limits, latency, the invoice, what is remembered of requests, and all of it over HTTP."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from deepgram.core.api_error import ApiError as DeepgramError
from elevenlabs.core.api_error import ApiError as ElevenlabsError

from tests.integration.vendors.emulated_vendors import Desk, open_desk
from tests.support.waiting import wait_for
from vendor_emulator.exchanges import Operation, Vendor
from vendor_emulator.server import API_KEYS

DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""Of no bytes."""


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fresh(desk: Desk) -> None:
    desk.emulator.reset()
    desk.emulator.set_mode(speaking="tone")
    desk.emulator.script_transcript(DIGEST, language="en", duration_ms=90_300, words=[])


@pytest.mark.parametrize(
    ("vendor", "operation", "call", "refusal", "word"),
    [
        ("deepgram", "recognize", lambda desk: desk.listen(b""), DeepgramError, "TOO_MANY_REQUESTS"),
        ("deepgram", "synthesize", lambda desk: desk.speak(), DeepgramError, "TOO_MANY_REQUESTS"),
        ("openai", "translate", lambda desk: desk.translate("x"), openai.RateLimitError, "rate_limit_exceeded"),
        ("elevenlabs", "synthesize", lambda desk: desk.convert(), ElevenlabsError, "too_many_concurrent_requests"),
    ],
)
def test_one_request_too_many_is_refused(
    desk: Desk,
    vendor: Vendor,
    operation: Operation,
    call: Callable[[Desk], Any],
    refusal: type[Exception],
    word: str,
) -> None:
    desk.emulator.set_limit(vendor, operation, 2)
    desk.emulator.add_fault("hang", delay_s=600, times=2)

    def count() -> dict[str, int]:
        return desk.emulator.statistics().get(vendor, {}).get(operation, {})

    def leave() -> None:
        with pytest.raises((httpx.ReadTimeout, openai.APITimeoutError)):
            _call_briefly(desk, vendor, operation)

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(leave) for _ in range(2)]
        wait_for(lambda: count().get("current") == 2, "two requests")
        with pytest.raises(refusal) as refused:
            call(desk)
        for one in waiting:
            one.result()
    wait_for(lambda: count()["current"] == 0, "the places to be free")
    assert word in json.dumps(getattr(refused.value, "body", None))
    assert count() == {"current": 0, "highest": 2, "total": 2, "refused": 1}
    call(desk)


def _call_briefly(desk: Desk, vendor: Vendor, operation: Operation) -> None:
    options = {"request_options": {"timeout_in_seconds": 1}}
    match vendor, operation:
        case "deepgram", "recognize":
            desk.listen(b"", **options)
        case "deepgram", _:
            desk.speak(**options)
        case "openai", _:
            desk.translate("x", timeout=1)
        case _:
            desk.convert(**options)


def test_a_refusal_by_openai_says_when_to_come_back(desk: Desk) -> None:
    desk.emulator.set_limit("openai", "translate", 0)
    with pytest.raises(openai.RateLimitError) as refused:
        desk.translate("x")
    assert int(refused.value.response.headers["retry-after-ms"]) > 0


def test_every_answer_takes_the_time_that_was_set(desk: Desk) -> None:
    desk.emulator.set_latency("elevenlabs", "synthesize", 0.25)
    started = time.monotonic()
    desk.convert()
    assert time.monotonic() - started >= 0.25
    desk.emulator.set_latency("elevenlabs", "synthesize", 0)
    started = time.monotonic()
    desk.convert()
    assert time.monotonic() - started < 0.25


def test_a_tone_lasts_as_long_as_the_text(desk: Desk) -> None:
    short, long = desk.convert("a" * 15), desk.convert("a" * 150)
    assert len(short) == pytest.approx(2 * 16_000, abs=4)
    assert len(long) == pytest.approx(10 * len(short), rel=0.001)
    assert np.frombuffer(short, "<i2").any()


def test_the_invoice_prices_every_vendor(desk: Desk) -> None:
    desk.listen(b"", tag=["job-7"])
    desk.listen(b"", language="multi")
    desk.speak("Guten Tag!")
    desk.convert("Bom dia, mundo")
    desk.convert("Bom dia", model_id="eleven_flash_v2_5")
    lines = desk.emulator.list_invoice()
    assert [(line.vendor, line.operation, line.model, dict(line.usage), line.usd_micros) for line in lines] == [
        ("deepgram", "recognize", "nova-3", {"ms": 90_300}, 11_589),
        ("deepgram", "recognize", "nova-3-multilingual", {"ms": 90_300}, 13_846),
        ("deepgram", "synthesize", "aura-2", {"characters": 10}, 300),
        ("elevenlabs", "synthesize", "eleven_multilingual_v2", {"characters": 14}, 1_400),
        ("elevenlabs", "synthesize", "eleven_flash_v2_5", {"characters": 7}, 350),
    ]
    assert [line.tag for line in lines] == ["job-7", None, None, None, None]
    assert len({line.request_id for line in lines}) == 5


def test_the_invoice_tells_fresh_tokens_from_cached_ones(desk: Desk) -> None:
    prompt = "Translate every line. " * 200
    replies = [
        desk.translate("Hi", model="gpt-6-sol", instructions=prompt, metadata={"job_id": "job-7"}) for _ in range(2)
    ]
    for reply, line in zip(replies, desk.emulator.list_invoice(), strict=True):
        cached = reply.usage.input_tokens_details.cached_tokens
        fresh = reply.usage.input_tokens - cached
        assert line.usage == {
            "input_tokens": fresh,
            "cached_input_tokens": cached,
            "output_tokens": reply.usage.output_tokens,
        }
        exact = 2 * fresh + 0.2 * cached + 10 * reply.usage.output_tokens
        assert line.usd_micros == int(exact + 0.5)
        assert line.tag == "job-7"
    assert cached == len(prompt) // 4


def test_an_invoice_can_begin_anew(desk: Desk) -> None:
    desk.convert()
    desk.emulator.clear_invoice()
    assert desk.emulator.list_invoice() == []


def test_requests_are_remembered_without_their_keys(desk: Desk) -> None:
    desk.convert("Hi", voice_id="H3nTzGs8QvJy5WbLk1Ce", enable_logging=False)
    desk.speak("Hi")
    desk.translate("Hi", metadata={"job_id": "7"})
    converted, spoken, translated = desk.emulator.requests()
    assert (converted["vendor"], converted["operation"]) == ("elevenlabs", "synthesize")
    assert converted["path"] == "/v1/text-to-speech/H3nTzGs8QvJy5WbLk1Ce"
    assert converted["query"]["enable_logging"] == ["false"]
    assert spoken["body"] == {"text": "Hi"}
    assert translated["body"]["metadata"] == {"job_id": "7"}
    kept = json.dumps([converted, spoken, translated])
    assert not any(key in kept for key in API_KEYS.values())


def test_the_control_plane_does_it_all_over_http(desk: Desk) -> None:
    with httpx.Client(base_url=f"{desk.emulator.url}/_emulator") as control:
        control.post("/faults", json=[{"kind": "status", "vendor": "openai", "status": 500}]).raise_for_status()
        control.delete("/faults").raise_for_status()
        words = [{"word": "Hi.", "start_ms": 0, "end_ms": 100, "speaker": 2, "confidence": 0.5}]
        script = {"sha256": DIGEST, "language": "en", "duration_ms": 60_000, "words": words}
        control.post("/transcripts", json=script).raise_for_status()
        control.post("/translations", json={"target": "de", "texts": {"Hi": ["Hallo"]}}).raise_for_status()
        control.post("/mode", json={"gullible": True, "speaking": "tone"}).raise_for_status()
        latency = {"vendor": "openai", "operation": "translate", "seconds": 0.01}
        control.post("/latencies", json=latency).raise_for_status()
        limit = {"vendor": "deepgram", "operation": "recognize", "limit": 0}
        control.post("/limits", json=limit).raise_for_status()
        with pytest.raises(DeepgramError):
            desk.listen(b"")
        control.post("/limits", json=limit | {"limit": None}).raise_for_status()
        assert desk.listen(b"").results.utterances[0].speaker == 2
        assert desk.translate("Hi").output_parsed.lines[0].text == "Hallo"
        invoice = control.get("/invoice").json()
        assert (invoice[0]["operation"], invoice[0]["usd_micros"]) == ("recognize", 7_700)
        assert invoice[0]["at"].endswith("+00:00")
        assert control.get("/statistics").json()["deepgram"]["recognize"]["refused"] == 1
        assert [request["operation"] for request in control.get("/requests").json()][-1] == "translate"
        control.delete("/invoice").raise_for_status()
        assert control.get("/invoice").json() == []
        assert control.post("/limits", json={"vendor": "deepgram"}).status_code == 400


def test_many_requests_at_once_lose_no_line(desk: Desk) -> None:
    desk.emulator.set_limit("elevenlabs", "synthesize", None)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: desk.convert("a" * number), range(1, 33)))
    lines = desk.emulator.list_invoice()
    assert sum(line.usd_micros for line in lines) == 100 * sum(range(1, 33))
    assert desk.emulator.statistics()["elevenlabs"]["synthesize"]["total"] == 32


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "vendor_emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            described = json.loads(process.stdout.readline())
            assert described["api_keys"] == API_KEYS
            assert httpx.get(f"{described['url']}/_emulator/statistics", timeout=30).json() == {}
        finally:
            process.terminate()


def test_stopping_does_not_wait_for_what_hangs() -> None:
    with open_desk() as desk:
        desk.emulator.add_fault("hang", delay_s=600)
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(desk.translate, "x")
            wait_for(lambda: bool(desk.emulator.statistics()), "the request")
            started = time.monotonic()
            desk.emulator.stop()
            assert isinstance(call.exception(), openai.OpenAIError)
    assert time.monotonic() - started < 20
