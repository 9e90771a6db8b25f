"""Objects that no row knows, and rows whose object is gone."""

import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dubbing.retention import Kind
from resources.billing.biller import Biller
from resources.database.job_lock import number_lock
from tests.support.kept import FRESH, KEEP, NOW, STALE, Kept


def test_what_no_row_knows_goes_once_it_is_old(kept_anywhere: Kept) -> None:
    kept_anywhere.put("left/behind.wav")
    old_enough = datetime.now(UTC) + KEEP
    assert kept_anywhere.eraser.sweep(old_enough - timedelta(minutes=5)).erased.get(Kind.ORPHAN, 0) == 0
    swept = kept_anywhere.eraser.sweep(old_enough + timedelta(minutes=5))
    assert (swept.erased[Kind.ORPHAN], swept.size_bytes) == (1, 5)
    assert list(kept_anywhere.store.list_objects()) == []


def age(folder: Path, key: str, at: datetime) -> None:
    os.utime(folder / key, (at.timestamp(), at.timestamp()))


def test_what_a_row_knows_is_no_orphan_however_old_it_is(kept: Kept, folder: Path) -> None:
    pending = kept.add_upload(FRESH, verified_at=None, storage_key="incoming/d", expires_at=NOW)
    keys = [*kept.list_keys(kept.add_job(FRESH)), "incoming/d", kept.put(f"sources/{pending}")]
    for key in keys:
        age(folder, key, NOW - STALE)
    swept = kept.eraser.sweep(NOW)
    assert [key for key in keys if not kept.has(key)] == []
    assert swept.erased.get(Kind.ORPHAN, 0) == 0


def test_the_files_of_a_job_at_work_are_left_whatever_rows_say(kept: Kept, folder: Path) -> None:
    job_id = kept.add_job(FRESH)
    kept.change_job(job_id, attempt=2, launched_attempt=2)
    key = kept.put(f"jobs/{job_id}/0123456789abcdef/es/dub.m4a")
    age(folder, key, NOW - STALE)
    assert kept.eraser.sweep(NOW).in_use[Kind.ORPHAN] == 1
    kept.change_job(job_id, ended_attempt=2)
    with kept.database.lock_job(str(job_id)):
        kept.eraser.sweep(NOW)
    assert kept.has(key)
    kept.eraser.sweep(NOW)
    assert not kept.has(key)


def test_a_reading_that_is_being_bought_is_left(kept: Kept, folder: Path) -> None:
    key = kept.put("takes/ab/abcd.wav")
    age(folder, key, NOW - STALE)
    with kept.database.open_session() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({number_lock('buy:abcd')})")
        kept.eraser.sweep(NOW)
        assert kept.has(key)
        connection.invalidate()
    kept.eraser.sweep(NOW)
    assert not kept.has(key)


def test_an_old_object_with_a_name_that_is_no_text_goes_too(kept: Kept, folder: Path) -> None:
    odd = os.fsencode(folder) + b"/\xff\xfe.wav"
    with open(odd, "wb") as file:  # noqa: PTH123 - a path holds no such bytes
        file.write(b"12345")
    os.utime(odd, ((NOW - STALE).timestamp(),) * 2)
    assert kept.eraser.sweep(NOW).erased[Kind.ORPHAN] == 1
    assert not Path(os.fsdecode(odd)).exists()


def test_rows_without_their_object_are_told_and_not_changed(kept_anywhere: Kept) -> None:
    now = datetime.now(UTC)
    job_id = kept_anywhere.add_job(NOW - now + timedelta(hours=2))
    lost = kept_anywhere.list_artifacts(job_id)[0]
    with kept_anywhere.database.transaction() as tx:
        tx.session.get_one(type(lost), lost.id).created_at = now - timedelta(hours=2)
    kept_anywhere.store.delete(lost.storage_key)
    swept = kept_anywhere.eraser.sweep(now)
    assert (swept.missing, swept.missing_ids) == (1, (f"artifact {lost.id}",))
    assert kept_anywhere.list_artifacts(job_id)[0].erased_at is None


@pytest.mark.parametrize("count", [0, 3])
def test_the_store_of_a_stranger_is_swept_by_its_age_only(kept: Kept, folder: Path, count: int) -> None:
    for _ in range(count):
        age(folder, kept.put(f"sources/{uuid.uuid4()}"), NOW - STALE)
    kept.put("sources/new")
    assert kept.eraser.sweep(NOW).erased.get(Kind.ORPHAN, 0) == count


def test_the_exports_of_a_bill_are_no_orphans_and_others_beside_them_are(kept: Kept, folder: Path) -> None:
    day = (NOW - STALE).date()
    exports = Biller(kept.database, kept.store).make(day).exports
    assert exports is not None
    keys = [exports.parquet_key, exports.csv_key, kept.put("billing/2020-01-01.csv")]
    for key in keys:
        age(folder, key, NOW - STALE)
    kept.eraser.sweep(NOW)
    assert [kept.has(key) for key in keys] == [True, True, False]
