import threading
import uuid
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from tenacity import wait_none

from dub_assets.stage import Stage
from dub_assets.waiting import SHOW_EVERY_S, Waiting
from dubbing.engines import Answer, Recording
from dubbing.errors import DatabaseUnavailableError, RateLimitedError
from dubbing.jobs import LanguageState, WaitingOn
from dubbing.transcript import Transcript
from resources.database.connection import Database
from resources.database.jobs import Jobs
from tests.integration.line.conftest import Line
from tests.support.jobs import add_job
from tests.support.waiting import wait_for


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("dub_assets.waiting.monotonic", clock)
    return clock


@pytest.fixture
def job_id(database: Database) -> uuid.UUID:
    job_id = add_job(database)
    with database.transaction() as tx:
        for language in ("es", "pt-BR"):
            tx.jobs.advance(job_id, language, LanguageState.SYNTHESIZING, 40)
    return job_id


@pytest.fixture
def stage(database: Database, job_id: uuid.UUID) -> Stage:
    """A stage at work; nothing of Dagster is needed to wait."""
    nothing: Any = None
    container: Any = SimpleNamespace(database=database)
    return Stage(job_id, container, LanguageState.SYNTHESIZING, nothing, nothing)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was shown and cleared, in order; at most one at a time, or it raises."""
    written: list[str] = []
    writing = threading.Lock()
    hold, resume = Jobs.hold, Jobs.resume

    def keep(what: str, write: Callable[[], None]) -> None:
        assert writing.acquire(blocking=False), "two threads write at the same time"
        written.append(what)
        write()
        writing.release()

    monkeypatch.setattr(Jobs, "hold", lambda jobs, *how: keep(how[-1].value, lambda: hold(jobs, *how)))
    monkeypatch.setattr(Jobs, "resume", lambda jobs, *how: keep("-", lambda: resume(jobs, *how)))
    return written


def read(database: Database, job_id: uuid.UUID) -> dict[str, str | None]:
    with database.transaction() as tx:
        return {task.language: task.waiting_on for task in tx.jobs.list_languages(job_id)}


def test_a_wait_is_over_for_all_to_see_when_the_call_begins(database, job_id, stage):
    order = stage.build_order("es")
    order.pause(WaitingOn.RATE_LIMIT, 0.0)
    assert read(database, job_id) == {"es": "rate_limit", "pt-BR": None}
    with order.working():
        assert read(database, job_id) == {"es": None, "pt-BR": None}


def test_what_all_languages_share_is_shown_of_all_and_cleared_of_all(database, job_id, stage):
    order = stage.build_order()
    order.pause(WaitingOn.VENDOR, 0.0)
    assert read(database, job_id) == {"es": "vendor", "pt-BR": "vendor"}
    with order.working():
        assert read(database, job_id) == {"es": None, "pt-BR": None}


def test_a_recognition_that_was_refused_once_does_not_look_as_if_it_waited(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.purchasing.patience._backoff", wait_none())
    line = build_line()
    recognize, seen = line.recognizer.recognize, []

    def refuse_once(recording: Recording, *, language: str | None, key_terms: Sequence[str] = ()) -> Answer[Transcript]:
        seen.append(read(line.database, job_id))
        if len(seen) == 1:
            raise RateLimitedError("Wait.")
        return recognize(recording, language=language, key_terms=key_terms)

    shown: list[WaitingOn] = []
    show = Waiting.show
    monkeypatch.setattr(Waiting, "show", lambda *how: (shown.append(how[-1]), show(*how))[1])
    monkeypatch.setattr(line.recognizer, "recognize", refuse_once)
    job_id = line.submit("es", "pt-BR")
    assert line.run(job_id, ["transcript"]).success
    assert shown == [WaitingOn.RATE_LIMIT]
    assert seen == [{"es": None, "pt-BR": None}] * 2


def test_a_line_that_waits_is_not_shown_while_another_one_is_read(stage, writes):
    order = stage.build_order("es")
    with order.working():
        with order.working():
            order.pause(WaitingOn.RATE_LIMIT, 0.0)
        order.pause(WaitingOn.RATE_LIMIT, 0.0)
        assert writes == []
    order.pause(WaitingOn.RATE_LIMIT, 0.0)
    assert writes == ["rate_limit"]


def test_work_in_one_language_hides_no_wait_of_another(database, job_id, stage):
    with stage.build_order("es").working():
        stage.build_order("pt-BR").pause(WaitingOn.VENDOR, 0.0)
        assert read(database, job_id) == {"es": None, "pt-BR": "vendor"}


def test_nothing_is_written_where_nothing_was_shown(stage, writes):
    with stage.build_order("es").working():
        pass
    stage.build_order("es").pause(None, 0.0)
    assert writes == []


def test_lines_that_wait_for_different_things_write_seldom_and_one_at_a_time(stage, writes, clock):
    order, kinds = stage.build_order("es"), (WaitingOn.QUEUE, WaitingOn.RATE_LIMIT) * 4

    def look_often(kind: WaitingOn) -> None:
        for _ in range(50):
            order.pause(kind, 0.0)

    for _ in range(3):
        threads = [threading.Thread(target=look_often, args=(kind,)) for kind in kinds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        clock.now += SHOW_EVERY_S
    assert 1 <= len(writes) <= 3


def test_calls_that_begin_between_waits_are_not_written_each(stage, writes, clock):
    order = stage.build_order("es")
    for _ in range(20):
        order.pause(WaitingOn.RATE_LIMIT, 0.0)
        with order.working():
            pass
    assert writes == ["rate_limit", "-"]
    clock.now += SHOW_EVERY_S
    order.pause(WaitingOn.RATE_LIMIT, 0.0)
    assert writes[2:] == ["rate_limit"]


def test_a_long_wait_that_comes_too_soon_to_be_shown_is_shown_before_it_is_over(
    database, job_id, stage, clock, monkeypatch
):
    monkeypatch.setattr("dub_assets.stage.SHOW_EVERY_S", 0.01)
    order = stage.build_order("es")
    order.pause(WaitingOn.QUEUE, 0.0)
    waits = threading.Thread(target=order.pause, args=(WaitingOn.VENDOR, 3.0))
    waits.start()
    assert read(database, job_id)["es"] == "queue"
    clock.now += SHOW_EVERY_S
    wait_for(lambda: read(database, job_id)["es"] == "vendor", "the wait to be shown", deadline_s=2.5)
    waits.join(10)
    assert not waits.is_alive()


def test_a_wait_is_shown_again_after_progress_was_reported(database, job_id, stage, clock):
    order = stage.build_order("es")
    order.pause(WaitingOn.RATE_LIMIT, 0.0)
    stage.report(["es"], 0.5)
    assert read(database, job_id)["es"] is None
    clock.now += SHOW_EVERY_S
    order.pause(WaitingOn.RATE_LIMIT, 0.0)
    assert read(database, job_id)["es"] == "rate_limit"


def test_a_database_that_is_away_for_a_moment_costs_no_call_and_the_next_call_clears(
    database, job_id, stage, monkeypatch
):
    def be_away(*_: object) -> None:
        raise DatabaseUnavailableError("Away.")

    order = stage.build_order("es")
    order.pause(WaitingOn.RATE_LIMIT, 0.0)
    with monkeypatch.context() as away:
        away.setattr(Jobs, "resume", be_away)
        with order.working():
            pass
    assert read(database, job_id)["es"] == "rate_limit"
    with order.working():
        assert read(database, job_id)["es"] is None


def test_a_language_that_ended_shows_no_wait(database, job_id, stage):
    with database.transaction() as tx:
        tx.jobs.cancel(job_id)
    stage.build_order().pause(WaitingOn.RATE_LIMIT, 0.0)
    assert read(database, job_id) == {"es": None, "pt-BR": None}
