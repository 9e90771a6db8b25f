"""What the keeper says when a start fails."""

import errno
from pathlib import Path

from dubbing.errors import DatabaseUnavailableError, DiskFullError, DubbingError
from resources.database.keeper import explain_failure
from resources.database.server.files import ServerFiles

ENDED = DatabaseUnavailableError("Postgres ended with status 1 instead of starting.")


def explain(error: Exception, log_text: str = "", free_bytes: int = 10**9) -> DubbingError:
    return explain_failure(error, ServerFiles(Path("/data")), log_text=log_text, free_bytes=free_bytes)


def test_a_failed_start_gives_its_reason_and_names_the_log() -> None:
    failure = explain(DatabaseUnavailableError("initdb failed with status 1."))

    assert type(failure) is DatabaseUnavailableError
    assert failure.message == (
        "The embedded Postgres did not start: initdb failed with status 1. Its log is /data/server.log."
    )


def test_a_disk_that_was_full_for_us_is_told_as_such() -> None:
    assert type(explain(OSError(errno.ENOSPC, "No space left on device"))) is DiskFullError


def test_a_disk_that_was_full_for_postgres_is_told_as_such() -> None:
    log = 'FATAL:  could not write to file "pg_wal/xlogtemp.7": No space left on device'

    assert type(explain(ENDED, log)) is DiskFullError


def test_a_disk_too_full_to_log_why_postgres_ended_is_told_as_such() -> None:
    assert type(explain(ENDED, free_bytes=4096)) is DiskFullError


def test_shared_memory_that_ran_out_is_not_a_full_disk() -> None:
    log = 'FATAL:  could not resize shared memory segment "/PostgreSQL.1" to 8 bytes: No space left on device'

    assert type(explain(ENDED, log)) is DatabaseUnavailableError
