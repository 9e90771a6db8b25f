"""Runs ``postgres``: with which settings, as whom, on which port, and how it is stopped.

Everything here runs in the keeper's main thread: the kernel sends the signal of a parent's death when the
*thread* that forked ends, not the process.
"""

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dubbing.errors import DatabaseUnavailableError
from resources.database.server.home import Account, ServerHome

HOST = "127.0.0.1"
"""Loopback only: the server is for processes of this machine."""

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failed statement and its values may be a customer's text: such errors go to the client alone.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
"""Given on the command line, so that they hold for clusters made earlier too."""

FORGETFUL_SETTINGS = {"fsync": "off", "full_page_writes": "off"}
"""For tests: fast, and worthless after a power cut. A crash of Postgres alone still loses nothing committed."""

CLEAN_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}
"""All that Postgres sees of ours: another account may run it and read its environment, so no key may be there."""

START_DEADLINE_S = 120.0
"""Time to accept connections. Source: twice ``pg_ctl``'s 60 s, for recovery after a crash on a slow disk."""

READY_CHECK_S = 0.01
"""Between two looks at the status file while Postgres starts, which takes 50 ms."""

PORT_TRIES = 3
"""How often another port is tried when somebody else took the chosen one first."""

FAST_STOP_DEADLINE_S = 30.0
"""Time for the last checkpoint before the stop becomes an immediate one, which the next start recovers from."""

IMMEDIATE_STOP_DEADLINE_S = 10.0
"""Source: twice the 5 s after which Postgres kills its own children in an immediate stop."""

DISK_FULL_SIGN = os.strerror(errno.ENOSPC)
"""How Postgres and ``initdb`` report a full disk; they run with English messages."""

PR_SET_PDEATHSIG = 1
"""Source: linux/prctl.h."""

STATUS_LINE = 7
"""Index of the line of ``postmaster.pid`` that says ``ready``. Source: LOCK_FILE_LINE_PM_STATUS in pidfile.h."""


def build_child_options(account: Account | None, cluster: Path) -> dict[str, Any]:
    """Options of every child: as the account, in a clean environment, and not outliving us.

    Each works in its cluster's folder; by that it is found again should it be left over.
    """
    options: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "env": CLEAN_ENVIRONMENT,
        "cwd": cluster,
        "preexec_fn": _build_death_wish(),
    }
    if account is not None:
        options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    return options


def _build_death_wish() -> Callable[[], None] | None:
    """What a child does before it becomes Postgres: ask for SIGINT, a fast stop, when its parent dies.

    Asked for after the change of account, which would clear it. Only Linux has it; elsewhere a keeper killed with
    ``kill -9`` leaves its Postgres running.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_for_signal_of_parents_death() -> None:
        failed = prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
        if failed or os.getppid() != parent:
            os._exit(1)

    return ask_for_signal_of_parents_death


def start_postgres(home: ServerHome, *, port: int | None, durable: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Start Postgres and wait until it accepts connections.

    Args:
        home: a whole cluster that no process uses, and the programs.
        port: the one to prefer, so that clients of an earlier run find the server again.
        durable: False to trade safety after a power cut for speed.

    Returns:
        The process and its port.

    Raises:
        DatabaseUnavailableError: it ended, or was not ready in time (and was then stopped).
    """
    status = None
    for _ in range(PORT_TRIES):
        port = port if port is not None and is_port_free(port) else find_free_port()
        settings = SETTINGS | ({} if durable else FORGETFUL_SETTINGS) | {"port": str(port)}
        assignments = [f"--{name}={value}" for name, value in settings.items()]
        command: list[str | Path] = [home.install / "bin" / "postgres", "-D", home.cluster, *assignments]
        process = subprocess.Popen(command, **build_child_options(home.account, home.cluster))
        if wait_until_ready(process, home.cluster):
            return process, port
        status = process.returncode
        if is_port_free(port):
            break
    raise DatabaseUnavailableError(f"Postgres ended with status {status} instead of starting.")


def wait_until_ready(process: subprocess.Popen[bytes], cluster: Path) -> bool:
    """Wait for Postgres to say that it accepts connections; False when it ended instead.

    Raises:
        DatabaseUnavailableError: neither happened in time.
    """
    deadline = time.monotonic() + START_DEADLINE_S
    while process.poll() is None:
        if is_ready(cluster, process.pid):
            return True
        if time.monotonic() > deadline:
            stop_postgres(process)
            raise DatabaseUnavailableError(f"Postgres accepted no connection within {START_DEADLINE_S:.0f} s.")
        time.sleep(READY_CHECK_S)
    return False


def is_ready(cluster: Path, pid: int) -> bool:
    """Whether the cluster's status file says so, and speaks of this very process."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > STATUS_LINE and lines[0] == str(pid) and lines[STATUS_LINE].strip() == "ready"


def stop_postgres(process: subprocess.Popen[bytes]) -> None:
    """Stop it and wait: in order, then at once, then by force. Whatever was committed survives all three."""
    for how, deadline_s in ((signal.SIGINT, FAST_STOP_DEADLINE_S), (signal.SIGQUIT, IMMEDIATE_STOP_DEADLINE_S)):
        process.send_signal(how)
        try:
            process.wait(deadline_s)
            return
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def says_disk_is_full(text: str) -> bool:
    """Whether messages of Postgres or ``initdb`` tell of a full disk; shared memory runs out with the same words.

    >>> says_disk_is_full("FATAL:  could not write to file: No space left on device")
    True
    """
    return any(DISK_FULL_SIGN in line and "shared memory" not in line for line in text.splitlines())


def find_free_port() -> int:
    """A port that the system says is free; somebody else may take it before we do."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_port_free(port: int) -> bool:
    """Whether Postgres could listen there now; like it, this does not mind connections that have just closed."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
