"""What a sweep erases and what it leaves, by the clock."""

import uuid
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from dubbing.retention import Kind
from resources.database.tables import ArtifactRow, LanguageTask, Take
from tests.support.kept import FRESH, KEEP, NOW, STALE, WORD, Kept, search_rows


def test_what_is_stale_is_gone_from_the_store_and_its_rows_are_closed(kept_anywhere: Kept) -> None:
    stale = kept_anywhere.add_job(STALE)
    keys = kept_anywhere.list_keys(stale)
    swept = kept_anywhere.eraser.sweep(NOW)
    assert [key for key in keys if kept_anywhere.has(key)] == []
    assert all(artifact.erased_at for artifact in kept_anywhere.list_artifacts(stale))
    assert kept_anywhere.get_job(stale).state == "expired"
    assert swept.jobs == (stale,)
    assert swept.broken_off is None
    assert search_rows(kept_anywhere.database, WORD) == []


def test_what_is_fresh_is_untouched(kept_anywhere: Kept) -> None:
    fresh = kept_anywhere.add_job(FRESH)
    keys = kept_anywhere.list_keys(fresh)
    swept = kept_anywhere.eraser.sweep(NOW)
    assert [key for key in keys if not kept_anywhere.has(key)] == []
    assert kept_anywhere.get_job(fresh).state == "completed"
    assert dict(swept.erased) == {}
    assert swept.missing == 0


def test_at_the_limit_to_the_moment_it_goes(kept: Kept) -> None:
    kept.add_job(KEEP)
    assert kept.eraser.sweep(NOW - timedelta(microseconds=1)).jobs == ()
    assert len(kept.eraser.sweep(NOW).jobs) == 1


def test_a_sweep_after_a_sweep_finds_nothing(kept: Kept) -> None:
    kept.add_job(STALE)
    kept.eraser.sweep(NOW)
    again = kept.eraser.sweep(NOW)
    assert (dict(again.erased), again.jobs, dict(again.overdue)) == ({}, (), {})


def test_it_says_what_it_erased_by_kind(kept: Kept) -> None:
    kept.add_job(STALE)
    swept = kept.eraser.sweep(NOW)
    assert dict(swept.erased) == {
        Kind.ARTIFACT: 2, Kind.JOB: 1, Kind.UPLOAD: 1, Kind.TAKE: 1, Kind.TRANSCRIPT: 1, Kind.TRANSLATION: 1,
    }  # fmt: skip
    assert swept.size_bytes == 10


@pytest.mark.parametrize(
    "state",
    [
        {"launched_attempt": 2, "attempt": 2},
        {"attempt": 2, "state": "queued", "finished_at": None},
    ],
    ids=["launched and not ended", "queued for another attempt"],
)
def test_a_job_in_flight_is_never_swept(kept: Kept, state: dict[str, object]) -> None:
    job_id = kept.add_job(STALE)
    kept.change_job(job_id, **state)
    keys = kept.list_keys(job_id)
    swept = kept.eraser.sweep(NOW)
    assert [key for key in keys if not kept.has(key)] == []
    assert swept.in_use[Kind.ARTIFACT] == 2
    assert kept.count("segments", job_id=job_id) == 1


def test_a_job_that_a_process_holds_is_not_swept(kept: Kept) -> None:
    job_id = kept.add_job(STALE)
    keys = kept.list_keys(job_id)
    with kept.database.lock_job(str(job_id)):
        swept = kept.eraser.sweep(NOW)
    assert swept.left_in_flight >= 1
    assert [key for key in keys if not kept.has(key)] == []
    assert kept.eraser.sweep(NOW).jobs == (job_id,)


def test_what_was_interrupted_and_not_taken_up_again_goes(kept: Kept) -> None:
    job_id = kept.add_job(STALE)
    interrupt(kept, job_id, last_sign=NOW - STALE)
    keys = kept.list_keys(job_id)
    assert kept.eraser.sweep(NOW).jobs == (job_id,)
    assert kept.get_job(job_id).state == "expired"
    assert [key for key in keys if kept.has(key)] == []


def test_what_was_interrupted_can_be_taken_up_again_for_as_long_as_words_are_kept(kept: Kept) -> None:
    job_id = kept.add_job(STALE)
    interrupt(kept, job_id, last_sign=NOW - FRESH)
    assert kept.eraser.sweep(NOW).jobs == ()
    assert kept.get_job(job_id).state == "running"


