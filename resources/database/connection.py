"""The product's database: an engine, one transaction at a time, migrations and locks."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from dubbing.errors import DatabaseUnavailableError
from resources.database.alerts import Alerts
from resources.database.balances import NO_LIMITS, Balances, Limits
from resources.database.bills import Bills
from resources.database.budgets import Budgets
from resources.database.circuits import Circuits
from resources.database.dead_letters import DeadLetters
from resources.database.downloads import Downloads
from resources.database.erasures import Erasures
from resources.database.holdings import Holdings
from resources.database.invoices import Invoices
from resources.database.job_lock import KEEP_ALIVE, JobLock, number_lock
from resources.database.job_views import JobViews
from resources.database.jobs import Jobs
from resources.database.launches import Launches
from resources.database.live_readings import LiveReadings
from resources.database.prices import Prices
from resources.database.purchases import Purchases
from resources.database.receipts import Receipts
from resources.database.replays import Replays
from resources.database.segment_edits import SegmentEdits
from resources.database.speaking_rates import SpeakingRates
from resources.database.stage_values import StageValues
from resources.database.totals import Totals, measure_horizon
from resources.database.uploads import Uploads
from resources.database.vendor_quotas import VendorQuotas
from resources.database.vendor_voices import VendorVoices

MIGRATIONS_DIR = Path(__file__).parents[2] / "migrations"
VERSION_SCHEMA = "migrations"
"""Schema of Alembic's own table; in ``public`` it would be one more table to protect."""


SERVICE_ROLE = "service_role"
"""Works for everybody: the line, the sensors, the command. Supabase's own name."""

CALLER_ROLE = "authenticated"
"""A person with a token. Supabase's own name."""

POOL_SIZE = 10
"""Connections that stay open; more are opened when they are needed."""

POOL_TIMEOUT_S = 10
"""How long a transaction waits for a connection, seconds."""

DEAD_NETWORK_MS = 30_000
"""After this long without an acknowledgement a connection is taken for lost, ms; the system's default is 15 minutes."""

LOCK_TIMEOUT = "30s"
"""How long somebody waits for what another process holds."""

_MIGRATING = threading.Lock()
"""Alembic keeps what it works on in global variables."""

# Local to the transaction, like SET LOCAL: a pooled connection never carries one caller's identity to the next.
_BECOME = text("SELECT set_config('role', :role, true)")
_BECOME_CALLER = text("SELECT set_config('request.jwt.claims', :claims, true), set_config('role', :role, true)")


@contextmanager
def _reaching() -> Iterator[None]:
    """Name what callers can act on.

    Raises:
        DatabaseUnavailableError: Postgres is not there, or went away.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseUnavailableError("Every connection to the database is in use; try again in a moment.") from error
    except (OperationalError, psycopg.OperationalError) as error:
        if isinstance(getattr(error, "orig", error), psycopg.errors.LockNotAvailable):
            raise DatabaseUnavailableError(
                "The database is busy with a long transaction; try again in a moment."
            ) from error
        raise DatabaseUnavailableError("The database cannot be reached; check that it runs and try again.") from error


class UnitOfWork:
    """One transaction, with a repository for each part of the data."""

    def __init__(self, session: Session, limits: Limits = NO_LIMITS) -> None:
        self.session = session
        self._limits = limits

    @contextmanager
    def as_service(self) -> Iterator[None]:
        """Write for the caller what callers may not write themselves; what was decided was read as the caller."""
        with self.session.begin_nested():  # rolled back, it takes the role back too
            self.session.execute(_BECOME, {"role": SERVICE_ROLE})
            yield
            self.session.flush()
            self.session.execute(_BECOME, {"role": CALLER_ROLE})

    @cached_property
    def jobs(self) -> Jobs:
        """Users, jobs, languages, events."""
        return Jobs(self.session)

    @cached_property
    def letters(self) -> DeadLetters:
        """What failed for good."""
        return DeadLetters(self.session)

    @cached_property
    def replays(self) -> Replays:
        """What failed, once more."""
        return Replays(self.session)

    @cached_property
    def uploads(self) -> Uploads:
        """Recordings."""
        return Uploads(self.session)

    @cached_property
    def views(self) -> JobViews:
        """Jobs as clients see them."""
        return JobViews(self.session)

    @cached_property
    def downloads(self) -> Downloads:
        """One-time downloads."""
        return Downloads(self.session)

    @cached_property
    def launches(self) -> Launches:
        """Jobs that wait for a run, and those in flight."""
        return Launches(self.session)

    @cached_property
    def purchases(self) -> Purchases:
        """The ledger and what was bought."""
        return Purchases(self.session)

    @cached_property
    def balances(self) -> Balances:
        """What is held and spent."""
        return Balances(self.session, self._limits)

    @cached_property
    def budgets(self) -> Budgets:
        """What may be spent."""
        return Budgets(self.session, self._limits)

    @cached_property
    def prices(self) -> Prices:
        """What vendors charge."""
        return Prices(self.session)

    @cached_property
    def invoices(self) -> Invoices:
        """What vendors bill, held against the ledger."""
        return Invoices(self.session)

    @cached_property
    def circuits(self) -> Circuits:
        """Whether vendors answer."""
        return Circuits(self.session)

    @cached_property
    def vendor_voices(self) -> VendorVoices:
        """Vendors' lists of voices."""
        return VendorVoices(self.session)

    @cached_property
    def quotas(self) -> VendorQuotas:
        """What is left at vendors."""
        return VendorQuotas(self.session)

    @cached_property
    def alerts(self) -> Alerts:
        """Thresholds, and where they were reached."""
        return Alerts(self.session)

    @cached_property
    def readings(self) -> LiveReadings:
        """What goes on now."""
        return LiveReadings(self.session, self._limits)

    @cached_property
    def values(self) -> StageValues:
        """What the stages made."""
        return StageValues(self.session)

    @cached_property
    def edits(self) -> SegmentEdits:
        """What lines are to be instead."""
        return SegmentEdits(self.session)

    @cached_property
    def holdings(self) -> Holdings:
        """What is old enough to be erased."""
        return Holdings(self.session)

    @cached_property
    def erasures(self) -> Erasures:
        """What was asked to be erased."""
        return Erasures(self.session)

    @cached_property
    def receipts(self) -> Receipts:
        """What was erased."""
        return Receipts(self.session)

    @cached_property
    def bills(self) -> Bills:
        """What the days cost."""
        return Bills(self.session)

    @cached_property
    def rates(self) -> SpeakingRates:
        """How fast voices speak."""
        return SpeakingRates(self.session)

    @cached_property
    def totals(self) -> Totals:
        """What metrics are made of."""
        return Totals(self.session)


