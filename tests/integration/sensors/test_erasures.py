"""What was asked to be erased while a run was at work, from the request to the receipt."""

import uuid
from collections.abc import Mapping, Sequence

import dagster as dg
import pytest

from dubbing.errors import StorageError
from resources.database.tables import DeletionReceipt
from sensors.erasures import erasures
from tests.integration.sensors.conftest import Ears


def request(ears: Ears, job_id: uuid.UUID) -> uuid.UUID:
    with ears.database.transaction() as tx:
        return tx.erasures.request_deletion(job_id, "ana")


def find_receipt(ears: Ears, receipt_id: uuid.UUID) -> DeletionReceipt | None:
    with ears.database.transaction() as tx:
        return tx.receipts.find(receipt_id)


def test_a_job_that_waits_for_a_run_never_gets_one_once_it_is_to_be_erased(ears: Ears) -> None:
    job_id = ears.submit()
    request(ears, job_id)
    assert ears.launch() == []
    assert not ears.is_in_flight(job_id)


def test_a_job_whose_run_is_at_work_is_erased_right_after_the_run_has_stopped(ears: Ears) -> None:
    job_id = ears.submit()
    run_id = ears.start(job_id, dg.DagsterRunStatus.STARTED)
    receipt_id = request(ears, job_id)
    ears.evaluate(erasures)
    assert find_receipt(ears, receipt_id) is None
    ears.instance.report_run_canceled(ears.instance.get_run_by_id(run_id))  # type: ignore[arg-type]
    ears.listen()
    ears.evaluate(erasures)
    assert ears.get(job_id).state == "expired"
    receipt = find_receipt(ears, receipt_id)
    assert receipt is not None
    assert receipt.job_id == job_id


def test_a_user_is_done_with_when_all_their_jobs_are(ears: Ears) -> None:
    job_id = ears.submit()
    user_id = ears.get(job_id).user_id
    with ears.database.transaction() as tx:
        receipt_id = tx.erasures.request_user_deletion(user_id, "ana")
    ears.evaluate(erasures)
    receipt = find_receipt(ears, receipt_id)
    assert receipt is not None
    assert (receipt.user_id, receipt.job_id) == (user_id, None)


def test_a_store_that_is_away_loses_no_request(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = ears.submit()
    receipt_id = request(ears, job_id)

    def fail(keys: Sequence[str]) -> Mapping[str, str]:
        raise StorageError("The store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(ears.container.store, "delete_many", fail)
        assert ears.evaluate(erasures).skip_message == "The store does not answer."
    assert find_receipt(ears, receipt_id) is None
    ears.evaluate(erasures)
    assert find_receipt(ears, receipt_id) is not None


def test_one_that_the_store_refuses_keeps_back_no_other(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.retention.eraser.REQUESTS", 1)
    stuck, other = sorted(ears.submit() for _ in range(2))
    for job_id in (stuck, other):
        request(ears, job_id)
    key = f"sources/{stuck}"
    with monkeypatch.context() as patch:
        patch.setattr(
            ears.container.store, "delete_many", lambda keys: dict.fromkeys({key} & set(keys), "AccessDenied")
        )
        for _ in range(3):
            ears.evaluate(erasures)
        assert [ears.get(job_id).state for job_id in (stuck, other)] == ["cancelled", "expired"]
    for _ in range(2):
        ears.evaluate(erasures)
    assert ears.get(stuck).state == "expired"


def test_one_look_ends_in_time_and_the_next_goes_on(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.erasures.MOST_S", 0.0)
    jobs = [ears.submit() for _ in range(3)]
    for job_id in jobs:
        request(ears, job_id)
    left = []
    for _ in jobs:
        ears.evaluate(erasures)
        left.append(sum(ears.get(job_id).state != "expired" for job_id in jobs))
    assert left == [2, 1, 0]
