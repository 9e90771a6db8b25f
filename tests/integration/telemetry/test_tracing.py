"""Spans, and a real receiver that they are sent to: one that answers, one that is away and one that hangs."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dubbing.errors import DubbingError, SettingsError, VendorUnavailableError
from resources.settings import PREFIX, Settings
from resources.telemetry import tracing
from resources.telemetry.context import ContextPool
from resources.telemetry.tracing import (
    describe_span,
    fail_span,
    flush_spans,
    get_traceparent,
    span,
    start_tracing,
    stop_tracing,
    trace_wait,
)
from tests.support.otlp import Receiver, Span, find_parent, otlp_receiver

SAMPLED = 1
"""Flag of a place whose trace is kept."""

CLOSED_PORT = "http://127.0.0.1:9"

OFF = """
import sys
import api.application, cli.main, sensors.definitions
from resources.settings import Settings
from resources.telemetry.tracing import span, start_tracing
start_tracing(Settings(), "api")
with span("work"):
    pass
print(*(name for name in ("opentelemetry.sdk", "opentelemetry.exporter") if name in sys.modules))
"""

ENDING = """
import logging
logging.basicConfig(level="INFO")
from resources.settings import load_settings
from resources.telemetry.tracing import flush_spans, span, start_tracing
start_tracing(load_settings(), "api")
for _ in range(2):
    with span("work"):
        pass
    flush_spans()
print("done")
"""

FORKED = """
import multiprocessing
from resources.settings import load_settings
from resources.telemetry.tracing import span, start_tracing

def work():
    start_tracing(load_settings(), "run")
    with span("forked"):
        pass

if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["resources.telemetry.otlp"])
    process = context.Process(target=work)
    process.start()
    process.join()
"""


def run_program(program: str, endpoint: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {} if endpoint is None else {f"{PREFIX}OTLP_ENDPOINT": endpoint}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with otlp_receiver() as receiver:
        yield receiver
        stop_tracing()


def start(receiver: Receiver, **settings: object) -> None:
    start_tracing(Settings(otlp_endpoint=receiver.url, **settings), "api")  # type: ignore[arg-type]


def take(receiver: Receiver) -> dict[str, Span]:
    flush_spans()
    return {span.name: span for span in receiver.spans}


def test_without_a_receiver_nothing_of_the_sdk_is_imported() -> None:
    assert run_program(OFF).stdout.strip() == ""


def test_without_a_receiver_every_call_does_nothing() -> None:
    start_tracing(Settings(), "api")
    with span("work", parent="00-" + "1" * 32 + "-" + "2" * 16 + "-01"), trace_wait("queue"):
        describe_span({"job": "1"})
        fail_span("internal")
        assert get_traceparent() is None
    flush_spans()
    assert not tracing.is_tracing()


def test_spans_hang_below_each_other_also_in_the_threads_of_a_pool(receiver: Receiver) -> None:
    start(receiver)
    with span("request", kind="server"), ContextPool(2) as pool:

        def work() -> None:
            with span("call", kind="client"):
                pass

        pool.submit(work).result()
    spans = take(receiver)
    assert find_parent(receiver.spans, spans["call"]) == spans["request"]
    assert {each.component for each in receiver.spans} == {"api"}


def test_a_trace_goes_on_from_a_place_that_was_written_down(receiver: Receiver) -> None:
    start(receiver)
    with span("submitted"):
        place = get_traceparent()
    with span("other"), span("run", parent=place):
        pass
    spans = take(receiver)
    assert find_parent(receiver.spans, spans["run"]) == spans["submitted"]


@pytest.mark.parametrize("place", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_place_that_is_none_begins_a_trace(receiver: Receiver, place: str) -> None:
    start(receiver)
    with span("run", parent=place):
        pass
    assert take(receiver)["run"].parent_id == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [(VendorUnavailableError("marmalade"), "vendor_unavailable"), (ValueError("marmalade"), "ValueError")],
)
def test_an_error_is_told_by_its_name_and_not_by_its_message(receiver: Receiver, error: Exception, code: str) -> None:
    start(receiver)
    with pytest.raises(type(error)), span("outer"), span("work"):
        raise error
    seen = take(receiver)["work"]
    assert (seen.has_failed, seen.status_message, seen.attributes["error.type"], seen.events) == (True, code, code, 0)
    assert b"marmalade" not in b"".join(receiver.bodies)


def test_a_failure_that_is_dealt_with_can_be_told(receiver: Receiver) -> None:
    start(receiver)
    with span("run"):
        fail_span(DubbingError.code)
    assert take(receiver)["run"].status_message == DubbingError.code


def test_only_what_is_on_the_list_is_said(receiver: Receiver) -> None:
    start(receiver)
    with span("work", attributes={"job": "1", "transcript": "marmalade"}):
        describe_span({"vendor": "openai", "file_name": "marmalade"})
    assert take(receiver)["work"].attributes == {"job": "1", "vendor": "openai"}


def test_a_wait_that_nobody_notices_is_no_span(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    start(receiver)
    with span("stage"):
        with trace_wait("queue"):
            pass
        monkeypatch.setattr("resources.telemetry.otlp.QUIET_S", 0.0)
        with pytest.raises(ValueError, match="stopped"), trace_wait("vendor"):
            raise ValueError("stopped")
    take(receiver)
    [wait] = receiver.named("wait")
    assert wait.attributes == {"waiting_on": "vendor"}


def test_of_a_share_of_none_nothing_is_sent_and_those_that_go_on_know_it(receiver: Receiver) -> None:
    start(receiver, trace_share=0.0)
    with span("request"):
        place = get_traceparent()
    assert place
    assert not int(place[-2:], 16) & SAMPLED
    stop_tracing()
    start(receiver)
    with span("run", parent=place):
        pass
    assert take(receiver) == {}


def test_the_receiver_gets_the_headers_of_the_settings(receiver: Receiver) -> None:
    start(receiver, otlp_headers=SecretStr("authorization=Bearer%20abc=, x-scope=dubs"))
    with span("work"):
        pass
    take(receiver)
    sent = {name.lower(): value for name, value in receiver.headers[0].items()}
    assert (sent["authorization"], sent["x-scope"]) == ("Bearer abc=", "dubs")


def test_headers_that_cannot_be_read_are_refused_without_showing_them(receiver: Receiver) -> None:
    with pytest.raises(SettingsError, match="DUBLINE_OTLP_HEADERS") as refused:
        start(receiver, otlp_headers=SecretStr("hunter2"))
    assert "hunter2" not in refused.value.message


def test_a_receiver_that_is_away_is_told_once_without_its_address() -> None:
    ended = run_program(ENDING, CLOSED_PORT)
    said = ended.stdout + ended.stderr
    assert ended.stdout.endswith("done\n")
    assert said.count("traces.not_received") == 1
    assert "127.0.0.1" not in said


def test_a_receiver_that_never_answers_keeps_no_process_alive(receiver: Receiver) -> None:
    receiver.hangs.set()
    assert run_program(ENDING, receiver.url).stdout.endswith("done\n")


def test_a_forked_process_sends_its_spans_before_it_ends(receiver: Receiver, tmp_path: Path) -> None:
    file = tmp_path / "forked.py"  # a process of a forkserver finds its work in a file
    file.write_text(FORKED)
    command = [sys.executable, str(file)]
    subprocess.run(command, env={f"{PREFIX}OTLP_ENDPOINT": receiver.url, "PYTHONPATH": "."}, check=True, timeout=60)
    assert [(each.name, each.component) for each in receiver.spans] == [("forked", "run")]
