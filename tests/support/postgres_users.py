"""Processes that use an embedded Postgres, to be killed at will, and a view of what the server itself runs."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from resources.database.embedded import PostgresAddress
from resources.database.server.files import ServerFiles, ServerState, find_state
from tests.support.waiting import wait_for

PROGRAM = """
import json, sys
from pathlib import Path
from dubbing.errors import DubbingError
from resources.database.embedded import embedded_postgres
try:
    with embedded_postgres(Path(sys.argv[1]), durable=False) as address:
        print(json.dumps([address.host, address.port, address.user, address.password]), flush=True)
        sys.stdin.read()
except DubbingError as error:
    print(json.dumps({"code": error.code, "message": error.message}), flush=True)
"""
"""Says where the server is (or why there is none), and uses it until its standard input ends."""


@dataclass
class UserProcess:
    """A process that uses the server of a folder."""

    process: subprocess.Popen[str]
    answer: Any = field(default=None)

    def read_answer(self) -> Any:
        """What it said; waits until it has."""
        if self.answer is None:
            assert self.process.stdout is not None
            self.answer = json.loads(self.process.stdout.readline())
        return self.answer

    @property
    def address(self) -> PostgresAddress:
        """Where it found the server."""
        return PostgresAddress(*self.read_answer())

    def leave(self) -> None:
        """End in order; what it still said is read to the end, so a pipe held open elsewhere shows."""
        _, errors = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, errors

    def kill(self) -> None:
        """End without any chance to tidy up."""
        self.process.kill()
        self.process.communicate(timeout=20)


def start_user(data_dir: Path, **options: Any) -> UserProcess:
    """Start a user; it may still be waiting for the server when this returns."""
    command = [sys.executable, "-c", PROGRAM, str(data_dir)]
    pipe = subprocess.PIPE
    return UserProcess(subprocess.Popen(command, text=True, cwd="/", stdin=pipe, stdout=pipe, stderr=pipe, **options))


def get_state(data_dir: Path) -> ServerState:
    """What the keeper has recorded."""
    state = find_state(ServerFiles(data_dir.resolve()))
    assert state is not None
    return state


def find_keepers(data_dir: Path) -> list[psutil.Process]:
    """Living keepers of a folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "resources.database.keeper" in (process.info["cmdline"] or [])
        and f"--data-dir={data_dir.resolve()}" in process.info["cmdline"]
    ]


def find_postgres(data_dir: Path) -> list[psutil.Process]:
    """Living Postgres processes, parent and children, that work in a folder's cluster."""
    clusters = {str(data_dir.resolve() / "cluster.new"), str((data_dir / "cluster").resolve())}
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == "postgres" and process.info["cwd"] in clusters
    ]


def wait_until_nothing_runs(data_dir: Path) -> None:
    """Wait until neither a keeper nor a Postgres of the folder lives."""
    wait_for(lambda: not find_keepers(data_dir) and not find_postgres(data_dir), "every process to end")
