"""`dubline receipts`, `dubline sweep` and `dubline erase-user`, on the real database and a folder store."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import Result

from cli.exit_codes import SWEEP_INCOMPLETE
from dubbing.errors import BusyError, NotFoundError
from dubbing.jobs import LanguageState
from resources.container import Container
from resources.database.tables import DubbingJob, ErasureCause, User
from resources.retention.eraser import LOCK
from resources.storage.folder import FolderStore
from tests.integration.cli.conftest import Command
from tests.support.jobs import add_job

NOWHERE = uuid.UUID(int=404)


def deliver(container: Container, *, user_id: uuid.UUID | None = None, age: timedelta = timedelta(0)) -> uuid.UUID:
    """Add a job that was delivered so long ago, with its recording in the store."""
    job_id, at = add_job(container.database, ("es",), user_id=user_id), datetime.now(UTC) - age
    file = container.settings.data_dir / "talk.wav"
    file.write_bytes(b"sound")
    container.store.put(f"sources/{job_id}", file)
    with container.database.transaction() as tx:
        tx.jobs.advance(job_id, "es", LanguageState.COMPLETED, 100)
        tx.launches.mark_needless(job_id, 1)
        tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(finished_at=at))
        upload = tx.uploads.get_of_job(job_id)
        upload.created_at = upload.verified_at = at
    return job_id


def erase(container: Container, job_id: uuid.UUID) -> str:
    done = container.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="somebody")
    assert done.receipt is not None
    return str(done.receipt.id)


def read(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def test_receipts_are_listed_and_shown_and_found_by_their_job(dubline: Command, container: Container) -> None:
    assert "There is no such receipt" in dubline("receipts", "list").stdout
    user_id = uuid.uuid4()
    job_id, other_id = deliver(container, user_id=user_id), deliver(container)
    receipt_id, other = erase(container, job_id), erase(container, other_id)
    listed = dubline("receipts", "list", env={"COLUMNS": "80"}).stdout
    assert all(word in listed for word in (receipt_id, other, str(job_id), "request"))
    assert [each["receipt_id"] for each in read(dubline("receipts", "list", "--json"))] == [other, receipt_id]
    assert [each["receipt_id"] for each in read(dubline("receipts", "list", "--user", user_id, "--json"))] == [
        receipt_id
    ]
    assert len(read(dubline("receipts", "list", "--limit", 1, "--json"))) == 1

    shown = dubline("receipts", "show", receipt_id).stdout
    assert all(word in shown for word in (receipt_id, str(job_id), "erased", "somebody", "objects removed", "upload"))
    as_json = read(dubline("receipts", "show", receipt_id, "--json"))
    assert (as_json["state"], as_json["body"]["upload"]) == ("erased", "removed")
    assert read(dubline("receipts", "for-job", job_id, "--json")) == as_json


def test_a_receipt_that_is_to_come_says_that_it_is_pending(dubline: Command, container: Container) -> None:
    job_id = deliver(container)
    with container.database.transaction() as tx:
        receipt_id = tx.erasures.request_deletion(job_id, "somebody")
    for found in (("show", receipt_id), ("for-job", job_id)):
        told = read(dubline("receipts", *found, "--json"))
        assert (told["receipt_id"], told["state"], told["body"]) == (str(receipt_id), "pending", None)
        assert "under way" in dubline("receipts", *found).stdout


def test_a_receipt_that_is_not_there_is_not_found(dubline: Command, container: Container) -> None:
    job_id = deliver(container)
    for found in (("show", NOWHERE), ("for-job", NOWHERE), ("for-job", job_id)):
        assert isinstance(dubline("receipts", *found).exception, NotFoundError)


def test_a_sweep_says_what_it_erased_and_the_next_finds_nothing(dubline: Command, container: Container) -> None:
    old, young = deliver(container, age=timedelta(hours=49)), deliver(container, age=timedelta(hours=47))
    result = dubline("sweep", "--json")
    told = read(result)
    assert (result.exit_code, told["state"], told["jobs"]) == (0, "done", [str(old)])
    assert (told["erased"]["job"], told["erased"]["upload"], told["broken_off"]) == (1, 1, None)
    assert container.store.find_info(f"sources/{young}") is not None
    assert read(dubline("receipts", "for-job", old, "--json"))["cause"] == "retention"
    again = dubline("sweep")
    assert again.exit_code == 0
    assert "0 jobs, 0 users" in again.stdout


def test_a_sweep_erases_what_was_asked_for_without_the_stack(dubline: Command, container: Container) -> None:
    user_id = uuid.uuid4()
    job_id = deliver(container, user_id=user_id)
    asked = read(dubline("erase-user", user_id, "--yes", "--json"))
    assert (asked["state"], asked["job_id"], asked["requested_by"]) == ("pending", None, "operator: dubline erase-user")
    told = read(dubline("sweep", "--json"))
    assert (told["jobs"], told["users"]) == ([str(job_id)], 1)
    assert read(dubline("receipts", "show", asked["receipt_id"], "--json"))["state"] == "erased"


def test_of_two_sweeps_at_once_the_second_says_so(dubline: Command, container: Container) -> None:
    with container.database.try_hold(LOCK):
        result = dubline("sweep", "--json")
    assert isinstance(result.exception, BusyError)
    assert json.loads(result.stdout)["state"] == "busy"


def test_a_sweep_that_the_store_refuses_exits_with_a_code_of_its_own(
    dubline: Command, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(container, age=timedelta(hours=49))
    monkeypatch.setattr(FolderStore, "delete_many", lambda _self, keys: dict.fromkeys(keys, "EACCES"))
    result = dubline("sweep")
    assert result.exit_code == SWEEP_INCOMPLETE
    assert "The store kept objects: EACCES" in result.stdout
    monkeypatch.undo()


def test_a_user_is_erased_only_when_it_is_confirmed(dubline: Command, container: Container) -> None:
    user_id = uuid.uuid4()
    job_id = deliver(container, user_id=user_id)
    refused = dubline("erase-user", user_id, input="n\n")
    assert refused.exit_code == 1
    assert "jobs: 1, recordings: 1" in refused.stderr
    with container.database.transaction() as tx:
        assert tx.jobs.get(job_id).deletion_requested_at is None
        assert tx.session.get_one(User, user_id).deletion_requested_at is None
    assert dubline("erase-user", user_id, input="y\n").exit_code == 0
    with container.database.transaction() as tx:
        assert tx.jobs.get(job_id).deletion_requested_by == "operator: dubline erase-user"


def test_a_user_that_is_not_there_is_not_erased_and_not_made(dubline: Command, container: Container) -> None:
    assert isinstance(dubline("erase-user", NOWHERE, "--yes").exception, NotFoundError)
    with container.database.transaction() as tx:
        assert tx.session.get(User, NOWHERE) is None
