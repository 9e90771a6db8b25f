"""Ten thousand files in one sweep, killed in the middle: bounded memory, one receipt a job, nothing left."""

import signal
import subprocess
import sys
import time
import tracemalloc
import uuid
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import insert, text

from dubbing.retention import Kind
from resources.database.tables import ArtifactRow, DubbingJob, LanguageTask, SegmentRow, Upload, User
from tests.support.kept import KEEP, NOW, STALE, Kept
from tests.support.waiting import wait_for

JOBS, FILES = 500, 20
"""Ten thousand files."""

SMALL_JOBS = 60


def add_many(kept: Kept, folder: Path, jobs: int, files: int) -> None:
    """Put jobs with files straight into the tables and the folder; much faster than through the store."""
    user_id, ended_at = uuid.uuid4(), NOW - STALE
    ids = [uuid.uuid4() for _ in range(jobs)]
    artifacts = [
        {
            "id": uuid.uuid4(), "job_id": job_id, "language": "es", "kind": f"file_{number}", "path": f"es/{number}",
            "storage_key": f"jobs/{job_id}/0123456789abcdef/es/{number}", "media_type": "audio/mp4", "size_bytes": 1,
            "sha256": "0" * 64, "expires_at": ended_at + KEEP,
        }
        for job_id in ids
        for number in range(files)
    ]  # fmt: skip
    uploads = [
        {
            "id": job_id, "user_id": user_id, "file_name": "a", "media_type": "audio/wav", "sha256": "0" * 64,
            "storage_key": f"sources/{job_id}", "size_bytes": 1, "verified_at": ended_at, "created_at": ended_at,
        }
        for job_id in ids
    ]  # fmt: skip
    rows = [
        {
            "id": job_id, "user_id": user_id, "upload_id": job_id, "request_key": "k", "engines": {},
            "state": "completed", "attempt": 1, "launched_attempt": 1, "ended_attempt": 1, "finished_at": ended_at,
        }
        for job_id in ids
    ]  # fmt: skip
    with kept.database.transaction() as tx:
        tx.session.execute(insert(User), [{"id": user_id}])
        tx.session.execute(insert(Upload), uploads)
        tx.session.execute(insert(DubbingJob), rows)
        tx.session.execute(
            insert(LanguageTask),
            [{"id": uuid.uuid4(), "job_id": job_id, "language": "es", "state": "completed"} for job_id in ids],
        )
        tx.session.execute(
            insert(SegmentRow),
            [{"job_id": i, "number": 1, "start_ms": 0, "end_ms": 1, "speaker": "s", "text": "t"} for i in ids],
        )
        tx.session.execute(insert(ArtifactRow), artifacts)
    for key in [row["storage_key"] for row in (*artifacts, *uploads)]:
        path = folder / str(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
    with kept.database.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def test_ten_thousand_files_go_in_one_sweep_with_bounded_memory(kept: Kept, folder: Path) -> None:
    add_many(kept, folder, JOBS, FILES)
    process = psutil.Process()
    before_bytes, began_s = process.memory_info().rss, time.monotonic()
    swept = kept.eraser.sweep(NOW)
    took_s, grown_bytes = time.monotonic() - began_s, process.memory_info().rss - before_bytes
    print(f"{JOBS * FILES} files in {took_s:.1f} s, {grown_bytes / 1e6:.1f} MB more")
    assert (swept.erased[Kind.ARTIFACT], swept.erased[Kind.JOB]) == (JOBS * FILES, JOBS)
    assert list(kept.store.list_objects()) == []
    assert took_s < 60
    assert grown_bytes < 64_000_000


def test_memory_does_not_grow_with_the_number_of_files(kept: Kept, folder: Path) -> None:
    peaks = []
    for jobs in (20, 100):
        add_many(kept, folder, jobs, 5)
        tracemalloc.start()
        kept.eraser.sweep(NOW)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000


@pytest.mark.parametrize("kill_after_jobs", [1, SMALL_JOBS // 2])
def test_a_sweep_that_is_killed_is_finished_by_the_next(kept: Kept, folder: Path, kill_after_jobs: int) -> None:
    add_many(kept, folder, SMALL_JOBS, 10)
    url = kept.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.integration.retention.sweeper", url, str(folder), NOW.isoformat()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        wait_for(lambda: kept.count("deletion_receipts") >= kill_after_jobs, "some jobs to be erased", pause_s=0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = kept.count("deletion_receipts")
    assert before < SMALL_JOBS
    swept = sweep_once_the_dead_let_go(kept)
    assert len(swept.jobs) == SMALL_JOBS - before
    assert kept.count("deletion_receipts") == kept.count("dubbing_jobs", state="expired") == SMALL_JOBS
    assert kept.count("segments") == 0
    assert list(kept.store.list_objects()) == []
    assert dict(kept.eraser.sweep(NOW + timedelta(hours=1)).erased) == {}


def sweep_once_the_dead_let_go(kept: Kept):
    done = []

    def try_once() -> bool:
        done[:] = [kept.eraser.sweep(NOW)]
        return not done[0].is_busy

    wait_for(try_once, "Postgres to let go of the dead sweep's lock")
    return done[0]
