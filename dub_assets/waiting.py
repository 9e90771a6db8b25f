"""What the languages of a job are shown to wait for: nothing, while a call of theirs is under way."""

import threading
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from dubbing.errors import DubbingError
from dubbing.jobs import WaitingOn
from resources.database.connection import Database

SHOW_EVERY_S = 3.0
"""Shortest time between two waits that are shown of a language, seconds: many lines of it wait at once, for different
things, and look again many times a second."""


class Waiting:
    """The waits of one job; from any thread.

    A language is named by its tag; None is for what all languages share. Showing never fails: it is not worth the
    work, which meets a database that is gone by itself.
    """

    def __init__(self, database: Database, job_id: uuid.UUID) -> None:
        self._database = database
        self._job_id = job_id
        self._one_writes = threading.Lock()
        self._calls: Counter[str | None] = Counter()
        self._shown: dict[str | None, WaitingOn] = {}
        self._quiet_until: dict[str | None, float] = {}

    def show(self, language: str | None, waiting_on: WaitingOn) -> None:
        """Show a wait, unless the language is worked on, shows this, or showed a wait a moment ago; so call again."""
        with self._one_writes:
            if self._calls[language] or self._shown.get(language) == waiting_on:
                return
            if monotonic() >= self._quiet_until.get(language, 0.0):
                self._quiet_until[language] = monotonic() + SHOW_EVERY_S
                self._write(language, waiting_on)

    @contextmanager
    def working(self, language: str | None) -> Iterator[None]:
        """Show no wait of a language for as long as the context lasts."""
        with self._one_writes:
            self._calls[language] += 1
            if language in self._shown:
                self._write(language, None)
        try:
            yield
        finally:
            with self._one_writes:
                self._calls[language] -= 1

    @contextmanager
    def being_cleared(self, languages: Collection[str]) -> Iterator[None]:
        """Let nobody show a wait while the block writes that these languages have come further."""
        with self._one_writes:
            yield
            for language in (*languages, None):
                self._shown.pop(language, None)

    def _write(self, language: str | None, waiting_on: WaitingOn | None) -> None:
        with suppress(DubbingError, SQLAlchemyError):
            with self._database.transaction() as tx:
                languages = [language] if language is not None else tx.jobs.list_active_languages(self._job_id)
                if waiting_on is None:
                    tx.jobs.resume(self._job_id, languages)
                else:
                    tx.jobs.hold(self._job_id, languages, waiting_on)
            if waiting_on is None:
                del self._shown[language]
            else:
                self._shown[language] = waiting_on
