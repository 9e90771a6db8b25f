"""Who is next, decided by Dagster's own queue on the real instance file, with jobs in the real tables."""

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from uuid import UUID

import dagster as dg
import pytest
from dagster._core.storage.tags import PRIORITY_TAG, TAGS_TO_MAYBE_OMIT_ON_RETRY
from sqlalchemy import update

from dub_assets.instance import build_limits
from dubbing.routing import JOBS_AHEAD, MEDIUM_MS, PLACE_S
from resources.database.tables import DubbingJob, Upload
from sensors import new_jobs as sensor
from tests.integration.sensors.conftest import Ears
from tests.integration.sensors.queue import Queue
from tests.support.jobs import add_job

ALICE, BOB = uuid.UUID(int=0xA), uuid.UUID(int=0xB)


@pytest.fixture
def queue(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    queue = Queue(ears)
    monkeypatch.setattr(ears.instance, "_run_launcher", queue.launcher)
    queue.clear()
    yield queue
    queue.clear()


def submit(ears: Ears, user: UUID | None = None, *, duration_ms: int | None = 60_000) -> UUID:
    job_id = add_job(ears.database, ("es",), user_id=user)
    upload = update(Upload).where(Upload.id == ears.get(job_id).upload_id)
    ears.change(lambda tx: tx.session.execute(upload.values(duration_ms=duration_ms)))
    return job_id


def change_job(ears: Ears, job_id: UUID, **values: object) -> None:
    ears.change(lambda tx: tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(**values)))


def test_a_user_with_a_hundred_jobs_keeps_nobody_waiting(queue: Queue, ears: Ears) -> None:
    limits = build_limits(ears.container.settings)
    hundred = [submit(ears, ALICE) for _ in range(100)]
    handed_over = queue.hand_over()
    assert handed_over == hundred[: limits.runs_per_user + JOBS_AHEAD]
    assert queue.dequeue() == set(hundred[: limits.runs_per_user])
    one = submit(ears, BOB)
    assert queue.hand_over() == [one]
    assert queue.dequeue() == {one}


def test_where_every_place_is_taken_a_new_users_job_gets_the_next_one(queue: Queue, ears: Ears) -> None:
    others = [uuid.uuid4(), uuid.uuid4()]
    waiting = [submit(ears, user) for _ in range(6) for user in others]
    assert queue.hand_over() == waiting
    assert len(queue.dequeue()) == build_limits(ears.container.settings).runs
    one = submit(ears, BOB)
    queue.hand_over()
    assert queue.dequeue() == set()
    queue.end(queue.launched[0])
    assert queue.dequeue() == {one}


def test_two_users_are_served_in_turn_whoever_came_first(queue: Queue, ears: Ears) -> None:
    first, second = [submit(ears, ALICE) for _ in range(4)], [submit(ears, BOB) for _ in range(4)]
    queue.hand_over()
    assert queue.dequeue() == {*first[:2], *second[:2]}
    for job_id in list(queue.launched):
        queue.end(job_id)
        queue.dequeue()
    assert set(queue.launched[4:6]) == {first[2], second[2]}
    assert set(queue.launched[6:]) == {first[3], second[3]}


def test_what_waits_in_the_tables_is_handed_over_when_there_is_room(queue: Queue, ears: Ears) -> None:
    jobs = [submit(ears, ALICE) for _ in range(30)]
    handed_over = queue.hand_over()
    queue.dequeue()
    assert queue.hand_over() == []
    queue.end(handed_over[0])
    assert queue.hand_over() == [jobs[len(handed_over)]]


def test_long_jobs_never_take_every_place_and_keep_back_nobody_behind_them(queue: Queue, ears: Ears) -> None:
    limits = build_limits(ears.container.settings)
    long = [submit(ears, duration_ms=MEDIUM_MS + 1) for _ in range(limits.runs + 1)]
    queue.hand_over()
    assert queue.dequeue() == set(long[: limits.long_runs])
    short = submit(ears)
    queue.hand_over()
    assert queue.dequeue() == {short}
    queue.end(long[0])
    assert queue.dequeue() == {long[limits.long_runs]}


