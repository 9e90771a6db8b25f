"""Holds of jobs that have ended, given back whatever died in between."""

import uuid
from datetime import timedelta

import dagster as dg
import pytest
from sqlalchemy import func, select, update

from dubbing.jobs import LanguageState
from dubbing.spend_limits import Need
from resources.database.money_tables import Hold
from resources.database.tables import CallState, DubbingJob, VendorCall
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


def test_what_a_killed_command_was_buying_is_in_doubt_from_then_on(ears: Ears) -> None:
    job_id = hold(ears)
    call = VendorCall(job_id=job_id, language="es", vendor="v", model="m", operation="o", engine="e", content_key="k")
    ears.change(lambda tx: tx.purchases.start_call(call))
    long_ago = func.clock_timestamp() - timedelta(hours=1)
    run = update(DubbingJob).where(DubbingJob.id == job_id).values(launched_attempt=1, ended_attempt=1)
    ears.change(lambda tx: tx.session.execute(run))
    ears.change(lambda tx: tx.session.execute(update(Hold).where(Hold.job_id == job_id).values(began_at=long_ago)))
    ears.evaluate(releases)
    assert not is_held(ears, job_id)
    with ears.database.transaction() as tx:
        state = tx.session.scalars(select(VendorCall.state).where(VendorCall.job_id == job_id)).one()
    assert state == CallState.SPEND_UNKNOWN
