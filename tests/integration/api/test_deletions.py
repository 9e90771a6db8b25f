"""Deletion over HTTP: at once where nobody works on a job, as soon as nobody does otherwise, and with a receipt.

What the sensor does is done here by the call that it makes; how soon it looks again is its own test's matter.
"""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import func, select, update

from dubbing.errors import StorageError
from dubbing.jobs import LanguageState
from dubbing.stages import Artifact
from resources.database.tables import DeletionReceipt, DubbedSegment, DubbingJob, SegmentRow, Upload
from tests.support.desk import BOB, Desk, announce, read_problem, submit, upload
from tests.support.jobs import add_job

MARK = "Zanzibar"
"""Words of a customer."""


@pytest.fixture
def owner(desk: Desk) -> Iterator[httpx.Client]:
    """A user of this test alone."""
    with desk.sign_in(uuid.uuid4()) as client:
        yield client


def get_user_id(client: httpx.Client) -> uuid.UUID:
    claims = jwt.decode(client.headers["Authorization"].split()[1], options={"verify_signature": False})
    return uuid.UUID(claims["sub"])


def put(desk: Desk, key: str, content: bytes = b"sound") -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        desk.container.store.put(key, Path(file.name))


def list_keys(desk: Desk, job_id: uuid.UUID) -> list[str]:
    """What the store holds of a job and its recording."""
    return [each.key for each in desk.container.store.list_objects() if str(job_id) in each.key]


def deliver(
    desk: Desk, client: httpx.Client, languages: Sequence[str] = ("es",), *, done: int | None = None
) -> uuid.UUID:
    """Add a job whose languages, or the first of them, are delivered."""
    job_id = add_job(desk.database, languages, user_id=get_user_id(client))
    put(desk, f"sources/{job_id}")
    with desk.database.transaction() as tx:
        job = tx.jobs.get(job_id)
        job.reference, job.glossary = MARK, [{"term": MARK, "keep": True}]
        tx.uploads.get_of_job(job_id).file_name = f"{MARK}.wav"
        tx.session.add(SegmentRow(job_id=job_id, number=1, start_ms=0, end_ms=900, speaker="1", text=MARK))
    for language in languages[:done]:
        key = f"jobs/{job_id}/{language}/dub.m4a"
        put(desk, key)
        made = Artifact("dub", f"{language}/dub.m4a", key, "audio/mp4", 5, hashlib.sha256(b"sound").hexdigest(), {})
        with desk.database.transaction() as tx:
            tx.session.add(DubbedSegment(job_id=job_id, language=language, number=1, text=MARK))
            tx.values.save_artifact(job_id, language, made, timedelta(hours=48))
            tx.jobs.advance(job_id, language, LanguageState.COMPLETED, 100)
    if done is None:
        key = f"jobs/{job_id}/manifest.json"
        put(desk, key)
        made = Artifact("manifest", "manifest.json", key, "application/json", 5, "0" * 64, {})
        with desk.database.transaction() as tx:
            tx.values.save_artifact(job_id, None, made, timedelta(hours=48))
    return job_id


def launch(desk: Desk, job_id: uuid.UUID) -> None:
    """Give the job a run."""
    with desk.database.transaction() as tx:
        tx.launches.mark_launched(job_id, 1, "a-run")


def see_the_run_end(desk: Desk, job_id: uuid.UUID) -> None:
    with desk.database.transaction() as tx:
        tx.launches.mark_ended(job_id, 1)


def look_as_the_sensor_does(desk: Desk) -> None:
    desk.container.eraser.erase_requested(None, seconds=10)


def refuses_as_expired(reply: httpx.Response) -> bool:
    return reply.status_code == 409 and reply.json()["code"] == "job_finished" and "expired" in reply.json()["detail"]