def test_a_long_job_that_has_waited_goes_before_a_short_one_that_comes_later(
    queue: Queue, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_800_000_000]
    monkeypatch.setattr(sensor, "time", SimpleNamespace(time=lambda: now[0]))
    for _ in range(build_limits(ears.container.settings).runs):
        submit(ears)
    queue.hand_over()
    busy = queue.dequeue()
    long = submit(ears, duration_ms=MEDIUM_MS + 1)
    queue.hand_over()
    now[0] += 5 * 60
    soon = submit(ears)
    queue.hand_over()
    now[0] += 6 * 60
    late = submit(ears)
    queue.hand_over()
    launched = []
    for job_id in list(busy)[:3]:
        queue.end(job_id)
        launched += queue.dequeue()
    assert launched == [soon, long, late]


def test_another_attempt_is_of_the_same_class_and_counts_for_the_same_user(queue: Queue, ears: Ears) -> None:
    job_id = submit(ears, ALICE, duration_ms=MEDIUM_MS + 1)
    queue.hand_over()
    queue.dequeue()
    queue.end(job_id)
    change_job(ears, job_id, attempt=2)
    newer = submit(ears, ALICE)
    [again, other] = ears.evaluate(sensor.new_jobs).run_requests or []
    assert (again.partition_key, other.partition_key) == (str(job_id), str(newer))
    assert (again.tags["dub/class"], again.tags["dub/user"]) == ("long", str(ALICE))
    assert again.tags["dub/attempt"] == "2"
    assert int(other.tags[PRIORITY_TAG]) == int(again.tags[PRIORITY_TAG]) + 600 - PLACE_S


def test_an_operator_puts_a_waiting_job_first_by_its_runs_priority(queue: Queue, ears: Ears) -> None:
    jobs = [submit(ears) for _ in range(build_limits(ears.container.settings).runs + 2)]
    queue.hand_over()
    [run] = ears.instance.get_runs(dg.RunsFilter(tags={"dagster/partition": str(jobs[-1])}))
    ears.instance.add_run_tags(run.run_id, {PRIORITY_TAG: "0"})
    assert queue.dequeue() == {*jobs[:-3], jobs[-1]}


def test_jobs_that_ended_before_they_were_handed_over_are_closed_however_many_they_are(ears: Ears) -> None:
    limits = build_limits(ears.container.settings)
    jobs = [submit(ears, ALICE) for _ in range(limits.queued_per_user + 3)]
    for job_id in jobs:
        change_job(ears, job_id, state="cancelled")
    assert not ears.evaluate(sensor.new_jobs).run_requests
    assert {ears.get(job_id).launched_attempt for job_id in jobs} == {1}


def test_a_run_that_goes_on_after_a_crash_keeps_class_user_and_turn(queue: Queue, ears: Ears) -> None:
    submit(ears, ALICE)
    [request] = ears.evaluate(sensor.new_jobs).run_requests or []
    assert request.tags.keys() >= {"dub/class", "dub/user", PRIORITY_TAG, "dagster/max_retries"}
    assert not request.tags.keys() & TAGS_TO_MAYBE_OMIT_ON_RETRY


def test_the_instance_file_has_the_limits_of_the_settings(ears: Ears) -> None:
    config = ears.instance.get_concurrency_config().run_queue_config
    limits = build_limits(ears.container.settings)
    assert config is not None
    assert config.max_concurrent_runs == limits.runs
    assert [dict(limit) for limit in config.tag_concurrency_limits] == [
        {"key": "dub/class", "value": "long", "limit": limits.long_runs},
        {"key": "dub/user", "value": {"applyLimitPerUniqueValue": True}, "limit": limits.runs_per_user},
    ]
