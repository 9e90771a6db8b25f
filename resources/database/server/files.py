"""The files in a data folder through which the users of an embedded Postgres and its keeper meet.

Only names, locks and small records: no process is started here, nothing is decided. Standard library alone,
because the keeper imports it and must be up at once.

Three locks, all ``flock`` (the kernel releases them however their holder ends, kill -9 included):

- ``users.lock``: shared by every user for as long as it uses the server; exclusive for the keeper while it stops.
- ``keeper.lock``: exclusive for the keeper's whole life.
- ``start.lock``: exclusive for whoever looks whether a server runs and, if none does, starts one. The keeper
  inherits the very same open file, so the lock outlives a user killed in the middle of a start.

A lock belongs to the open file, and closing it is the only release used. A child made by a bare ``fork()``
(``multiprocessing``) therefore shares its parent's use of the server; a child made by ``exec`` does not.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """Where everything lies in one data folder, given as its real path."""

    data_dir: Path

    @property
    def users_lock(self) -> Path:
        """Held shared by the users."""
        return self.data_dir / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Held by the one process that may start a keeper, and by that keeper until the server is ready."""
        return self.data_dir / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper."""
        return self.data_dir / "keeper.lock"

    @property
    def state(self) -> Path:
        """Where the running server is reached; worth reading only while the keeper's lock is held."""
        return self.data_dir / "server.json"

    @property
    def password(self) -> Path:
        """The superuser's password, readable by its owner alone."""
        return self.data_dir / "password"

    @property
    def log(self) -> Path:
        """What the keeper, initdb and Postgres have to say."""
        return self.data_dir / "server.log"

    @property
    def cluster(self) -> Path:
        """The database itself, or a link to where it had to be put."""
        return self.data_dir / "cluster"


@dataclass(frozen=True, slots=True)
class ServerState:
    """A running server."""

    port: int
    keeper_pid: int
    postgres_pid: int


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[int]:
    """Hold the lock, after waiting for it; yields the descriptor that carries it."""
    with opened_for_lock(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield descriptor


@contextmanager
def opened_for_lock(path: Path) -> Iterator[int]:
    """Open a lock file, made if missing, without taking the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock exclusively right now."""
    with opened_for_lock(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def record_private_text(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def record_state(files: ServerFiles, state: ServerState) -> None:
    """Say where the server is reached."""
    record_private_text(files.state, json.dumps(asdict(state)))


def find_state(files: ServerFiles) -> ServerState | None:
    """What was last recorded, or None when there is nothing that makes sense."""
    try:
        return ServerState(**json.loads(files.state.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
