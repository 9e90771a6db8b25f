"""`dubline top`: what goes on now, once or again and again; it only reads."""

import importlib.metadata
import json
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text
from sqlalchemy import make_url, text

from cli.top_page import TRAFFIC_OVER, Frame, Money, render_page
from dubbing.errors import DatabaseUnavailableError
from resources.container import Container
from resources.database.connection import UnitOfWork
from resources.database.live_readings import measure_ms
from resources.database.signs_of_life import Sign, find_sign
from resources.settings import load_settings
from resources.vendors.building import list_call_limits

MOST_JOBS = 200
"""Jobs that are read: more than any terminal has lines."""

QUIT_KEYS = b"qQ"

# A look that takes so long would be the trouble that it looks for.
_BEGIN = text("SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', '5s', true)")


def run_top(every_s: float, *, once: bool, as_json: bool) -> int:
    """Print one page, or show one after the other until somebody ends it."""
    with Container(load_settings()) as container:
        if as_json:
            typer.echo(json.dumps(asdict(read_frame(container)), indent=2, default=_render_value))
            return 0
        console = Console()
        if once or not console.is_terminal:
            for line in render_page(read_frame(container), width=console.width):
                console.print(line, soft_wrap=True)
            return 0
        _watch(container, console, every_s)
    return 0


def read_frame(container: Container) -> Frame:
    """Read everything, in one transaction.

    Raises:
        DatabaseUnavailableError: Postgres cannot be reached, or did not answer in time.
    """
    seen_at, now = find_sign(container.database, Sign.DAEMON)
    with container.database.transaction() as tx:
        tx.session.execute(_BEGIN)
        return Frame(
            at=tx.readings.get_now(),
            version=importlib.metadata.version("dubline"),
            place=describe_place(container.database_urls[0]),
            daemon_silence_ms=measure_ms(now - seen_at) if seen_at is not None else None,
            runs=tx.readings.count_runs(),
            longest_wait_ms=measure_ms(tx.readings.find_longest_wait()),
            stages=tx.readings.count_stages(),
            waiting=tx.readings.count_waiting(),
            slots=tx.readings.list_slots(list_call_limits(container.settings)),
            circuits=tx.circuits.list_all(),
            traffic=tx.readings.list_traffic(TRAFFIC_OVER),
            money=_read_money(tx),
            doubts=tx.readings.list_doubts(),
            alerts=tx.readings.count_alerts(),
            letters=tx.readings.count_letters(),
            jobs_at_work=tx.readings.count_at_work(),
            jobs=tx.readings.list_at_work(MOST_JOBS),
        )


def describe_place(url: str) -> str:
    """Name a database without who logs in, and how.

    >>> describe_place("postgresql://me:secret@db.example:5433/dubline?sslmode=require")
    'db.example:5433/dubline'
    """
    parsed = make_url(url)
    return f"{parsed.host or 'local'}{f':{parsed.port}' if parsed.port else ''}/{parsed.database}"


def _read_money(tx: UnitOfWork) -> Money:
    budget = tx.readings.get_budget()
    return Money(
        lately=tx.readings.sum_spending(tx.readings.get_now()),
        spent_usd_micros=budget.spent_usd_micros,
        held_usd_micros=budget.held_usd_micros,
        limit_usd_micros=budget.limit_usd_micros,
        saved_usd_micros=tx.readings.sum_saved(),
    )


def _watch(container: Container, console: Console, every_s: float) -> None:
    """Show page after page on a screen of its own, and leave the terminal as it was."""
    frame: Frame | None = None
    away_since: datetime | None = None
    # Asked to end, it ends as at Ctrl-C: killed, it would leave the terminal without its cursor.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), _keys(), Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            begun = time.monotonic()
            try:
                frame, away_since = read_frame(container), None
            except DatabaseUnavailableError:
                away_since = away_since or datetime.now(UTC)
            width, height = console.size
            page = render_page(frame, width=width, height=height, away_since=away_since)
            live.update(Text("\n").join(page), refresh=True)
            if _is_ended(max(0.0, begun + every_s - time.monotonic())):
                return


@contextmanager
def _keys() -> Iterator[None]:
    """Hear each key at once, unseen; Ctrl-C stays what it is."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _is_ended(wait_s: float) -> bool:
    """Wait, and say whether somebody pressed a key to end."""
    until = time.monotonic() + wait_s
    if not sys.stdin.isatty():
        time.sleep(wait_s)
        return False
    while select.select([sys.stdin], [], [], max(0.0, until - time.monotonic()))[0]:
        keys = os.read(sys.stdin.fileno(), 64)
        if not keys or any(key in QUIT_KEYS for key in keys):
            return True
    return False


def _render_value(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
