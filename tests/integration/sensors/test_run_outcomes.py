from datetime import timedelta
from uuid import UUID

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.storage.tags import (
    MAX_RETRIES_TAG,
    PARENT_RUN_ID_TAG,
    RETRY_NUMBER_TAG,
    ROOT_RUN_ID_TAG,
    WILL_RETRY_TAG,
)
from dagster._core.test_utils import create_run_for_test
from sqlalchemy import func, select, update

from dubbing.errors import SynthesisError
from dubbing.jobs import LanguageState
from resources.database.signs_of_life import Sign, find_sign
from resources.database.tables import DeadLetter, DubbingJob
from sensors.new_jobs import MAX_CRASHES
from sensors.watch import Watch
from tests.integration.sensors.conftest import Ears
from tests.support.runs import ORIGIN, add_run


@pytest.fixture(autouse=True)
def long_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Postgres has been up for long, and the sensor has looked for long; the tests' own has just been started."""
    monkeypatch.setattr("resources.database.launches.SERVED_SINCE", func.now() - timedelta(hours=1))
    monkeypatch.setattr("sensors.run_outcomes._WATCH", Watched(timedelta(hours=1)))


class Watched(Watch):
    """A watch that has lasted for so long."""

    def __init__(self, watched_for: timedelta) -> None:
        super().__init__()
        self.watched_for = watched_for

    def look(self) -> timedelta:
        return self.watched_for


def advance(ears: Ears, job_id: UUID, state: LanguageState, progress: int) -> None:
    ears.change(lambda tx: tx.jobs.advance(job_id, "es", state, progress))


def get_status(ears: Ears, run_id: str) -> DagsterRunStatus:
    run = ears.instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_job_that_was_finished_by_its_run_is_no_longer_in_flight(ears: Ears) -> None:
    job_id = ears.submit()
    ears.start(job_id, DagsterRunStatus.SUCCESS)
    advance(ears, job_id, LanguageState.COMPLETED, 100)
    ears.listen()
    assert ears.get(job_id).state == "completed"
    assert not ears.is_in_flight(job_id)


@pytest.mark.parametrize("status", [DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])
def test_a_job_whose_run_is_under_way_stays_in_flight(ears: Ears, status: DagsterRunStatus) -> None:
    job_id = ears.submit()
    ears.start(job_id, status)
    ears.listen()
    assert ears.get(job_id).state == "queued"
    assert ears.is_in_flight(job_id)


@pytest.mark.parametrize(
    ("status", "code"), [(DagsterRunStatus.FAILURE, "run_crashed"), (DagsterRunStatus.SUCCESS, "internal")]
)
def test_a_run_that_leaves_its_job_open_fails_it(ears: Ears, status: DagsterRunStatus, code: str) -> None:
    job_id = ears.submit()
    ears.start(job_id, status)
    advance(ears, job_id, LanguageState.SYNTHESIZING, 40)
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).error_code) == ("failed", code)
    assert not ears.is_in_flight(job_id)


def test_a_run_that_was_deleted_fails_its_job(ears: Ears) -> None:
    job_id = ears.submit()
    ears.instance.delete_run(ears.start(job_id, DagsterRunStatus.STARTED))
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).error_code) == ("failed", "run_crashed")


def test_a_run_cancelled_in_dagsters_pages_cancels_its_job(ears: Ears) -> None:
    job_id = ears.submit()
    ears.start(job_id, DagsterRunStatus.CANCELED)
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).error_code) == ("cancelled", None)
    assert not ears.is_in_flight(job_id)


def test_a_job_whose_crashed_run_is_retried_goes_on_with_the_new_run(ears: Ears) -> None:
    job_id = ears.submit()
    crashed = ears.start(job_id, DagsterRunStatus.FAILURE, will_retry="true")
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).run_id) == ("queued", crashed)
    again = add_run(ears.instance, DagsterRunStatus.STARTED).run_id
    ears.instance.add_run_tags(crashed, {"dagster/auto_retry_run_id": again})
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).run_id) == ("queued", again)
    assert ears.is_in_flight(job_id)


def test_a_cancelled_jobs_run_is_taken_out_of_the_queue(ears: Ears) -> None:
    job_id = ears.submit()
    run_id = ears.start(job_id, DagsterRunStatus.QUEUED)
    ears.change(lambda tx: tx.jobs.cancel(job_id))
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.CANCELED
    ears.listen()
    assert not ears.is_in_flight(job_id)


def test_a_cancelled_jobs_run_that_cannot_be_reached_is_left_to_dagsters_monitor(ears: Ears) -> None:
    job_id = ears.submit()
    run_id = ears.start(job_id, DagsterRunStatus.STARTED)
    ears.change(lambda tx: tx.jobs.cancel(job_id))
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.CANCELING
    assert ears.is_in_flight(job_id)


