import threading
import time
from collections.abc import Sequence

import dagster as dg
import pytest
from sqlalchemy import column, func, select, table, update

from dub_assets.run_trace import TRACEPARENT_TAG
from resources.container import Container
from resources.database.jobs import SUBMITTED
from resources.database.tables import DubbingJob
from resources.settings import Settings
from resources.telemetry.tracing import get_traceparent, span, start_tracing, stop_tracing
from sensors.new_jobs import BATCH, new_jobs
from tests.integration.sensors.conftest import Ears
from tests.support.otlp import find_parent, otlp_receiver
from tests.support.waiting import wait_for

ACTIVITY = table("pg_stat_activity", column("pid"), column("query"), column("datname"))
LISTENING = (ACTIVITY.c.query == f'LISTEN "{SUBMITTED}"', ACTIVITY.c.datname == func.current_database())


def list_runs(ears: Ears, requests: Sequence[dg.RunRequest]) -> list[dg.DagsterRun]:
    keys = [request.run_key or "" for request in requests]
    return list(ears.instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": keys})))


def test_one_evaluation_asks_for_the_run_its_partition_and_the_source(ears: Ears) -> None:
    job_id = ears.submit("es", "pt-BR")
    result = ears.evaluate(new_jobs)
    assert result.run_requests is not None
    assert result.dynamic_partitions_requests is not None
    [request] = result.run_requests
    assert (request.run_key, request.partition_key) == (f"{job_id}:1", str(job_id))
    assert {key: value for key, value in request.tags.items() if key.startswith("dub/")} == {
        "dub/attempt": "1",
        "dub/languages": "2",
        "dub/class": "short",
        "dub/user": str(ears.get(job_id).user_id),
    }
    assert list(result.dynamic_partitions_requests[0].partition_keys) == [str(job_id)]
    [event] = result.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert (event.asset_key, event.partition) == (dg.AssetKey("source"), str(job_id))


def test_a_run_goes_on_with_the_trace_of_its_job(ears: Ears) -> None:
    with otlp_receiver() as receiver:
        start_tracing(ears.container.settings.model_copy(update={"otlp_endpoint": receiver.url}), "sensors")
        job_id = ears.submit()
        with span("submitted"):
            place = get_traceparent()
        ears.change(lambda tx: setattr(tx.jobs.get(job_id), "traceparent", place))
        result = ears.evaluate(new_jobs)
        stop_tracing()
    assert result.run_requests
    [launch] = receiver.named("launch")
    assert find_parent(receiver.spans, launch) == receiver.named("submitted")[0]
    assert launch.attributes == {"job": str(job_id), "attempt": "1"}
    _, trace_id, span_id, _ = result.run_requests[0].tags[TRACEPARENT_TAG].split("-")
    assert (trace_id, span_id) == (launch.trace_id, launch.span_id)


def test_nothing_of_the_customers_is_told_to_dagster(ears: Ears) -> None:
    ears.submit()
    assert "talk.wav" not in repr(ears.evaluate(new_jobs))


def test_a_job_whose_run_was_made_is_marked_and_not_asked_for_again(ears: Ears) -> None:
    job_id = ears.submit()
    requests = ears.launch()
    assert ears.get(job_id).launched_attempt == 0
    assert ears.launch() == []
    [run] = list_runs(ears, requests)
    assert (ears.get(job_id).launched_attempt, ears.get(job_id).run_id) == (1, run.run_id)


def test_a_request_that_never_became_a_run_is_made_again(ears: Ears) -> None:
    job_id = ears.submit()
    assert ears.evaluate(new_jobs).run_requests
    requests = ears.launch()
    assert [request.partition_key for request in requests] == [str(job_id)]
    assert len(list_runs(ears, requests)) == 1


def test_a_run_that_was_made_and_not_submitted_is_asked_for_again(ears: Ears) -> None:
    job_id = ears.submit()
    first = ears.evaluate(new_jobs).run_requests
    assert first
    ears.add_run(first[0], dg.DagsterRunStatus.NOT_STARTED)
    second = ears.evaluate(new_jobs).run_requests
    assert second
    assert second[0].run_key == first[0].run_key
    assert ears.get(job_id).launched_attempt == 0


def test_a_run_that_began_before_it_was_written_down_is_written_down(ears: Ears) -> None:
    job_id = ears.submit()
    ears.launch()
    ears.change(
        lambda tx: tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(state="running"))
    )
    assert ears.launch() == []
    assert ears.get(job_id).launched_attempt == 1