def test_a_job_that_nobody_works_on_is_erased_in_the_request(desk: Desk, owner: httpx.Client) -> None:
    job_id = deliver(desk, owner, ("es", "fr"))
    reply = owner.delete(f"/jobs/{job_id}")
    assert reply.status_code == 200
    receipt = reply.json()
    assert (receipt["state"], receipt["job_id"], receipt["cause"]) == ("erased", str(job_id), "request")
    assert receipt["requested_by"] == str(get_user_id(owner))
    assert receipt["body"]["rows"]["artifacts"] == 3
    assert receipt["body"]["upload"] == "removed"
    assert hashlib.sha256(f"sources/{job_id}".encode()).hexdigest() in receipt["body"]["objects"]["keys_sha256"]
    assert list_keys(desk, job_id) == []
    assert reply.headers["location"] == f"/v1/receipts/{receipt['receipt_id']}"
    assert owner.get(f"/receipts/{receipt['receipt_id']}").json() == receipt
    assert MARK not in reply.text


def test_an_erased_job_stays_to_be_read_without_a_word_of_its_owner(desk: Desk, owner: httpx.Client) -> None:
    job_id = deliver(desk, owner)
    etag = owner.get(f"/jobs/{job_id}").headers["etag"]
    receipt = owner.delete(f"/jobs/{job_id}").json()
    reply = owner.get(f"/jobs/{job_id}", headers={"If-None-Match": etag})
    assert (reply.status_code, reply.json()["state"], reply.json()["reference"]) == (200, "expired", None)
    assert reply.json()["deletion"] == {
        "cause": "request",
        "requested_at": receipt["requested_at"],
        "receipt_id": receipt["receipt_id"],
        "erased_at": receipt["erased_at"],
    }
    assert MARK not in reply.text + owner.get(f"/jobs/{job_id}/events").text
    for status in ("expired", None):
        (listed,) = owner.get("/jobs", params={"status": status} if status else {}).json()["items"]
        assert listed == reply.json()
    assert owner.get("/jobs", params={"status": "completed"}).json()["items"] == []


def test_nothing_of_an_erased_job_can_be_had_or_made_again(desk: Desk, owner: httpx.Client) -> None:
    job_id = deliver(desk, owner)
    items = owner.get(f"/jobs/{job_id}/artifacts").json()["items"]
    assert {item["kind"] for item in items} == {"dub", "manifest"}
    urls = [owner.post(f"/artifacts/{item['id']}/download").json()["url"] for item in items]
    owner.delete(f"/jobs/{job_id}").raise_for_status()
    assert owner.get(f"/jobs/{job_id}/artifacts", params={"all_revisions": True}).json()["items"] == []
    for reply in [
        *(httpx.get(url) for url in urls),
        *(owner.post(f"/artifacts/{item['id']}/download") for item in items),
    ]:
        assert (reply.status_code, reply.json()["code"]) == (410, "download_gone")
    lines = f"/jobs/{job_id}/languages/es/segments"
    assert refuses_as_expired(owner.get(lines))
    assert refuses_as_expired(owner.patch(f"{lines}/1", json={"text": "Otra cosa."}))
    assert refuses_as_expired(owner.post(f"/jobs/{job_id}/retry"))


def test_asked_again_the_same_receipt_is_given(desk: Desk, owner: httpx.Client) -> None:
    job_id = deliver(desk, owner)
    with ThreadPoolExecutor(4) as pool:
        replies = [future.result() for future in [pool.submit(owner.delete, f"/jobs/{job_id}") for _ in range(4)]]
    assert {reply.status_code for reply in replies} <= {200, 202}
    again = owner.delete(f"/jobs/{job_id}")
    assert again.status_code == 200
    assert {reply.json()["receipt_id"] for reply in replies} == {again.json()["receipt_id"]}
    with desk.database.transaction() as tx:
        made = select(func.count()).select_from(DeletionReceipt).where(DeletionReceipt.job_id == job_id)
        assert tx.session.scalar(made) == 1


