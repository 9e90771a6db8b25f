"""What the policies cost: the plans of what clients ask most, as a caller among 5,000 jobs."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, text

from dubbing.jobs import JobState
from resources.database.connection import Database, UnitOfWork
from resources.database.positions import Position
from tests.support.jobs import add_job

USERS = 5
JOBS_EACH = 1000

FILL = """
INSERT INTO dubbing_jobs (id, user_id, upload_id, request_key, engines, state, created_at)
    SELECT gen_random_uuid(), user_id, upload_id, 'k', '{}',
        CASE WHEN number % 50 = 0 THEN 'failed' ELSE 'completed' END, now() - number * interval '1 minute'
    FROM dubbing_jobs, generate_series(2, :jobs_each) number;
INSERT INTO language_tasks (id, job_id, language) SELECT gen_random_uuid(), id, 'pt-BR' FROM dubbing_jobs;
INSERT INTO job_events (job_id, type) SELECT id, 'job.completed' FROM dubbing_jobs;
"""

Plan = Mapping[str, Any]


@pytest.fixture(scope="module")
def caller(database: Database) -> uuid.UUID:
    users = [uuid.uuid4() for _ in range(USERS)]
    for user_id in users:
        add_job(database, ["es"], user_id=user_id)
    with database.transaction() as tx:
        for statement in FILL.split(";")[:-1]:
            used = {"jobs_each": JOBS_EACH} if ":jobs_each" in statement else {}
            tx.session.execute(text(statement), used)
    with database.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    return users[2]


def explain(database: Database, caller: uuid.UUID, ask: Callable[[UnitOfWork], object]) -> list[Plan]:
    """The steps of the plan of the one statement that is asked, as it ran for the caller."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    with database.transaction_of({"sub": str(caller)}) as tx:
        connection = tx.session.connection()
        event.listen(database.engine, "before_cursor_execute", note)
        ask(tx)
        event.remove(database.engine, "before_cursor_execute", note)
        [(statement, parameters)] = asked
        found = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
    return list(walk((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


def walk(step: Plan) -> Iterator[Plan]:
    yield step
    for part in step.get("Plans", []):
        yield from walk(part)


def assert_caller_is_asked_once(steps: list[Plan]) -> None:
    asked = [step for step in steps if step.get("Parent Relationship") == "InitPlan"]
    assert asked
    assert {step["Actual Loops"] for step in asked} <= {0, 1}
    assert "current_setting" not in json.dumps([step.get("Filter") for step in steps])


@pytest.mark.parametrize("later_page", [False, True])
def test_a_page_of_jobs_is_read_in_order_from_its_index(
    database: Database, caller: uuid.UUID, *, later_page: bool
) -> None:
    after = Position(datetime.now(UTC), uuid.uuid4()) if later_page else None
    steps = explain(database, caller, lambda tx: tx.views.list_page(caller, state=None, after=after, limit=20))
    assert [step["Index Name"] for step in steps if "Index Name" in step] == ["ix_dubbing_jobs_newest"]
    assert not [step for step in steps if step["Node Type"] in {"Sort", "Incremental Sort", "Seq Scan"}]
    assert max(step["Actual Rows"] for step in steps) == 20
    assert_caller_is_asked_once(steps)


def test_a_page_of_jobs_in_a_rare_state_reads_no_others(database: Database, caller: uuid.UUID) -> None:
    steps = explain(
        database, caller, lambda tx: tx.views.list_page(caller, state=JobState.FAILED, after=None, limit=50)
    )
    assert [step["Index Name"] for step in steps if "Index Name" in step] == ["ix_dubbing_jobs_newest_by_state"]
    assert max(step["Actual Rows"] for step in steps) == JOBS_EACH / 50
    assert_caller_is_asked_once(steps)


def test_the_version_of_a_job_is_found_by_indexes_alone(database: Database, caller: uuid.UUID) -> None:
    with database.transaction_of({"sub": str(caller)}) as tx:
        [job] = tx.views.list_page(caller, state=None, after=None, limit=1)
    steps = explain(database, caller, lambda tx: tx.views.find_version(caller, job.id))
    assert "Seq Scan" not in {step["Node Type"] for step in steps}
    assert_caller_is_asked_once(steps)


def test_the_events_of_a_job_are_found_by_indexes_alone(database: Database, caller: uuid.UUID) -> None:
    with database.transaction_of({"sub": str(caller)}) as tx:
        [job] = tx.views.list_page(caller, state=None, after=None, limit=1)
    steps = explain(database, caller, lambda tx: tx.views.list_events(job.id, after=0, limit=100))
    assert "Seq Scan" not in {step["Node Type"] for step in steps}
    assert_caller_is_asked_once(steps)
