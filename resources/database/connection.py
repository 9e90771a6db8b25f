"""The product's database: an engine, one transaction at a time, migrations and locks."""

import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from dubbing.errors import DatabaseUnavailableError, JobBusyError
from resources.database.jobs import Jobs
from resources.database.purchases import Purchases
from resources.database.stage_values import StageValues

MIGRATIONS_DIR = Path(__file__).parents[2] / "migrations"
VERSION_SCHEMA = "migrations"
"""Schema of Alembic's own table; in ``public`` it would be one more table to protect."""


@contextmanager
def _reaching() -> Iterator[None]:
    """Name what callers can act on.

    Raises:
        DatabaseUnavailableError: Postgres is not there, or went away.
    """
    try:
        yield
    except OperationalError as error:
        raise DatabaseUnavailableError("The database cannot be reached; check that it runs and try again.") from error


class UnitOfWork:
    """One transaction, with a repository for each part of the data."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def jobs(self) -> Jobs:
        """Users, uploads, jobs, languages, events, dead letters."""
        return Jobs(self.session)

    @cached_property
    def purchases(self) -> Purchases:
        """The ledger and what was bought."""
        return Purchases(self.session)

    @cached_property
    def values(self) -> StageValues:
        """What the stages made."""
        return StageValues(self.session)


class Database:
    """Opens transactions on one Postgres database."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")

    @cached_property
    def engine(self) -> Engine:
        """Connection pool; made at first use."""
        # Parameters are customers' words: an error must not carry them.
        return create_engine(self._url, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """Commit at the end, roll back on any error.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        with _reaching(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield UnitOfWork(session)

    @contextmanager
    def lock_job(self, job_id: str) -> Iterator[None]:
        """Hold a job for this process; Postgres lets go of it when the process dies, however it dies.

        Raises:
            JobBusyError: another process holds it.
        """
        number = int.from_bytes(hashlib.sha256(f"job:{job_id}".encode()).digest()[:8], signed=True)
        with _reaching(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}):
                raise JobBusyError("Another process works on this job right now; wait for it to finish.")
            try:
                yield
            finally:
                with contextlib.suppress(OperationalError):  # a connection that is gone has let go of it
                    connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})

    def migrate(self) -> None:
        """Bring the tables to the newest revision; costs one query when they are."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS_DIR))
        with _reaching(), self.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
            if context.get_current_heads() == tuple(ScriptDirectory.from_config(config).get_heads()):
                return
        with _reaching(), self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Give the connections back."""
        if "engine" in self.__dict__:
            self.engine.dispose()