def test_a_job_that_waits_in_the_queue_is_erased_and_never_launched(desk: Desk, owner: httpx.Client) -> None:
    job_id = add_job(desk.database, ("es",), user_id=get_user_id(owner))
    assert owner.delete(f"/jobs/{job_id}").status_code == 200
    with desk.database.transaction() as tx:
        assert job_id not in [waiting.job.id for waiting in tx.launches.list_waiting(1000)]


def test_a_running_job_is_stopped_at_once_and_erased_when_its_run_has_ended(desk: Desk, owner: httpx.Client) -> None:
    job_id = deliver(desk, owner, ("es", "fr"), done=1)
    launch(desk, job_id)
    (item,) = owner.get(f"/jobs/{job_id}/artifacts").json()["items"]
    url = owner.post(f"/artifacts/{item['id']}/download").json()["url"]

    reply = owner.delete(f"/jobs/{job_id}")
    pending = reply.json()
    assert (reply.status_code, pending["state"], pending["erased_at"], pending["body"]) == (202, "pending", None, None)
    assert owner.get(f"/receipts/{pending['receipt_id']}").json() == pending
    job = owner.get(f"/jobs/{job_id}").json()
    assert {each["language"]: each["state"] for each in job["languages"]} == {"es": "completed", "fr": "cancelled"}
    assert (job["deletion"]["receipt_id"], job["deletion"]["erased_at"]) == (pending["receipt_id"], None)

    assert owner.get(f"/jobs/{job_id}/artifacts").json()["items"] == []
    assert httpx.get(url).status_code == owner.post(f"/artifacts/{item['id']}/download").status_code == 410
    assert refuses_as_expired(owner.get(f"/jobs/{job_id}/languages/es/segments"))
    assert owner.post(f"/jobs/{job_id}/retry").json()["code"] == "job_finished"

    look_as_the_sensor_does(desk)
    again = owner.delete(f"/jobs/{job_id}")
    assert (again.status_code, again.json()) == (202, pending)

    see_the_run_end(desk, job_id)
    look_as_the_sensor_does(desk)
    assert list_keys(desk, job_id) == []
    done = owner.delete(f"/jobs/{job_id}")
    assert (done.status_code, done.json()["receipt_id"]) == (200, pending["receipt_id"])
    assert done.json()["requested_at"] == pending["requested_at"]
    assert owner.get(f"/jobs/{job_id}").json()["state"] == "expired"


def test_a_job_that_a_process_holds_is_erased_by_asking_again_or_by_the_sensor(desk: Desk, owner: httpx.Client) -> None:
    job_id = deliver(desk, owner)
    with desk.database.lock_job(str(job_id)):
        assert owner.delete(f"/jobs/{job_id}").status_code == 202
        assert len(list_keys(desk, job_id)) == 3
    assert owner.delete(f"/jobs/{job_id}").status_code == 200
    assert list_keys(desk, job_id) == []


def refuse_all(keys: Sequence[str]) -> Mapping[str, str]:
    return dict.fromkeys(keys, "AccessDenied")


def be_away(_keys: Sequence[str]) -> Mapping[str, str]:
    raise StorageError("The store does not answer; try again.")


@pytest.mark.parametrize("fail", [refuse_all, be_away])
def test_a_store_that_fails_costs_no_wish(
    desk: Desk, owner: httpx.Client, monkeypatch: pytest.MonkeyPatch, fail: Any
) -> None:
    job_id = deliver(desk, owner)
    with monkeypatch.context() as broken:
        broken.setattr(desk.container.store, "delete_many", fail)
        reply = owner.delete(f"/jobs/{job_id}")
        assert (reply.status_code, reply.json()["state"]) == (202, "pending")
        assert owner.get(f"/jobs/{job_id}").json()["state"] == "completed"
        assert owner.get(f"/jobs/{job_id}/artifacts").json()["items"] == []
    look_as_the_sensor_does(desk)
    done = owner.get(f"/receipts/{reply.json()['receipt_id']}").json()
    assert done["state"] == "erased"
    assert list_keys(desk, job_id) == []


