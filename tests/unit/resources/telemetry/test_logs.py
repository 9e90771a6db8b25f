import io
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog
from pydantic import SecretStr

from dubbing.errors import NoSpeechError
from resources.settings import Settings
from resources.telemetry.context import ContextPool
from resources.telemetry.logs import build_line_maker, saying, set_up_logs, writes_text
from tests.unit.resources.telemetry.conftest import Log

WORDS = "what a customer said"
ours = structlog.stdlib.get_logger("api.jobs")


def fail(error: Exception) -> None:
    raise error


@contextmanager
def logged(event: str, **fields: str) -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001 - whatever it is, it is logged
        ours.exception(event, **fields)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_says_when_how_important_who_and_what(log: Log) -> None:
    ours.info("job.submitted", count=2)
    (line,) = log.lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("timestamp"))
    assert line == {"level": "info", "service": "api", "logger": "api.jobs", "event": "job.submitted", "count": 2}


def test_what_is_bound_is_in_our_lines_and_in_those_of_libraries_until_the_block_ends(log: Log) -> None:
    with saying(job="j", stage=None), saying(language="es"):
        ours.info("a.b")
        logging.getLogger("dagster.x").info("of a library")
    ours.info("c.d")
    assert [(line.get("job"), line.get("language"), "stage" in line) for line in log.lines] == [
        ("j", "es", False),
        ("j", "es", False),
        (None, None, False),
    ]


def test_threads_that_work_for_a_language_say_whom_they_work_for(log: Log) -> None:
    with saying(job="j"), ContextPool(2) as pool:
        list(pool.map(lambda number: ours.info("a.b", count=number), range(4)))
    assert [line["job"] for line in log.lines] == ["j"] * 4


def test_a_message_of_ours_with_arguments_is_written_out(log: Log) -> None:
    logging.getLogger("resources.x").warning("Voices of %s are left out: %s", "elevenlabs", "vendor_unavailable")
    assert log.lines[0]["event"] == "Voices of elevenlabs are left out: vendor_unavailable"


def test_an_error_says_its_kind_code_and_frames_and_nothing_of_what_it_says(log: Log) -> None:
    with logged("job.broke"):
        try:
            fail(ValueError(WORDS))
        except ValueError as cause:
            raise NoSpeechError(WORDS) from cause
    (line,) = log.lines
    assert [(each["type"], each.get("code")) for each in line["exception"]] == [
        ("NoSpeechError", "no_speech"),
        ("ValueError", None),
    ]
    assert all("test_logs" in each["frames"][-1] for each in line["exception"])
    assert WORDS not in log.text


def test_what_an_error_says_is_taken_out_of_a_librarys_message_too(log: Log) -> None:
    error = KeyError(WORDS)
    logging.getLogger("uvicorn.error").error("It broke: %s\nTraceback: %s", error, WORDS, exc_info=error)
    assert log.lines[0]["event"] == "It broke: KeyError"
    assert WORDS not in log.text


def test_a_traceback_in_a_message_leaves_its_frames_alone(log: Log) -> None:
    trace = f'Sensor failed\n  File "/home/ann/dubline/sensors/money.py", line 7, in money\nValueError: {WORDS}'
    logging.getLogger("dagster.daemon").error(trace)
    assert log.lines[0]["event"] == "Sensor failed"
    assert log.lines[0]["exception"] == [{"frames": ["money:7 money"]}]


def test_a_field_that_is_not_declared_or_holds_no_plain_value_is_dropped_and_counted(log: Log) -> None:
    ours.info("a.b", filename=WORDS, count=1, state={"said": WORDS}, seconds=float("nan"))
    assert (log.lines[0]["count"], log.lines[0]["dropped"]) == (1, 3)
    assert WORDS not in log.text


@pytest.mark.parametrize("said", [WORDS, "我们的话", "x" * 201, "eyJhbGciOi.eyJzdWIiOiIx.c2ln", "/v1/store/a?sig=b"])
def test_a_field_holds_one_short_ascii_word_that_is_no_secret(log: Log, said: str) -> None:
    ours.info("a.b", state=said)
    assert log.lines[0]["state"] == "[redacted]"


def test_secrets_of_the_settings_are_taken_out_wherever_they_stand(set_up: Callable[..., Log]) -> None:
    chosen = {
        "openai_api_key": SecretStr("plain-words"),
        "database_url": SecretStr("postgresql://dubline:p%40ssword@db/dubline"),
        "dagster_database_url": SecretStr("postgresql://db/dagster"),
        "otlp_headers": SecretStr("x-team=blue%20whale,x=y"),
    }
    log = set_up(**chosen)
    logging.getLogger("httpx").warning("xplain-wordsx and p@ssword, p%40ssword; blue%20whale, blue whale")
    assert log.lines[0]["event"].count("[redacted]") == 5
    assert not re.search("plain|ssword|whale", log.text)


