"""Locks that hold across all processes and machines, and end with the process that has them, however it ends.

All of a process's locks are on one connection of its own. Postgres lets a connection take its own lock twice, so
which ones this process has is kept here too.
"""

import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from dubbing.errors import DatabaseUnavailableError
from resources.database.connection import Database

# A filter above LIMIT: no lock is tried after the first one that was had.
_TAKE_ONE = text(
    "SELECT number FROM unnest(CAST(:numbers AS bigint[])) AS number WHERE pg_try_advisory_lock(number) LIMIT 1"
)
_RELEASE = text("SELECT pg_advisory_unlock(:number)")


@dataclass(frozen=True, slots=True)
class AdvisoryLock:
    """One lock that this process has.

    Attributes:
        session: which of the connections that there have been it is on.
    """

    number: int
    session: int


class AdvisoryLocks:
    """The locks of this process; from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_use = threading.Lock()
        self._connection: Connection | None = None
        self._session = 0
        self._taken: set[int] = set()

    def take_one(self, numbers: Collection[int]) -> AdvisoryLock | None:
        """Take one of some locks that nobody has; None where all are taken.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached; every lock of this process is gone.
        """
        with self._in_use:
            free = [number for number in numbers if number not in self._taken]
            if not free:
                return None
            is_new = self._connection is None
            try:
                number = self._try_one(free)
            except DatabaseUnavailableError:
                if is_new:
                    raise
                number = self._try_one(numbers)  # on a connection that is not the lost one
            if number is None:
                return None
            self._taken.add(number)
            return AdvisoryLock(number, self._session)

    def release(self, lock: AdvisoryLock) -> None:
        """Give a lock back; one whose connection is gone is free already."""
        with self._in_use:
            if lock.session != self._session or self._connection is None:
                return
            self._taken.discard(lock.number)
            try:
                self._connection.execute(_RELEASE, {"number": lock.number})
            except SQLAlchemyError:
                self._disconnect()

    def close(self) -> None:
        """Give everything back."""
        with self._in_use:
            self._disconnect()

    def _try_one(self, numbers: Collection[int]) -> int | None:
        try:
            taken: int | None = self._connect().scalar(_TAKE_ONE, {"numbers": list(numbers)})
        except SQLAlchemyError as error:
            self._disconnect()
            raise DatabaseUnavailableError("The database cannot be reached; check that it runs.") from error
        return taken

    def _connect(self) -> Connection:
        if self._connection is None:
            self._session += 1
            self._connection = self._database.open_session()
        return self._connection

    def _disconnect(self) -> None:
        """Forget the locks with the connection that they were on; it must not go back to the pool with them."""
        self._taken.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()
