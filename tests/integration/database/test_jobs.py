import threading
import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from dubbing.errors import DatabaseUnavailableError, JobBusyError, SynthesisError
from dubbing.jobs import LanguageState
from resources.database.connection import Database
from resources.database.tables import DeadLetter, JobEvent
from tests.support.jobs import add_job


def read(database: Database, job_id: uuid.UUID) -> tuple[str, dict[str, tuple[str, int]]]:
    with database.transaction() as tx:
        tasks = {task.language: (task.state, task.progress) for task in tx.jobs.list_languages(job_id)}
        return tx.jobs.get(job_id).state, tasks


def test_a_job_runs_when_its_first_language_does_and_ends_with_its_last(database: Database) -> None:
    job_id = add_job(database)
    with database.transaction() as tx:
        tx.jobs.advance(job_id, "es", LanguageState.TRANSLATING, 20)
    assert read(database, job_id)[0] == "running"
    with database.transaction() as tx:
        tx.jobs.advance(job_id, "es", LanguageState.COMPLETED, 100)
    assert read(database, job_id)[0] == "running"
    with database.transaction() as tx:
        tx.jobs.advance(job_id, "pt-BR", LanguageState.COMPLETED, 100)
        assert tx.jobs.get(job_id).finished_at is not None
    assert read(database, job_id)[0] == "completed"


def test_progress_never_goes_down(database: Database) -> None:
    job_id = add_job(database)
    with database.transaction() as tx:
        tx.jobs.advance(job_id, "es", LanguageState.MIXING, 80)
        tx.jobs.advance(job_id, "es", LanguageState.CAPTIONING, 40)
    assert read(database, job_id)[1]["es"] == ("captioning", 80)


@pytest.mark.parametrize("final", ["completed", "completed_with_issues", "failed", "cancelled"])
def test_a_final_state_is_never_left(database: Database, final: str) -> None:
    job_id = add_job(database)
    with database.transaction() as tx:
        tx.jobs.advance(job_id, "es", LanguageState(final), 50)
        tx.jobs.advance(job_id, "es", LanguageState.MIXING, 90)
    assert read(database, job_id)[1]["es"] == (final, 50)


def test_a_failed_language_says_why_and_leaves_a_letter_that_counts(database: Database) -> None:
    job_id = add_job(database)
    for _ in range(2):
        with database.transaction() as tx:
            tx.jobs.fail_language(job_id, "es", "synthesizing", SynthesisError("No voice answers."))
    with database.transaction() as tx:
        task = tx.jobs.list_languages(job_id)[0]
        letters = tx.session.scalars(select(DeadLetter).where(DeadLetter.job_id == job_id)).all()
    assert (task.state, task.error_code, task.error_retryable) == ("failed", "synthesis_failed", True)
    assert [(letter.language, letter.stage, letter.attempts) for letter in letters] == [("es", "synthesizing", 2)]


def test_every_step_is_told_once_and_in_order(database: Database) -> None:
    job_id = add_job(database, ["es"])
    with database.transaction() as tx:
        for state, progress in [("mixing", 78), ("mixing", 85), ("completed", 100)]:
            tx.jobs.advance(job_id, "es", LanguageState(state), progress)
        events = tx.session.scalars(select(JobEvent.type).where(JobEvent.job_id == job_id).order_by(JobEvent.id)).all()
    assert events == ["job.queued", "language.mixing", "job.running", "language.completed", "job.completed"]


def test_languages_that_move_at_the_same_moment_do_not_block_each_other_for_ever(database: Database) -> None:
    languages = [f"l{number}" for number in range(6)]
    job_id = add_job(database, languages)
    together = threading.Barrier(len(languages))
    errors: list[BaseException] = []

    def walk(language: str) -> None:
        try:
            together.wait(10)
            for state in (LanguageState.TRANSLATING, LanguageState.MIXING, LanguageState.COMPLETED):
                with database.transaction() as tx:
                    tx.jobs.advance(job_id, language, state, 50)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=walk, args=[language]) for language in languages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert read(database, job_id)[0] == "completed"


def test_an_interrupted_job_is_found_again_by_its_request_until_it_ends(database: Database) -> None:
    job_id = add_job(database, ["es"], request_key="same")
    with database.transaction() as tx:
        tx.jobs.advance(job_id, "es", LanguageState.MIXING, 80)
        tx.jobs.requeue(job_id)
        user_id = tx.jobs.get(job_id).user_id
        found = tx.jobs.find_unfinished(user_id, "same")
        assert found is not None
        assert (found.id, found.state) == (job_id, "queued")
        assert tx.jobs.find_unfinished(uuid.uuid4(), "same") is None
        tx.jobs.advance(job_id, "es", LanguageState.COMPLETED, 100)
        assert tx.jobs.find_unfinished(user_id, "same") is None


def test_a_job_is_held_by_one_process_at_a_time(database: Database) -> None:
    with (
        database.lock_job("a"),
        database.lock_job("b"),
        pytest.raises(JobBusyError),
        database.lock_job("a"),
    ):
        pass
    with database.lock_job("a"):
        pass


def test_the_hold_on_a_job_dies_with_the_connection(database: Database) -> None:
    end_holders = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    with database.lock_job("gone"), database.engine.begin() as connection:
        connection.execute(end_holders)
    with database.lock_job("gone"):
        pass


def test_a_state_that_does_not_exist_is_refused_by_the_database_itself(database: Database) -> None:
    job_id = add_job(database)
    with database.engine.begin() as connection, pytest.raises(IntegrityError, match="ck_language_tasks_state"):
        connection.execute(text("UPDATE language_tasks SET state = 'almost' WHERE job_id = :id"), {"id": job_id})


def test_an_unreachable_database_is_one_clear_error() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailableError, match="cannot be reached"), database.transaction() as tx:
        tx.jobs.list_languages(uuid.uuid4())
