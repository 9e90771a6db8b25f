"""What errors make of a run, over a real database and a real instance of Dagster.

Errors are made by hand where a real one would come from: they cannot prove what a driver raises in each release.
"""

import threading
from collections.abc import Callable
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from dubbing.errors import DiskFullError, JobBusyError, NoSpeechError
from resources.database.job_lock import JobLock
from resources.database.jobs import Jobs
from resources.database.stage_values import StageValues
from tests.integration.line.conftest import Line
from tests.support.waiting import wait_for

MARK = "the customer said that he is ill"


def get_error(line: Line, job_id: UUID) -> tuple[str, str | None, str | None]:
    with line.database.transaction() as tx:
        job = tx.jobs.get(job_id)
    return job.state, job.error_code, job.error_message


def count_retries(result: dg.ExecuteInProcessResult) -> int:
    return sum(event.event_type_value == "STEP_UP_FOR_RETRY" for event in result.all_events)


def read_log(line: Line, result: dg.ExecuteInProcessResult) -> str:
    return "\n".join(str(entry.to_json()) for entry in line.instance.all_logs(result.run_id))


def break_times(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, times: int, error: Exception) -> None:
    """Let the first calls of a method fail."""
    original, calls = getattr(owner, name), []

    def broken(self: object, *arguments: object, **options: object) -> object:
        calls.append(name)
        if len(calls) <= times:
            raise error
        return original(self, *arguments, **options)

    monkeypatch.setattr(owner, name, broken)