class Database:
    """Opens transactions on one Postgres database.

    Args:
        limits: what may be spent in a month where the tables do not say.
    """

    def __init__(self, url: str, *, max_connections: int = 30, limits: Limits = NO_LIMITS) -> None:
        self._max_connections = max_connections
        self._limits = limits
        self._url = make_url(url).set(drivername="postgresql+psycopg")

    @cached_property
    def engine(self) -> Engine:
        """Connection pool; made at first use."""
        # Parameters are customers' words: an error must not carry them.
        return create_engine(
            self._url,
            pool_pre_ping=True,
            pool_size=min(POOL_SIZE, self._max_connections),
            max_overflow=max(0, self._max_connections - POOL_SIZE),
            pool_timeout=POOL_TIMEOUT_S,
            hide_parameters=True,
            connect_args={"tcp_user_timeout": DEAD_NETWORK_MS},
        )

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """Work as the service: commit at the end, roll back on any error.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        with _reaching(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.execute(_BECOME, {"role": SERVICE_ROLE})
            yield UnitOfWork(session, self._limits)

    @contextmanager
    def transaction_of(self, claims: Mapping[str, Any]) -> Iterator[UnitOfWork]:
        """Work as a caller: the policies of the tables let through what is theirs, and nothing else.

        Args:
            claims: of a token that was verified.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        with _reaching(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.execute(_BECOME_CALLER, {"role": CALLER_ROLE, "claims": json.dumps(dict(claims))})
            yield UnitOfWork(session, self._limits)

    @contextmanager
    def listen(self, channel: str) -> Iterator[Callable[[float], bool]]:
        """Hear a channel from now on; the value waits up to so many seconds and says whether something was heard."""
        with _reaching(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            driver = connection.connection.driver_connection
            if not isinstance(driver, psycopg.Connection):
                raise TypeError("the engine speaks psycopg")
            driver.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            try:
                yield lambda timeout_s: any(True for _ in driver.notifies(timeout=timeout_s, stop_after=1))
            finally:
                if not driver.closed:
                    driver.execute("UNLISTEN *")

    def open_session(self) -> Connection:
        """Open a connection that commits by itself and stays its holder's, for locks that last as long as it does.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        with _reaching():
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                connection.execute(KEEP_ALIVE)
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def lock_job(self, job_id: str) -> Iterator[JobLock]:
        """Hold a job for this process; Postgres lets go of it when the process dies, however it dies.

        The value tells whether it is still held: work that lasts looks now and then.

        Raises:
            JobBusyError: another process holds it.
        """
        with _reaching(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            lock = JobLock(connection, job_id)
            lock.take()
            try:
                yield lock
            finally:
                lock.release()

    @contextmanager
    def try_hold(self, name: str) -> Iterator[bool]:
        """Do something that only one at a time may do, in this process or another; the value says whether one may.

        Postgres lets go of it when the process dies, however it dies.
        """
        number = {"number": number_lock(name)}
        with contextlib.closing(self.open_session()) as connection:
            is_held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), number))
            try:
                yield is_held
            finally:
                if is_held:
                    with contextlib.suppress(OperationalError):  # a connection that is gone has let go of it
                        connection.execute(text("SELECT pg_advisory_unlock(:number)"), number)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Do something that only one at a time may do, in this process or another; the others wait their turn.

        Raises:
            DatabaseUnavailableError: the turn did not come.
        """
        number = {"number": number_lock(name)}
        with _reaching(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SELECT set_config('lock_timeout', :wait, false)"), {"wait": LOCK_TIMEOUT})
            try:
                connection.execute(text("SELECT pg_advisory_lock(:number)"), number)
            finally:
                connection.execute(text("RESET lock_timeout"))
            try:
                yield
            finally:
                with contextlib.suppress(OperationalError):  # a connection that is gone has let go of it
                    connection.execute(text("SELECT pg_advisory_unlock(:number)"), number)

    def measure_horizon(self) -> datetime:
        """Measure until when everything that was stamped can be seen by whoever begins to read after this.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        with _reaching(), self.engine.connect() as connection:
            return measure_horizon(connection)

    def ping(self) -> None:
        """Ask Postgres for an answer.

        Raises:
            DatabaseUnavailableError: there is none.
        """
        with _reaching(), self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def migrate(self) -> None:
        """Bring the tables to the newest revision; costs one query when they are."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS_DIR))
        with _reaching(), self.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
            if context.get_current_heads() == tuple(ScriptDirectory.from_config(config).get_heads()):
                return
        with _MIGRATING, _reaching(), self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Give the connections back."""
        if "engine" in self.__dict__:
            self.engine.dispose()