def test_what_was_taken_up_again_is_not_ended(kept: Kept) -> None:
    job_id = kept.add_job(STALE)
    interrupt(kept, job_id, last_sign=NOW - STALE)
    with kept.database.lock_job(str(job_id)):
        assert kept.eraser.sweep(NOW).jobs == ()
    assert kept.get_job(job_id).state == "running"


def interrupt(kept: Kept, job_id: uuid.UUID, *, last_sign: datetime) -> None:
    """Leave a job as a process does that was begun at a terminal and killed there."""
    kept.change_job(job_id, state="running", finished_at=None, updated_at=last_sign)
    under_way = {"state": "synthesizing", "finished_at": None, "updated_at": last_sign}
    with kept.database.transaction() as tx:
        tx.session.execute(update(LanguageTask).where(LanguageTask.job_id == job_id).values(under_way))


def test_only_one_sweep_goes_on(kept: Kept) -> None:
    kept.add_job(STALE)
    with kept.database.try_hold("retention"):
        assert kept.eraser.sweep(NOW).is_busy
    assert not kept.eraser.sweep(NOW).is_busy


def test_words_outlive_files_as_long_as_the_policy_says(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    with kept.database.transaction() as tx:
        tx.session.execute(update(ArtifactRow).values(expires_at=NOW - timedelta(hours=1)))
    swept = kept.eraser.sweep(NOW)
    assert (swept.erased[Kind.ARTIFACT], swept.jobs) == (2, ())
    assert kept.count("segments", job_id=job_id) == 1


def test_words_stay_while_a_file_can_be_downloaded(kept: Kept) -> None:
    job_id = kept.add_job(STALE)
    kept.add_artifact(job_id, "late.m4a", expires_at=NOW + timedelta(hours=1))
    assert kept.eraser.sweep(NOW).jobs == ()
    assert kept.count("dubbed_segments", job_id=job_id) == 1


def test_a_file_that_a_fresh_revision_shares_stays_in_the_store(kept: Kept) -> None:
    job_id = kept.add_job(STALE)
    shared = kept.list_artifacts(job_id)[0]
    kept.add_artifact(
        job_id, shared.kind, expires_at=NOW + timedelta(hours=1), storage_key=shared.storage_key, revision=2
    )
    kept.eraser.sweep(NOW)
    assert kept.has(shared.storage_key)
    assert sum(artifact.erased_at is None for artifact in kept.list_artifacts(job_id)) == 1


def test_a_recording_stays_for_a_job_that_lives(kept: Kept) -> None:
    upload_id = kept.add_upload(STALE)
    kept.add_job(STALE, upload_id=upload_id)
    kept.add_job(FRESH, upload_id=upload_id)
    kept.eraser.sweep(NOW)
    assert kept.has(f"sources/{upload_id}")


def test_an_upload_whose_address_still_works_is_left(kept: Kept) -> None:
    pending = {"verified_at": None, "storage_key": "incoming/a"}
    kept.add_upload(STALE, expires_at=NOW + timedelta(minutes=1), **pending)
    kept.eraser.sweep(NOW)
    assert kept.has("incoming/a")
    assert kept.eraser.sweep(NOW + timedelta(minutes=1)).erased[Kind.UPLOAD] == 1
    assert not kept.has("incoming/a")


def test_a_pending_upload_goes_from_both_places_where_it_may_lie(kept: Kept) -> None:
    upload_id = kept.add_upload(STALE, verified_at=None, storage_key="incoming/b", expires_at=NOW - KEEP)
    kept.put(f"sources/{upload_id}")
    kept.eraser.sweep(NOW)
    assert list(kept.store.list_objects()) == []


def test_a_reading_that_a_live_job_uses_or_bought_stays(kept: Kept) -> None:
    job_id = kept.add_job(FRESH)
    with kept.database.transaction() as tx:
        tx.session.execute(update(Take).values(used_at=NOW - STALE))
    keys = kept.list_keys(job_id)
    swept = kept.eraser.sweep(NOW)
    assert swept.in_use[Kind.TAKE] == 1
    assert all(map(kept.has, keys))