def test_sixty_jobs_are_launched_once_each_in_batches(ears: Ears) -> None:
    submitted = [ears.submit() for _ in range(60)]
    first, second, third = ears.launch(), ears.launch(), ears.launch()
    assert (len(first), len(second), third) == (BATCH, 60 - BATCH, [])
    assert [request.partition_key for request in (*first, *second)] == [str(job_id) for job_id in submitted]
    assert {ears.get(job_id).launched_attempt for job_id in submitted} == {1}
    assert len(list_runs(ears, [*first, *second])) == 60


def test_a_job_cancelled_before_its_launch_is_never_launched(ears: Ears) -> None:
    job_id = ears.submit()
    ears.change(lambda tx: tx.jobs.cancel(job_id))
    assert ears.launch() == []
    assert not ears.is_in_flight(job_id)
    assert ears.launch() == []


def test_a_job_of_the_command_line_is_none_of_the_sensors_business(ears: Ears) -> None:
    job_id = ears.submit()
    ears.change(lambda tx: tx.launches.mark_needless(job_id, 1))
    assert ears.launch() == []
    assert ears.get(job_id).run_id is None


def test_a_second_attempt_gets_a_run_of_its_own_after_the_first_ones_is_over(ears: Ears) -> None:
    job_id = ears.submit()
    ears.launch()
    ears.launch()
    ears.change(lambda tx: tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(attempt=2)))
    assert ears.launch() == []
    ears.change(lambda tx: tx.launches.mark_ended(job_id, 1))
    assert [request.run_key for request in ears.launch()] == [f"{job_id}:2"]


def test_a_submitted_job_wakes_an_evaluation_that_waits(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.listening.LISTEN_S", 30.0)
    answers: list[tuple[float, dg.SensorResult]] = []

    def wait_for_a_job() -> None:
        result = ears.evaluate(new_jobs)
        answers.append((time.monotonic(), result))

    waiting = threading.Thread(target=wait_for_a_job)
    waiting.start()
    wait_for(lambda: _count_listeners(ears) > 0, "the evaluation to listen")
    job_id = ears.submit()
    submitted_at = time.monotonic()
    waiting.join(10)
    [(answered_at, result)] = answers
    assert [request.partition_key for request in result.run_requests or []] == [str(job_id)]
    assert answered_at - submitted_at < 2


def test_a_database_that_is_down_skips_the_evaluation_with_a_sentence(ears: Ears) -> None:
    nowhere = Settings(database_url="postgresql://127.0.0.1:1/none", dagster_database_url="postgresql://127.0.0.1:1/d")
    with Container(nowhere) as container:
        deaf = Ears(container, ears.instance, ears.definitions)
        assert deaf.evaluate(new_jobs).skip_message == (
            "The database cannot be reached; check that it runs and try again."
        )


def test_a_database_that_goes_away_meanwhile_skips_the_evaluation_too(
    ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensors.listening.LISTEN_S", 30.0)
    answers: list[str | None] = []
    waiting = threading.Thread(target=lambda: answers.append(ears.evaluate(new_jobs).skip_message))
    waiting.start()
    wait_for(lambda: _count_listeners(ears) > 0, "the evaluation to listen")
    with ears.database.engine.connect() as connection:
        connection.execute(select(func.pg_terminate_backend(ACTIVITY.c.pid)).where(*LISTENING))
    waiting.join(10)
    assert answers == ["The database cannot be reached; check that it runs and try again."]


def _count_listeners(ears: Ears) -> int:
    with ears.database.engine.connect() as connection:  # the service's role does not see what others ask
        return connection.scalar(select(func.count()).select_from(ACTIVITY).where(*LISTENING)) or 0
