"""The process that starts an embedded Postgres, stops it after its last user, and never leaves it alone.

Run as ``python -m resources.database.keeper`` by ``embedded.py``, never by hand. It waits on nothing but locks and
processes, so it costs nothing while the server runs. How each death is answered:

- the last user ends, however it ends: the kernel grants the keeper the users' lock, and it stops Postgres;
- Postgres ends: it is started again on the same port, unless it keeps dying;
- the keeper ends, kill -9 included: the kernel sends Postgres the signal for a fast stop; the next user starts
  another keeper, which waits until the old Postgres is gone.

A Ctrl-C in a terminal or a SIGTERM to a whole service must not take the database from users that are still
recording where they were: the keeper is in a session of its own and ignores both.

Standard library alone, besides our own light modules: it must be up at once.
"""

import argparse
import enum
import errno
import fcntl
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dubbing.errors import DatabaseUnavailableError, DiskFullError, DubbingError
from resources.database.server.cluster import claimed, end_leftovers
from resources.database.server.files import ServerFiles, ServerState, find_state, locked, opened_for_lock, record_state
from resources.database.server.home import ServerHome
from resources.database.server.process import says_disk_is_full, start_postgres, stop_postgres
from resources.database.server.setup import prepare_home

MAX_DEATHS = 5
DEATHS_WINDOW_S = 600.0
"""A Postgres that died is started again, unless it died more often than this within so many seconds: then its keeper
gives up, so that no fault loops for ever, and no server that has run for months ends with its fifth crash."""

MAX_LOG_BYTES = 5_000_000
"""Size at which the log is set aside and begun anew; one old one is kept."""

LOG_CHECK_S = 3600.0
"""Between two looks at the log's size."""

MIN_FREE_BYTES = 1_000_000
"""Below this even the log may not tell why Postgres ended: then it is the disk. Source: a few log lines and pages."""


class Event(enum.Enum):
    """What can happen while the server runs."""

    LAST_USER_LEFT = enum.auto()
    POSTGRES_ENDED = enum.auto()


@dataclass(slots=True)
class StartReport:
    """What the user that started this keeper waits for: one message, then the end of the pipe and of the lock."""

    pipe: int
    start_lock: int
    is_sent: bool = False

    def send(self, failure: DubbingError | None) -> None:
        """Tell once how the start went, and let others look; a user that is gone by now does not matter."""
        if self.is_sent:
            return
        self.is_sent = True
        message = {"code": failure.code, "message": failure.message} if failure else {}
        with suppress(BrokenPipeError):
            os.write(self.pipe, json.dumps(message).encode())
        os.close(self.pipe)
        os.close(self.start_lock)


def main(arguments: Sequence[str] | None = None) -> None:
    """Become a keeper: leave the parent, serve until the last user is gone."""
    parser = argparse.ArgumentParser(prog="keeper", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--install", type=Path, required=True)
    parser.add_argument("--release", required=True)
    parser.add_argument("--forgetful", action="store_true")
    parser.add_argument("--start-lock", type=int, required=True)
    parser.add_argument("--report", type=int, required=True)
    options = parser.parse_args(arguments)

    if os.fork() > 0:  # the user waits for this first process only, and has no child to reap later
        os._exit(0)
    for interruption in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(interruption, signal.SIG_IGN)
    os.chdir("/")
    keep(
        ServerFiles(options.data_dir),
        options.install,
        release=options.release,
        durable=not options.forgetful,
        report=StartReport(options.report, options.start_lock),
    )


def keep(files: ServerFiles, install: Path, *, release: str, durable: bool, report: StartReport) -> None:
    """Start the server, serve, stop; the users' lock is let go last, so that whoever waits for it finds no keeper."""
    log_begin = files.log.stat().st_size
    with opened_for_lock(files.users_lock) as users, locked(files.keeper_lock):
        try:
            home = prepare_home(files, install, release=release, durable=durable)
            with claimed(home.cluster):
                serve(files, home, durable=durable, users=users, when_ready=lambda: report.send(None))
        except (DubbingError, OSError, subprocess.SubprocessError) as error:
            failure = explain_failure(
                error,
                files,
                log_text=files.log.read_bytes()[log_begin:].decode(errors="replace"),
                free_bytes=shutil.disk_usage(files.cluster.resolve().parent).free,
            )
            note(failure.message)
            report.send(failure)


def serve(files: ServerFiles, home: ServerHome, *, durable: bool, users: int, when_ready: Callable[[], None]) -> None:
    """Run Postgres, and run it again should it die, until the last user has left."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    former = find_state(files)
    port = former.port if former else None
    deaths_s: list[float] = []
    while len(deaths_s) <= MAX_DEATHS:
        with running_postgres(files, home, port=port, durable=durable) as (process, port):
            if not deaths_s:
                when_ready()
                watch(lambda: fcntl.flock(users, fcntl.LOCK_EX), Event.LAST_USER_LEFT, events)
            watch(process.wait, Event.POSTGRES_ENDED, events)
            if wait_for_event(events, files.log) is Event.LAST_USER_LEFT:
                return
        note(f"Postgres ended with status {process.returncode} while in use.")
        died_s = time.monotonic()
        deaths_s = [*(earlier_s for earlier_s in deaths_s if died_s - earlier_s < DEATHS_WINDOW_S), died_s]


@contextmanager
def running_postgres(
    files: ServerFiles, home: ServerHome, *, port: int | None, durable: bool
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start Postgres, say where it is reached, stop it in the end."""
    end_leftovers(home.cluster, home.account)
    process, port = start_postgres(home, port=port, durable=durable)
    try:
        record_state(files, ServerState(port=port, keeper_pid=os.getpid(), postgres_pid=process.pid))
        yield process, port
    finally:
        files.state.unlink(missing_ok=True)
        stop_postgres(process)


def watch(wait: Callable[[], object], event: Event, events: queue.SimpleQueue[Event]) -> None:
    """Report an event once a blocking call returns."""

    def wait_and_report() -> None:
        wait()
        events.put(event)

    threading.Thread(target=wait_and_report, daemon=True).start()


def wait_for_event(events: queue.SimpleQueue[Event], log: Path) -> Event:
    """Wait for the next event; keeps the log small meanwhile."""
    while True:
        with suppress(OSError):  # a full disk is no reason to take the server away
            trim_log(log, MAX_LOG_BYTES)
        try:
            return events.get(timeout=LOG_CHECK_S)
        except queue.Empty:
            continue


def trim_log(log: Path, max_bytes: int) -> None:
    """Set a log that has grown too long aside and empty it; its writers append, so they just go on."""
    if log.stat().st_size > max_bytes:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def explain_failure(error: Exception, files: ServerFiles, *, log_text: str, free_bytes: int) -> DubbingError:
    """Turn whatever stopped the start into one sentence for people, which says where to read more.

    Args:
        error: what was raised.
        files: whose start it was.
        log_text: what was logged since the start began.
        free_bytes: what is left on the disk of the data folder.
    """
    is_disk_full = isinstance(error, DiskFullError) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    if is_disk_full or says_disk_is_full(log_text) or free_bytes < MIN_FREE_BYTES:
        return DiskFullError(f"No space is left for the database in {files.data_dir}. Free some and try again.")
    reason = error.message if isinstance(error, DubbingError) else f"{error}."
    return DatabaseUnavailableError(f"The embedded Postgres did not start: {reason} Its log is {files.log}.")


def note(text: str) -> None:
    """Write a line of our own into the server's log; a full disk must not stop us over it."""
    with suppress(OSError):
        sys.stderr.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC keeper: {text}\n")


if __name__ == "__main__":
    main()