def test_an_operators_run_of_a_finished_job_does_not_disturb_it(ears: Ears) -> None:
    job_id = ears.submit()
    ears.start(job_id, DagsterRunStatus.SUCCESS)
    advance(ears, job_id, LanguageState.COMPLETED, 100)
    ears.listen()
    add_run(ears.instance, DagsterRunStatus.FAILURE, partition=str(job_id), run_key=f"{job_id}:1")
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).error_code) == ("completed", None)


def test_the_late_end_of_a_run_does_not_touch_the_attempt_that_waits_for_it(ears: Ears) -> None:
    job_id = ears.submit()
    ears.start(job_id, DagsterRunStatus.FAILURE)
    ears.change(lambda tx: tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(attempt=2)))
    ears.listen()
    assert ears.get(job_id).state == "queued"
    assert [request.run_key for request in ears.launch()] == [f"{job_id}:2"]


def test_more_jobs_than_fit_on_a_page_are_all_looked_at(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.run_outcomes.PAGE", 2)
    monkeypatch.setattr("sensors.run_outcomes.PAGES", 2)
    jobs = [ears.submit() for _ in range(7)]
    for job_id in jobs:
        ears.start(job_id, DagsterRunStatus.QUEUED)
    ears.listen()  # up to the fourth
    ears.change(lambda tx: [tx.jobs.cancel(job_id) for job_id in jobs])
    ears.listen()
    ears.listen()
    ears.listen()
    assert {ears.get(job_id).state for job_id in jobs} == {"cancelled"}


def test_after_the_last_page_the_first_is_looked_at_again(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.run_outcomes.PAGE", 2)
    monkeypatch.setattr("sensors.run_outcomes.PAGES", 1)
    runs = {job_id: ears.start(job_id, DagsterRunStatus.QUEUED) for job_id in [ears.submit() for _ in range(3)]}
    first = min(runs)
    for _ in range(10):
        ears.listen()
    ears.change(lambda tx: tx.jobs.cancel(first))
    for _ in range(10):
        ears.listen()
    assert get_status(ears, runs[first]) == DagsterRunStatus.CANCELED


def test_a_job_of_the_command_line_is_not_failed_for_having_no_run(ears: Ears) -> None:
    job_id = ears.submit()
    ears.change(lambda tx: tx.launches.mark_needless(job_id, 1))
    ears.listen()
    assert ears.get(job_id).state == "queued"


def test_a_stop_that_dagster_refuses_is_no_error_of_the_sensor(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(run_id: str) -> bool:
        raise dg.DagsterInvariantViolationError("the code server is gone")

    job_id = ears.submit()
    ears.start(job_id, DagsterRunStatus.STARTED)
    ears.change(lambda tx: tx.jobs.cancel(job_id))
    monkeypatch.setattr(ears.instance.run_coordinator, "cancel_run", refuse)
    assert ears.listen() is not None
    assert ears.is_in_flight(job_id)


def start_silent(ears: Ears, status: DagsterRunStatus = DagsterRunStatus.STARTED, **tags: str) -> tuple[UUID, str]:
    """Leave a job and its run as a machine leaves them that was switched off."""
    job_id = ears.submit()
    run_id = ears.start(job_id, status, **tags)
    advance(ears, job_id, LanguageState.SYNTHESIZING, 40)
    ears.silence(job_id, run_id)
    return job_id, run_id


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])
def test_a_run_that_nobody_works_on_any_more_ends_and_then_its_job(ears: Ears, status: DagsterRunStatus) -> None:
    job_id, run_id = start_silent(ears, status)
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.FAILURE
    assert ears.get(job_id).state == "running"
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).error_code) == ("failed", "run_crashed")
    assert not ears.is_in_flight(job_id)


def test_a_job_that_crashes_again_and_again_ends_with_a_dead_letter(ears: Ears) -> None:
    """Its run, and the one that went on after it, were both given up; Dagster allows one."""
    job_id, first = start_silent(ears, max_retries=str(MAX_CRASHES))
    ears.listen()
    again = create_run_for_test(
        ears.instance,
        "dub",
        status=DagsterRunStatus.STARTED,
        root_run_id=first,
        parent_run_id=first,
        tags={
            MAX_RETRIES_TAG: str(MAX_CRASHES),
            RETRY_NUMBER_TAG: "1",
            ROOT_RUN_ID_TAG: first,
            PARENT_RUN_ID_TAG: first,
        },
        remote_job_origin=ORIGIN,
    ).run_id
    ears.instance.add_run_tags(first, {"dagster/auto_retry_run_id": again})
    ears.listen()
    ears.silence(job_id, again)
    ears.listen()
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).error_code) == ("failed", "run_crashed")
    with ears.database.transaction() as tx:
        letters = tx.session.scalars(select(DeadLetter).where(DeadLetter.job_id == job_id)).all()
    assert [(letter.error_code, letter.state) for letter in letters] == [("run_crashed", "open")]


