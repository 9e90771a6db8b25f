"""Fixtures that more than one tier uses: one Postgres for the whole session, a database of its own for each module."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from resources.telemetry.logs import ROOMS  # with it our loggers write into those of the standard library
from tests.support.postgres import fresh_database, postgres_server
from tests.support.seaweedfs import SeaweedFS, seaweedfs_server


def pytest_configure() -> None:
    settings.register_profile("dubline", deadline=None)  # how long something takes depends on what else there is
    settings.load_profile("dubline")
    # Started in the background of a shell we ignore Ctrl-C, and so would everything that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """Take back what a test has set up of the log, as programs do at their start."""
    loggers = [logging.getLogger(), *map(logging.getLogger, ROOMS)]
    handlers, levels = loggers[0].handlers[:], [logger.level for logger in loggers]
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    yield
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    logging.captureWarnings(False)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresAddress]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture(scope="session")
def product_template(postgres: PostgresAddress) -> Iterator[str]:
    """A migrated database to copy: that is a tenth of the work."""
    with fresh_database(postgres) as name:
        database = Database(postgres.url(name, driver="postgresql"))
        database.migrate()
        database.close()
        yield name


@pytest.fixture(scope="session")
def dagster_template(postgres: PostgresAddress) -> Iterator[str]:
    """A database with Dagster's tables to copy."""
    from dub_assets.dagster_storage import PooledPostgresStorage  # most tests do without Dagster

    with fresh_database(postgres) as name:
        PooledPostgresStorage(postgres.url(name, driver="postgresql+psycopg2")).run_storage.dispose()
        yield name


@pytest.fixture(scope="module")
def database(postgres: PostgresAddress, product_template: str) -> Iterator[Database]:
    with fresh_database(postgres, product_template) as name:
        database = Database(postgres.url(name, driver="postgresql"))
        yield database
        database.close()


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with seaweedfs_server(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def samples() -> Path:
    return Path(__file__).parents[1] / "samples"
