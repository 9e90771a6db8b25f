"""The hold that one process has on a job, as long as the connection lasts that it was taken on."""

import contextlib
import hashlib
import threading

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from dubbing.errors import JobBusyError

# Postgres asks a silent client for a sign of life after 20 s and gives up 15 s later: a machine that lost its power
# says nothing, and by the system's own default would hold its locks for two hours.
KEEP_ALIVE = text("""
    SELECT set_config('tcp_keepalives_idle', '20', false),
           set_config('tcp_keepalives_interval', '5', false),
           set_config('tcp_keepalives_count', '3', false)
""")

_TAKE = text("SELECT pg_try_advisory_lock(:number) AS is_taken, pg_backend_pid() AS server_process")


class JobLock:
    """Taken from the work's own thread, looked after from another."""

    def __init__(self, connection: Connection, job_id: str) -> None:
        """Keep the connection, which nobody else uses meanwhile; it commits by itself."""
        self._connection = connection
        self._number = number_job(job_id)
        self._server_process: int | None = None
        self._in_use = threading.Lock()

    def take(self) -> None:
        """Take hold of the job.

        Raises:
            JobBusyError: another process holds it.
        """
        self._connection.execute(KEEP_ALIVE)
        row = self._connection.execute(_TAKE, {"number": self._number}).one()
        if not row.is_taken:
            raise JobBusyError("Another process works on this job right now; wait for it to finish.")
        self._server_process = row.server_process

    def check(self) -> None:
        """Ask whether the job is still held.

        Raises:
            JobBusyError: the connection is gone and the hold with it; it stays gone.
        """
        with self._in_use:
            try:
                # An answer is not enough: after a loss the driver may have connected anew, without the hold.
                answering = self._connection.scalar(text("SELECT pg_backend_pid()"))
            except SQLAlchemyError:
                answering = None
            if answering is None or answering != self._server_process:
                self._server_process = None
                raise JobBusyError("The hold on this job was lost with its connection; another process may have it.")

    def release(self) -> None:
        """Let go of the job; a connection that is gone has let go of it."""
        with self._in_use, contextlib.suppress(SQLAlchemyError):
            self._connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": self._number})


def number_job(job_id: str) -> int:
    """Number the lock of a job."""
    return number_lock(f"job:{job_id}")


def number_slot(name: str, slot: int) -> int:
    """Number the lock of one of the slots of a kind of call."""
    return number_lock(f"slot:{name}:{slot}")


def name_slots(vendor: str, operation: str) -> str:
    """Name the slots of a kind of call to a vendor."""
    return f"{vendor}:{operation}"


def number_lock(name: str) -> int:
    """Number an advisory lock, as Postgres wants it."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