def test_nobody_erases_the_job_of_another_or_reads_its_receipt(
    desk: Desk, owner: httpx.Client, bob: httpx.Client
) -> None:
    job_id = deliver(desk, owner)
    hidden, missing = bob.delete(f"/jobs/{job_id}"), bob.delete(f"/jobs/{uuid.uuid4()}")
    assert (hidden.status_code, read_problem(hidden)) == (404, read_problem(missing))
    assert owner.get(f"/jobs/{job_id}").json()["deletion"] is None
    launch(desk, job_id)
    for _ in range(2):  # pending, then done
        receipt_id = owner.delete(f"/jobs/{job_id}").json()["receipt_id"]
        assert bob.get(f"/receipts/{receipt_id}").status_code == 404
        see_the_run_end(desk, job_id)
    assert owner.get(f"/receipts/{receipt_id}").json()["state"] == "erased"
    assert bob.get("/receipts").json() == {"items": [], "next_cursor": None}
    assert httpx.delete(f"{desk.url}/v1/jobs/{job_id}").status_code == 401


def test_the_database_itself_hides_receipts_from_others(desk: Desk, owner: httpx.Client) -> None:
    owner.delete(f"/jobs/{deliver(desk, owner)}").raise_for_status()
    for user_id, count in ((get_user_id(owner), 1), (BOB, 0)):
        with desk.database.transaction_of({"sub": str(user_id), "role": "authenticated"}) as tx:
            assert len(tx.session.scalars(select(DeletionReceipt)).all()) == count


def test_receipts_are_listed_page_by_page_the_newest_first(desk: Desk, owner: httpx.Client) -> None:
    made = [owner.delete(f"/jobs/{deliver(desk, owner)}").json() for _ in range(3)]
    page = owner.get("/receipts", params={"limit": 2}).json()
    rest = owner.get("/receipts", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert page["items"] + rest["items"] == made[::-1]
    assert rest["next_cursor"] is None
    assert owner.get("/receipts", params={"cursor": "nonsense"}).json()["code"] == "malformed_request"


def test_what_expired_by_itself_has_a_receipt_too_and_is_not_erased_twice(desk: Desk, owner: httpx.Client) -> None:
    job_id = deliver(desk, owner)
    with desk.database.transaction() as tx:
        tx.launches.mark_needless(job_id, 1)
        long_ago = func.now() - timedelta(hours=100)
        tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(finished_at=long_ago))
        for row in tx.views.list_artifacts(job_id):
            row.expires_at = long_ago
    desk.container.eraser.sweep()
    deletion = owner.get(f"/jobs/{job_id}").json()["deletion"]
    assert deletion["cause"] == "retention"
    again = owner.delete(f"/jobs/{job_id}")
    assert (again.status_code, again.json()["receipt_id"]) == (200, deletion["receipt_id"])
    assert again.json()["cause"] == "retention"


def test_a_recording_that_was_erased_is_submitted_no_more_and_its_key_is_free(
    desk: Desk, owner: httpx.Client, recording: bytes
) -> None:
    body = {"upload_id": upload(owner, recording), "target_languages": ["es"]}
    key = {"Idempotency-Key": "once"}
    job_id = owner.post("/jobs", json=body, headers=key).json()["id"]
    assert owner.delete(f"/jobs/{job_id}").json()["body"]["upload"] == "removed"
    gone = owner.post("/jobs", json=body, headers=key)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    body["upload_id"] = upload(owner, recording)
    assert owner.post("/jobs", json=body, headers=key).status_code == 202


