"""`dubline top` on the real database: once, as JSON, and live in a terminal."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cli.top import read_frame
from dubbing.errors import VendorError
from resources.container import Container
from resources.database.embedded import PostgresAddress
from resources.database.tables import CallState
from tests.integration.cli.conftest import Command
from tests.support.goings_on import add_call, add_job_in_flight, add_waiting_job
from tests.support.postgres import connect

DEADLINE_S = 60
ENTER_SCREEN, LEAVE_SCREEN, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


@pytest.fixture
def busy(container: Container) -> str:
    """Something of everything; the id of the job at work."""
    database = container.database
    add_waiting_job(database, since=timedelta(hours=1))
    job_id = add_job_in_flight(database)
    add_call(database, job_id, state=CallState.SPEND_UNKNOWN, estimated_usd_micros=30_000)
    add_call(database, job_id, state=CallState.SETTLED, cost_usd_micros=2_500_000, latency_ms=1500)
    with database.transaction() as tx:
        tx.jobs.fail_language(job_id, "pt-BR", "mixing", VendorError("No."))
    return str(job_id)


def test_an_idle_installation_is_one_page(dubline: Command) -> None:
    shown = dubline("top", "--once", env={"COLUMNS": "80"}).stdout
    assert shown.startswith("Dubline ")
    assert "queue   0 waiting · 0 at work\n" in shown
    assert shown.endswith("\nNo job is at work.\n")


def test_one_page_says_what_goes_on_and_nothing_of_customers(dubline: Command, busy: str) -> None:
    shown = dubline("top", env={"COLUMNS": "80"}).stdout
    assert "queue   1 waiting, the oldest for 1 h 00 m · 1 at work\n" in shown
    assert "today $2.50" in shown or "minute $2.50" in shown
    assert "doubts  1 calls, $0.0300 at most: deepgram 1\n" in shown
    assert "letters 1 open: mixing vendor_failed 1\n" in shown
    (row,) = (line for line in shown.splitlines() if line.startswith(busy[:8]))
    assert ("es" in row, "mixing" in row, "80%" in row) == (True, True, True)
    assert max(map(len, shown.splitlines())) <= 80
    assert "talk.wav" not in shown


def test_json_is_one_object_with_whole_ids(dubline: Command, busy: str) -> None:
    frame = json.loads(dubline("top", "--json").stdout)
    assert (frame["runs"]["due"], frame["jobs_at_work"], frame["daemon_silence_ms"]) == (1, 1, None)
    assert frame["jobs"][0]["job_id"] == busy
    assert frame["jobs"][0]["languages"][0]["state"] == "mixing"
    assert frame["doubts"] == {"deepgram": {"calls": 1, "usd_micros": 30_000}}
    assert frame["money"]["lately"]["minute_usd_micros"] == 2_500_000
    assert frame["longest_wait_ms"] >= 3_600_000
    assert "talk.wav" not in str(frame)


def test_an_interval_that_is_none_is_refused(dubline: Command) -> None:
    assert dubline("top", "--every", "0").exit_code == 2


def test_a_frame_changes_nothing(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.top._read_money", lambda tx: tx.budgets.set_limit(None, 1, "test"))
    with pytest.raises(Exception, match="read-only transaction"):
        read_frame(container)


@dataclass
class Terminal:
    """The command in a terminal of 80 by 24, and what it has written there."""

    process: "subprocess.Popen[bytes]"
    master: int
    slave: int
    written: str = field(default="")

    def read_until(self, words: str, *, after: int = 0) -> None:
        until = time.monotonic() + DEADLINE_S
        while words not in self.written[after:]:
            assert time.monotonic() < until, f"{words!r} did not come: {self.written[-2000:]!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.written += os.read(self.master, 65536).decode(errors="replace")

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def end(self) -> int:
        self.read_until(LEAVE_SCREEN)
        return self.process.wait(DEADLINE_S)


@contextmanager
def open_terminal(*arguments: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()", "top", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment | {"TERM": "xterm-256color"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C reaches it as a key
    )
    terminal = Terminal(process, master, slave)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        os.close(master)
        with suppress(OSError):
            os.close(slave)


def get_modes(terminal: Terminal) -> list[Any]:
    return termios.tcgetattr(terminal.slave)


@pytest.mark.parametrize("key", [b"\x03", b"q"], ids=["ctrl-c", "q"])
def test_the_live_page_ends_and_leaves_the_terminal_as_it_was(dubline: Command, busy: str, key: bytes) -> None:
    with open_terminal("--every", "0.2") as terminal:
        before = get_modes(terminal)
        terminal.read_until(busy[:8])
        assert ENTER_SCREEN in terminal.written
        terminal.read_until("at work", after=len(terminal.written))  # it goes on by itself
        assert get_modes(terminal) != before
        terminal.press(key)
        assert terminal.end() == 0
        assert SHOW_CURSOR in terminal.written
        assert "Traceback" not in terminal.written
        assert get_modes(terminal) == before


def test_told_to_end_it_leaves_the_terminal_as_it_was(dubline: Command, container: Container) -> None:
    assert container.database
    with open_terminal() as terminal:
        before = get_modes(terminal)
        terminal.read_until("No job is at work.")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 0
        assert get_modes(terminal) == before


def test_a_database_that_goes_away_is_waited_for(
    dubline: Command, container: Container, postgres: PostgresAddress
) -> None:
    name = container.database_urls[0].rsplit("/", 1)[1].split("?")[0]
    with open_terminal("--every", "0.2") as terminal, connect(postgres) as server:
        terminal.read_until("No job is at work.")
        _let_in(server, name, is_let_in=False)
        terminal.read_until("database away since")
        _let_in(server, name, is_let_in=True)
        terminal.read_until("Dubline ", after=len(terminal.written))
        terminal.press(b"q")
        assert terminal.end() == 0


def _let_in(server: psycopg.Connection, database: str, *, is_let_in: bool) -> None:
    change = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
    server.execute(change.format(sql.Identifier(database), sql.SQL("true" if is_let_in else "false")))
    if not is_let_in:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])


def test_a_database_that_is_not_there_ends_the_command_at_once(
    dubline: Command, postgres: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBLINE_DATABASE_URL", postgres.url("not_there", driver="postgresql"))
    result = dubline("top", "--once")
    assert getattr(result.exception, "code", None) == "database_unavailable"
