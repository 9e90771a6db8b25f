"""How long after a kill everything is back: the process, and whatever was being worked on."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from dubbing.errors import DatabaseUnavailableError
from resources.database.connection import Database
from tests.chaos.books import list_under_way
from tests.chaos.faults import Trouble
from tests.chaos.schedule import Event, Family


@dataclass
class Recovery:
    """A kill and what has to come back.

    Attributes:
        jobs: that were under way; each has to show work again, or to end.
        took_s: None while something is away.
    """

    event: Event
    is_back: Callable[[], bool]
    jobs: set[uuid.UUID]
    killed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began_s: float = field(default_factory=time.monotonic)
    took_s: float | None = None


class Watch:
    """Looks after all kills of a run."""

    def __init__(self, trouble: Trouble, database: Database) -> None:
        self._trouble = trouble
        self._database = database
        self.recoveries: list[Recovery] = []

    def list_jobs(self) -> set[uuid.UUID]:
        """Give the jobs under way, before something is killed; none where the database is away already."""
        try:
            return set(list_under_way(self._database))
        except DatabaseUnavailableError:
            return set()

    def begin(self, event: Event, victim: int, jobs: set[uuid.UUID]) -> None:
        self.recoveries.append(Recovery(event, lambda: self._is_back(event, victim), jobs))

    def look(self) -> bool:
        """Note what has come back since; whether that is all."""
        waiting = [recovery for recovery in self.recoveries if recovery.took_s is None]
        try:
            beats = list_under_way(self._database) if waiting else {}
        except DatabaseUnavailableError:
            return False
        for recovery in waiting:
            silent = [job for job in recovery.jobs if job in beats and not _is_after(beats[job], recovery.killed_at)]
            if not silent and recovery.is_back():
                recovery.took_s = round(time.monotonic() - recovery.began_s, 1)
        return not waiting

    def _is_back(self, event: Event, victim: int) -> bool:
        stack = self._trouble.stack
        match event.family:
            case Family.RUN:
                return True
            case Family.DATABASE:
                return self._trouble.find_postgres() not in (None, victim) and _answers(stack.get_address("API"))
            case _:
                is_another = stack.find(event.what) not in (None, victim)
                return is_another and (event.what != "api" or _answers(stack.get_address("API")))


def _is_after(beat: datetime | None, moment: datetime) -> bool:
    return beat is not None and beat > moment


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False