def test_a_recording_that_is_erased_while_its_job_is_being_written_gets_none(
    desk: Desk, owner: httpx.Client, recording: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = upload(owner, recording)

    def erase_meanwhile(*_: object) -> None:
        with desk.database.transaction() as tx:
            tx.session.execute(update(Upload).where(Upload.id == upload_id).values(erased_at=func.now()))

    monkeypatch.setattr("api.jobs.submission.refuse_while_leaving", erase_meanwhile)
    reply = owner.post("/jobs", json={"upload_id": upload_id, "target_languages": ["es"]})
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    assert owner.get("/jobs").json()["items"] == []


def test_a_recording_that_another_job_needs_stays(desk: Desk, owner: httpx.Client, recording: bytes) -> None:
    job = submit(owner, recording, "es")
    other = owner.post("/jobs", json={"upload_id": job["upload_id"], "target_languages": ["fr"]}).json()
    assert owner.delete(f"/jobs/{job['id']}").json()["body"]["upload"] == "kept for another job"
    assert owner.get(f"/jobs/{other['id']}").json()["state"] == "queued"
    assert owner.delete(f"/jobs/{other['id']}").json()["body"]["upload"] == "removed"


def test_everything_of_a_user_is_erased_and_nothing_new_is_taken_meanwhile(
    desk: Desk, owner: httpx.Client, recording: bytes
) -> None:
    running, finished = deliver(desk, owner, ("es", "fr"), done=1), deliver(desk, owner)
    launch(desk, running)
    alone = upload(owner, recording)
    reply = owner.delete("/users/me")
    pending = reply.json()
    assert (reply.status_code, pending["state"], pending["job_id"]) == (202, "pending", None)
    assert reply.headers["location"] == f"/v1/receipts/{pending['receipt_id']}"
    assert owner.delete("/users/me").json() == pending

    for refused in (
        announce(owner, recording),
        owner.post("/jobs", json={"upload_id": alone, "target_languages": ["es"]}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "erasure_under_way")
        assert refused.json()["retryable"] is True

    look_as_the_sensor_does(desk)
    assert owner.get(f"/jobs/{finished}").json()["state"] == "expired"
    assert owner.get(f"/receipts/{pending['receipt_id']}").json()["state"] == "pending"
    see_the_run_end(desk, running)
    let_upload_addresses_expire(desk, owner)
    look_as_the_sensor_does(desk)
    done = owner.get(f"/receipts/{pending['receipt_id']}").json()
    assert (done["state"], done["job_id"], done["cause"]) == ("erased", None, "request")
    assert done["body"]["rows"] == {"uploads": 3, "dubbing_jobs": 2}
    assert list_keys(desk, running) + list_keys(desk, finished) == []
    with desk.database.transaction() as tx:
        names = tx.session.scalars(select(Upload.file_name).where(Upload.user_id == get_user_id(owner))).all()
    assert set(names) == {""}


def test_who_comes_back_after_everything_was_erased_begins_anew(
    desk: Desk, owner: httpx.Client, recording: bytes
) -> None:
    first = owner.delete("/users/me").json()
    look_as_the_sensor_does(desk)
    assert owner.get(f"/receipts/{first['receipt_id']}").json()["state"] == "erased"
    job = submit(owner, recording, "es")
    second = owner.delete("/users/me").json()
    assert second["receipt_id"] != first["receipt_id"]
    let_upload_addresses_expire(desk, owner)
    look_as_the_sensor_does(desk)
    assert owner.get(f"/jobs/{job['id']}").json()["state"] == "expired"
    assert owner.get(f"/receipts/{first['receipt_id']}").json()["state"] == "erased"


def test_erasing_one_user_leaves_the_others(desk: Desk, owner: httpx.Client, bob: httpx.Client) -> None:
    job_id = deliver(desk, bob)
    owner.delete("/users/me").raise_for_status()
    look_as_the_sensor_does(desk)
    assert bob.get(f"/jobs/{job_id}").json()["state"] == "completed"
    assert len(list_keys(desk, job_id)) == 3


def let_upload_addresses_expire(desk: Desk, client: httpx.Client) -> None:
    with desk.database.transaction() as tx:
        past = func.now() - timedelta(seconds=1)
        tx.session.execute(update(Upload).where(Upload.user_id == get_user_id(client)).values(expires_at=past))