def test_a_line_that_cannot_be_written_says_where_and_not_what(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("resources.x", logging.WARNING, __file__, 1, "%d", (WORDS,), None)
    for handler in logging.getLogger().handlers:
        if type(handler).__module__ == "resources.telemetry.logs":  # pytest's own raises what breaks
            handler.handle(record)
    assert [(line["event"], line["logger"]) for line in log.lines] == [("log.line_broken", "resources.x")]
    assert capsys.readouterr().err == ""


def test_a_message_stays_one_line(log: Log) -> None:
    logging.getLogger("httpx").warning("one\x1b[31m\x9b31m\rtwo\nthree")
    assert log.lines[0]["event"].startswith("one [31m 31m")
    assert len(log.text.splitlines()) == 1


def test_what_is_said_at_any_length_is_cut_before_it_is_searched(log: Log) -> None:
    begun_s = time.perf_counter()
    logging.getLogger("httpx").warning("Said: %s", "eyJ" * 100_000)
    ours.info("a.b", state="eyJ" * 100_000)
    assert [(line["event"], line.get("state")) for line in log.lines] == [("Said: …", None), ("a.b", "[redacted]")]
    assert time.perf_counter() - begun_s < 1


def test_a_line_of_errors_upon_errors_fits_into_a_pipe_in_one_piece(log: Log) -> None:
    def descend(depth: int, error: Exception) -> None:
        if depth:
            descend(depth - 1, error)
        raise error

    def break_again(times: int) -> None:
        try:
            if times:
                break_again(times - 1)
        finally:
            descend(40, ValueError(times))

    with logged("job.broke " + "x " * 250, job="0" * 36, run_id="0" * 36):
        break_again(5)
    assert {len(each["frames"]) for each in log.lines[0]["exception"]} == {7}
    assert len(log.text) < 4096


def test_libraries_are_not_heard_below_warnings_even_where_we_are(log: Log) -> None:
    for name in ("botocore.endpoint", "openai._base_client", "httpcore.http11"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.debug("headers: %s", WORDS)
    logging.getLogger("dagster.core").debug(WORDS)
    logging.getLogger("dagster.core").info("Launched a run")
    ours.debug("a.b")
    assert [line["event"] for line in log.lines] == ["Launched a run", "a.b"]


def test_the_level_of_the_settings_counts(set_up: Callable[..., Log]) -> None:
    log = set_up(log_level="warning")
    ours.info("a.b")
    ours.warning("c.d")
    assert [line["event"] for line in log.lines] == ["c.d"]


def test_setting_up_once_more_writes_each_line_once(set_up: Callable[..., Log]) -> None:
    before, log = set_up(), set_up()
    ours.info("a.b")
    assert (len(before.lines), len(log.lines)) == (0, 1)


def test_handlers_that_libraries_bring_are_put_out_of_work(set_up: Callable[..., Log]) -> None:
    brought = io.StringIO()
    for name in ("uvicorn", "uvicorn.access"):
        logging.getLogger(name).addHandler(logging.StreamHandler(brought))
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).propagate = False
    log = set_up()
    logging.getLogger("uvicorn.error").error("It broke.")
    logging.getLogger("uvicorn.access").info("GET /v1/store/key?signature=%s", WORDS)
    assert brought.getvalue() == ""
    assert log.lines[0]["logger"] == "uvicorn.error"


def test_text_is_for_terminals_and_json_for_the_rest() -> None:
    assert writes_text(Settings(), Terminal())
    assert not writes_text(Settings(), io.StringIO())
    assert writes_text(Settings(log_format="text"), io.StringIO())
    assert not writes_text(Settings(log_format="json"), Terminal())


def test_text_has_the_fields_behind_and_the_frames_below(set_up: Callable[..., Log]) -> None:
    log = set_up(log_format="text")
    with logged("job.broke", job="j"):
        fail(NoSpeechError(WORDS))
    first, kind, *frames = log.text.splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} error   api    job\.broke job=j", first)
    assert kind == "    NoSpeechError [no_speech]"
    assert "test_logs" in frames[-1]


def test_the_open_span_is_in_the_line(log: Log) -> None:
    from opentelemetry import trace

    context = trace.SpanContext(trace_id=0xABC, span_id=0xDEF, is_remote=False)
    with trace.use_span(trace.NonRecordingSpan(context)):
        ours.info("a.b")
    ours.info("c.d")
    assert [(line.get("trace_id"), line.get("span_id")) for line in log.lines] == [
        (f"{0xABC:032x}", f"{0xDEF:016x}"),
        (None, None),
    ]


def test_what_nobody_caught_is_logged_without_what_it_says(log: Log) -> None:
    thread = threading.Thread(target=fail, args=(ValueError(WORDS),))
    thread.start()
    thread.join()
    try:
        fail(ValueError(WORDS))
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert [line["event"] for line in log.lines] == ["thread.crashed", "process.crashed"]
    assert all("fail" in line["exception"][0]["frames"][-1] for line in log.lines)
    assert WORDS not in log.text


def test_what_breaks_while_something_is_tidied_away_is_logged_without_what_it_says(log: Log) -> None:
    class Broken:
        def __del__(self) -> None:
            fail(ValueError(WORDS))

    Broken()
    assert [(line["event"], line["exception"][0]["type"]) for line in log.lines] == [("error.ignored", "ValueError")]
    assert WORDS not in log.text


def test_standard_error_is_looked_up_when_a_line_is_written(
    set_up: Callable[..., Log], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up()
    set_up_logs(Settings(log_format="text"), "cli")
    instead = io.StringIO()
    monkeypatch.setattr(sys, "stderr", instead)
    ours.warning("a.b")
    assert "a.b" in instead.getvalue()


def test_what_a_process_wrote_past_its_log_is_made_a_line_without_secrets() -> None:
    make_line = build_line_maker(Settings(log_format="json"))
    line = make_line("web", "died; asked for http://h/x?token=abc")
    assert '"service": "web"' in line
    assert "died; asked for [redacted]" in line
