"""Erasing because somebody asked for it: jobs, and all of a user, at once or as soon as nobody works on them."""

import uuid

import pytest
from sqlalchemy import select, update

from dubbing.errors import JobBusyError, JobFinishedError, NotFoundError
from resources.database.tables import DubbedSegment, ErasureCause
from tests.support.kept import FRESH, NOW, STALE, WORD, Kept, search_rows


def erase(kept: Kept, job_id: uuid.UUID) -> dict[str, object]:
    done = kept.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ana")
    assert done.receipt is not None
    return done.receipt.body


def request_user(kept: Kept, user_id: uuid.UUID) -> uuid.UUID:
    with kept.database.transaction() as tx:
        return tx.erasures.request_user_deletion(user_id, "ana")


def get_owner(kept: Kept, job_id: uuid.UUID) -> uuid.UUID:
    return kept.get_job(job_id).user_id


def test_a_fresh_job_is_erased_at_once_and_no_word_of_it_is_left(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    keys = kept.list_keys(job_id)
    body = erase(kept, job_id)
    assert [key for key in keys if kept.has(key)] == []
    assert [kept.count(cache) for cache in ("takes", "transcripts", "translations")] == [0, 0, 0]
    assert body["upload"] == "removed"
    assert kept.get_job(job_id).state == "expired"
    assert search_rows(kept.database, WORD) == []


def test_the_receipt_names_objects_by_hash_and_no_word(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    keys = kept.list_keys(job_id)
    body = erase(kept, job_id)
    objects = body["objects"]
    assert isinstance(objects, dict)
    assert (objects["removed"], objects["refused"]) == (len(keys), 0)
    assert [key for key in keys if key in str(body)] == []
    assert body["rows"] == {"artifacts": 2, "segments": 1, "dubbed_segments": 1, "segment_edits": 1}
    assert body["vendors"] == [
        {"vendor": "deepgram", "operations": ["recognize"], "calls": 1, "asked_not_to_retain": True,
         "how": "mip_opt_out=true"}
    ]  # fmt: skip


def test_erasing_again_gives_the_same_receipt(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    first = kept.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ana").receipt
    again = kept.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ben").receipt
    assert first is not None
    assert again is not None
    assert (again.id, again.requested_by) == (first.id, "ana")
    assert kept.count("deletion_receipts") == 1


def test_asking_again_gives_the_receipt_that_was_promised(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    with kept.database.transaction() as tx:
        promised = tx.erasures.request_deletion(job_id, "ana")
    with kept.database.transaction() as tx:
        assert tx.erasures.request_deletion(job_id, "ana") == promised
    kept.eraser.sweep(NOW)
    with kept.database.transaction() as tx:
        receipt = tx.receipts.find_of_job(job_id)
    assert receipt is not None
    assert (receipt.id, receipt.cause, receipt.requested_by) == (promised, "request", "ana")


def test_a_job_in_flight_is_cancelled_and_erased_when_its_run_has_ended(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    kept.change_job(job_id, attempt=2, launched_attempt=2, state="running", finished_at=None)
    with kept.database.transaction() as tx:
        tx.jobs.list_languages(job_id)[0].state = "mixing"
    with pytest.raises(JobBusyError):
        kept.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ana")
    assert kept.get_job(job_id).state == "cancelled"
    assert kept.eraser.erase_requested(None, seconds=5) == (None, 0)
    kept.change_job(job_id, ended_attempt=2)
    assert kept.eraser.erase_requested(None, seconds=5) == (None, 1)


def test_a_job_that_waits_for_a_run_is_erased_at_once_and_gets_none(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    kept.change_job(job_id, attempt=2, state="queued", finished_at=None)
    with kept.database.transaction() as tx:
        tx.jobs.list_languages(job_id)[0].state = "queued"
    erase(kept, job_id)
    with kept.database.transaction() as tx:
        assert tx.launches.list_waiting(10) == []


def test_a_held_job_is_left_and_its_request_is_kept(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    with kept.database.lock_job(str(job_id)), pytest.raises(JobBusyError):
        kept.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ana")
    assert kept.eraser.sweep(NOW).jobs == (job_id,)


def test_a_job_that_is_not_there_cannot_be_erased(kept: Kept) -> None:
    for cause in ErasureCause:
        with pytest.raises(NotFoundError):
            kept.eraser.erase_job(uuid.uuid4(), cause=cause, requested_by="ana")


def test_neither_a_replay_nor_an_edit_begins_a_job_again_that_is_to_be_erased(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    with kept.database.transaction() as tx:
        tx.erasures.request_deletion(job_id, "ana")
    with pytest.raises(JobFinishedError), kept.database.transaction() as tx:
        tx.replays.begin(job_id, ["es"])
    with kept.database.transaction() as tx:
        job, task = tx.jobs.claim(job_id), tx.jobs.list_languages(job_id)[0]
        with pytest.raises(JobFinishedError):
            tx.jobs.begin_revision(job, task)


def test_its_recording_stays_for_another_job_of_the_same_user(kept: Kept) -> None:
    upload_id = kept.add_upload(FRESH)
    job_id, other = kept.add_job(FRESH, upload_id=upload_id), kept.add_job(FRESH, upload_id=upload_id, text="other")
    assert erase(kept, job_id)["upload"] == "kept for another job"
    assert kept.has(f"sources/{upload_id}")
    assert erase(kept, other)["upload"] == "removed"
    assert not kept.has(f"sources/{upload_id}")


def test_a_reading_that_another_job_uses_stays(kept: Kept) -> None:
    job_id, other = kept.add_job(FRESH), kept.add_job(FRESH, text="something else")
    with kept.database.transaction() as tx:
        line = tx.session.scalars(select(DubbedSegment).where(DubbedSegment.job_id == job_id)).one()
        lines_of_other = update(DubbedSegment).where(DubbedSegment.job_id == other)
        tx.session.execute(lines_of_other.values(take_key=line.take_key))
    caches = erase(kept, job_id)["caches"]
    assert isinstance(caches, dict)
    assert (caches["takes"], caches["kept_for_other_jobs"]) == (0, 1)
    assert kept.count("takes", content_key=line.take_key) == 1


def test_while_a_job_of_the_same_words_is_under_way_its_readings_are_left(kept: Kept) -> None:
    job_id, running = kept.add_job(FRESH), kept.add_job(FRESH)
    kept.change_job(running, state="running", finished_at=None)
    caches = erase(kept, job_id)["caches"]
    assert isinstance(caches, dict)
    assert (caches["takes"], caches["transcripts"], caches["translations"]) == (0, 0, 0)
    assert [kept.count(cache) for cache in ("takes", "transcripts", "translations")] == [2, 2, 2]


def test_all_of_a_user_goes_and_one_receipt_says_so_in_the_end(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    user_id = get_owner(kept, job_id)
    lone, others = kept.add_upload(FRESH, user_id=user_id), kept.add_job(FRESH)
    receipt_id = request_user(kept, user_id)
    assert request_user(kept, user_id) == receipt_id
    swept = kept.eraser.sweep(NOW)
    assert (swept.jobs, swept.users) == ((job_id,), 1)
    assert not kept.has(f"sources/{lone}")
    assert kept.get_job(others).state == "completed"
    with kept.database.transaction() as tx:
        receipt = tx.receipts.find(receipt_id)
        assert receipt is not None
        assert (receipt.user_id, receipt.job_id) == (user_id, None)
        assert len(receipt.body["receipts"]) == 1
        assert [each.job_id for each in tx.receipts.list_of_user(user_id, limit=9)] == [None, job_id]
        assert not tx.erasures.is_leaving(user_id)


def test_a_user_with_a_job_at_work_has_left_only_when_it_is_over(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    user_id = get_owner(kept, job_id)
    kept.change_job(job_id, attempt=2, launched_attempt=2)
    receipt_id = request_user(kept, user_id)
    kept.eraser.erase_requested(None, seconds=5)
    with kept.database.transaction() as tx:
        assert tx.erasures.is_leaving(user_id)
        assert tx.receipts.find(receipt_id) is None
    kept.change_job(job_id, ended_attempt=2)
    kept.eraser.erase_requested(None, seconds=5)
    with kept.database.transaction() as tx:
        assert tx.receipts.find(receipt_id) is not None


def test_an_upload_address_that_still_works_keeps_its_user(kept: Kept) -> None:
    upload_id = kept.add_upload(STALE, verified_at=None, storage_key="incoming/c", expires_at=NOW.replace(year=2126))
    with kept.database.transaction() as tx:
        user_id = tx.uploads.find(upload_id).user_id  # type: ignore[union-attr]
    request_user(kept, user_id)
    kept.eraser.erase_requested(None, seconds=5)
    with kept.database.transaction() as tx:
        assert tx.erasures.is_leaving(user_id)
