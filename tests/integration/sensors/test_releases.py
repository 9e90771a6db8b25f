"""Holds of jobs that have ended, given back whatever died in between."""

import uuid

import dagster as dg
import pytest
from sqlalchemy import select

from dubbing.jobs import LanguageState
from dubbing.spend_limits import Need
from resources.database.money_tables import Hold
from sensors.releases import releases
from tests.integration.sensors.conftest import Ears


def hold(ears: Ears) -> uuid.UUID:
    job_id = ears.submit("es")
    ears.change(lambda tx: tx.balances.open_hold(job_id, Need(1, 100)))
    return job_id


def is_held(ears: Ears, job_id: uuid.UUID) -> bool:
    with ears.database.transaction() as tx:
        return tx.session.scalars(select(Hold.released_at).where(Hold.job_id == job_id)).one() is None


@pytest.mark.parametrize("state", [LanguageState.COMPLETED, LanguageState.FAILED, LanguageState.CANCELLED])
def test_what_is_held_is_given_back_once_the_run_is_over(ears: Ears, state: LanguageState) -> None:
    job_id = hold(ears)
    ears.start(job_id, dg.DagsterRunStatus.SUCCESS)
    ears.change(lambda tx: tx.jobs.advance(job_id, "es", state, 0))
    ears.evaluate(releases)
    assert is_held(ears, job_id)  # the run may still buy something
    ears.listen()
    ears.evaluate(releases)
    assert not is_held(ears, job_id)


def test_what_is_held_for_a_job_that_was_cancelled_before_it_ran_is_given_back(ears: Ears) -> None:
    job_id = hold(ears)
    ears.change(lambda tx: tx.jobs.cancel(job_id))
    ears.evaluate(releases)
    assert not is_held(ears, job_id)


def test_while_a_process_works_on_a_job_by_hand_its_hold_stays(ears: Ears) -> None:
    job_id, other = hold(ears), hold(ears)
    for each in (job_id, other):
        ears.change(lambda tx, each=each: tx.jobs.cancel(each))  # type: ignore[misc]
    with ears.database.lock_job(str(job_id)):
        ears.evaluate(releases)
    assert is_held(ears, job_id)
    assert not is_held(ears, other)
    ears.evaluate(releases)
    assert not is_held(ears, job_id)