def test_a_live_run_is_not_given_up_because_the_database_was_away(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.database.launches.SERVED_SINCE", func.now() - timedelta(seconds=10))
    _, run_id = start_silent(ears)
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.STARTED


def test_a_live_run_is_not_given_up_by_a_sensor_that_has_only_begun_to_look(
    ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensors.run_outcomes._WATCH", Watched(timedelta(seconds=10)))
    _, run_id = start_silent(ears)
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.STARTED


def test_the_sensor_shows_that_it_lives(ears: Ears) -> None:
    ears.listen()
    seen_at, now = find_sign(ears.database, Sign.DAEMON)
    assert seen_at is not None
    assert now - seen_at < timedelta(seconds=30)


def test_a_run_that_nobody_works_on_any_more_is_begun_again_by_dagster(ears: Ears) -> None:
    job_id, run_id = start_silent(ears, max_retries="1")
    ears.listen()
    run = ears.instance.get_run_by_id(run_id)
    assert run is not None
    assert run.is_complete_and_waiting_to_retry
    ears.listen()
    assert ears.get(job_id).state == "running"
    again = add_run(ears.instance, DagsterRunStatus.QUEUED).run_id
    ears.instance.add_run_tags(run_id, {"dagster/auto_retry_run_id": again})
    ears.listen()
    assert (ears.get(job_id).state, ears.get(job_id).run_id) == ("running", again)


def test_a_crashed_run_that_dagster_could_not_begin_again_is_reported_once_more(ears: Ears) -> None:
    """As its daemon leaves it when the code server is away at the moment it looks."""
    job_id = ears.submit()
    run_id = ears.start(job_id, DagsterRunStatus.STARTED, max_retries="1")
    crashed = ears.instance.get_run_by_id(run_id)
    assert crashed is not None
    ears.instance.report_run_failed(crashed, "The process is gone.")
    ears.instance.add_run_tags(run_id, {WILL_RETRY_TAG: "false"})
    ears.listen()
    reported = ears.instance.get_run_by_id(run_id)
    assert reported is not None
    assert reported.is_complete_and_waiting_to_retry
    failures = ears.instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert len(failures) == 2  # the daemon looks at a run when it reads of its failure
    ears.listen()
    assert len(ears.instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)) == 2
    assert ears.get(job_id).state == "queued"
    assert ears.is_in_flight(job_id)


def test_a_stopping_run_that_nobody_works_on_any_more_ends_cancelled(ears: Ears) -> None:
    job_id, run_id = start_silent(ears, DagsterRunStatus.CANCELING)
    ears.listen()
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.CANCELED
    assert ears.get(job_id).state == "cancelled"


def test_a_run_that_died_after_its_job_had_ended_gives_its_place_back_and_is_not_begun_again(ears: Ears) -> None:
    job_id, run_id = start_silent(ears, max_retries="1")
    advance(ears, job_id, LanguageState.COMPLETED, 100)
    ears.silence(job_id, run_id)
    ears.listen()
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.CANCELED
    assert ears.get(job_id).state == "completed"
    assert not ears.is_in_flight(job_id)


def test_a_run_whose_job_is_held_is_left_alone_however_old_its_heartbeat_is(ears: Ears) -> None:
    job_id, run_id = start_silent(ears)
    ears.silence(job_id, run_id, seconds=100_000)
    with ears.database.lock_job(str(job_id)):
        ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.STARTED
    assert ears.is_in_flight(job_id)


def test_a_run_whose_job_shows_a_heartbeat_is_left_alone(ears: Ears) -> None:
    job_id, run_id = start_silent(ears)
    ears.change(lambda tx: tx.jobs.beat(job_id))
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.STARTED


def test_a_job_that_another_process_works_on_is_not_failed_by_the_end_of_its_run(ears: Ears) -> None:
    job_id = ears.submit()
    ears.start(job_id, DagsterRunStatus.FAILURE)
    advance(ears, job_id, LanguageState.SYNTHESIZING, 40)
    with ears.database.lock_job(str(job_id)):
        ears.listen()
        assert ears.get(job_id).state == "running"
    ears.listen()
    assert ears.get(job_id).state == "failed"


@pytest.mark.parametrize("ended", ["failed", "completed"])
def test_a_cancelled_jobs_run_is_stopped_though_a_language_had_ended_before(ears: Ears, ended: str) -> None:
    job_id = ears.submit("es", "fr")
    run_id = ears.start(job_id, DagsterRunStatus.STARTED)
    if ended == "failed":
        ears.change(lambda tx: tx.jobs.fail_language(job_id, "fr", "synthesizing", SynthesisError("Lost.")))
    else:
        ears.change(lambda tx: tx.jobs.advance(job_id, "fr", LanguageState.COMPLETED, 100))
    ears.change(lambda tx: tx.jobs.cancel(job_id))
    assert ears.get(job_id).state != "cancelled"
    ears.listen()
    assert get_status(ears, run_id) == DagsterRunStatus.CANCELING