def build_hiccup() -> OperationalError:
    return OperationalError(f"INSERT {MARK}", {"text": MARK}, Exception(f"server closed: {MARK}"))


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Jobs, "advance"),
        (StageValues, "save_transcript"),
        (StageValues, "load_transcript"),
    ],
)
def test_a_hiccup_of_the_database_costs_a_try_and_not_the_job(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")
    break_times(monkeypatch, owner, name, 1, build_hiccup())
    result = line.run(job_id)
    assert result.success
    assert count_retries(result) == 1
    assert line.states(job_id)["es"].startswith("completed")
    assert MARK not in read_log(line, result)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Jobs, "list_active_languages"), (StageValues, "save_transcript"), (StageValues, "load_transcript")],
)
def test_a_database_that_stays_broken_ends_the_job_with_its_own_code(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")
    break_times(monkeypatch, owner, name, 99, build_hiccup())
    result = line.run(job_id)
    assert not result.success
    assert count_retries(result) == 2
    assert get_error(line, job_id)[:2] == ("failed", "database_unavailable")
    assert MARK not in read_log(line, result)


def test_a_fault_that_may_pass_is_recorded_after_the_last_try_only(build_line: Callable[..., Line]) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")
    seen: list[str] = []

    def fill_the_disk(spoken: str, language: str) -> bool:
        seen.append(get_error(line, job_id)[0])
        raise DiskFullError("The disk is full.")

    line.synthesizer.fails = fill_the_disk
    result = line.run(job_id)
    assert not result.success
    assert count_retries(result) == 2
    assert set(seen) == {"running"}  # lines are voiced at the same time: a second may begin before the first fails
    assert get_error(line, job_id) == ("failed", "disk_full", "The disk is full.")


def test_a_permanent_error_is_not_tried_again(build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")

    def hear_nobody(*arguments: object, **options: object) -> None:
        line.recognizer.calls += 1
        raise NoSpeechError("Nobody speaks.") from ValueError(MARK)

    monkeypatch.setattr(line.recognizer, "recognize", hear_nobody)
    result = line.run(job_id)
    assert (count_retries(result), line.recognizer.calls) == (0, 1)
    assert get_error(line, job_id)[:2] == ("failed", "no_speech")
    assert MARK not in read_log(line, result)


@pytest.mark.parametrize("place", ["stage", "language", "save", "load"])
def test_no_word_of_an_unexpected_error_is_in_dagsters_records(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")

    def break_with_words(*arguments: object, **options: object) -> None:
        raise ValueError(MARK)

    owner, name = {
        "stage": (line.recognizer, "recognize"),
        "language": (line.translator, "translate"),
        "save": (StageValues, "save_transcript"),
        "load": (StageValues, "load_transcript"),
    }[place]
    monkeypatch.setattr(owner, name, break_with_words)
    result = line.run(job_id)
    assert not result.success
    assert count_retries(result) == 0
    log = read_log(line, result)
    assert MARK not in log
    assert "break_with_words" in log  # the frames
    assert set(line.states(job_id).values()) == {"failed"}
    with line.database.transaction() as tx:
        [task] = tx.jobs.list_languages(job_id)
    assert (task.error_code, MARK in (task.error_message or "")) == ("internal", False)


def test_no_word_of_what_breaks_in_a_cancelled_job_is_in_dagsters_records(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")

    def cancel_and_break(*arguments: object, **options: object) -> None:
        with line.database.transaction() as tx:
            tx.jobs.cancel(job_id)
        raise ValueError(MARK)

    monkeypatch.setattr(line.recognizer, "recognize", cancel_and_break)
    result = line.run(job_id)
    run = line.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.CANCELED
    assert MARK not in read_log(line, result)


def test_a_job_that_another_process_lets_go_of_soon_is_worked_on_then(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")
    holder = line.database.lock_job(str(job_id))
    holder.__enter__()
    take, tries = JobLock.take, []

    def let_go_after_one(self: JobLock) -> None:
        tries.append(1)
        if len(tries) == 2:
            holder.__exit__(None, None, None)
        take(self)

    monkeypatch.setattr(JobLock, "take", let_go_after_one)
    result = line.run(job_id)
    assert result.success
    assert count_retries(result) == 1


def test_a_job_that_another_process_keeps_is_not_failed_and_the_caller_learns_why(
    build_line: Callable[..., Line],
) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")
    with line.database.lock_job(str(job_id)):
        result = line.run(job_id)
    told = next(event.step_failure_data.user_failure_data for event in result.all_events if event.is_step_failure)
    assert told is not None
    assert told.metadata["code"].value == "job_busy"
    assert get_error(line, job_id) == ("queued", None, None)


def test_a_job_that_another_process_works_on_is_not_failed_between_two_of_its_stages(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")
    busy = JobBusyError("Another process works on this job.")
    break_times(monkeypatch, JobLock, "take", 3, busy)  # nobody holds it when the last try has ended
    assert not line.run(job_id).success
    assert get_error(line, job_id) == ("queued", None, None)


def end_holder(line: Line) -> None:
    """Take the connection away from whoever holds a job, as a failover does."""
    with line.database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )


def test_a_stage_that_loses_its_hold_stops_and_is_tried_again(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.05)
    line = build_line(("es",))
    job_id = line.submit("es")
    tries: list[str] = []
    stopped = threading.Event()
    monkeypatch.setattr("dub_assets.stage.stop_running_ffmpeg", stopped.set)

    def lose_the_hold(spoken: str, language: str) -> bool:
        tries.append(spoken)
        if len(tries) == 1:
            end_holder(line)
            wait_for(stopped.is_set, "the stage to be stopped")
        return False

    line.synthesizer.fails = lose_the_hold
    result = line.run(job_id)
    assert result.success
    assert count_retries(result) == 1
    assert get_error(line, job_id)[1] is None
    assert len(line.synthesizer.texts) == 2  # what was bought before is not bought again


def test_a_stage_that_loses_its_hold_to_another_process_does_not_fail_the_job(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.05)
    line = build_line(("es",))
    job_id = line.submit("es")
    others = line.database.lock_job(str(job_id))
    stopped = threading.Event()
    monkeypatch.setattr("dub_assets.stage.stop_running_ffmpeg", stopped.set)

    def lose_the_hold(spoken: str, language: str) -> bool:
        end_holder(line)
        others.__enter__()
        wait_for(stopped.is_set, "the stage to be stopped")
        return False

    line.synthesizer.fails = lose_the_hold
    result = line.run(job_id)
    others.__exit__(None, None, None)
    assert not result.success
    assert get_error(line, job_id) == ("running", None, None)


def test_a_hold_that_is_there_passes_its_check_and_one_that_is_gone_never_again(
    build_line: Callable[..., Line],
) -> None:
    line = build_line(("es",))
    with line.database.lock_job("a") as lock:
        lock.check()
        end_holder(line)
        for _ in range(2):
            with pytest.raises(JobBusyError, match="lost"):
                lock.check()
