"""The migrations on servers and for logins of every kind; each test has the roles of the server to itself."""

import multiprocessing
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from dubbing.errors import SettingsError
from resources.database.connection import MIGRATIONS_DIR, Database
from resources.database.embedded import PostgresAddress
from tests.support.jobs import add_job
from tests.support.postgres import connect, fresh_database, postgres_server
from tests.support.supabase_database import make_supabase_roles, supabase_database

PASSWORD = "only-on-loopback"

AUTH_SCHEMA = """
SELECT concat(nspowner, nspacl, proname, prosrc, proowner, proacl)
FROM pg_namespace JOIN pg_proc ON pronamespace = pg_namespace.oid WHERE nspname = 'auth' ORDER BY proname
"""

CHANGE_ROWS = """
from alembic import op
from migrations.row_security import as_service
revision, down_revision, branch_labels, depends_on = "change_rows", {head!r}, None, None
def upgrade():
    {body}
"""


class Server:
    """A server that knows no roles at first; makes logins, and databases that they open."""

    def __init__(self, address: PostgresAddress, opened: ExitStack) -> None:
        self.address, self.opened, self.logins = address, opened, list[str]()

    def make_login(self, attributes: str) -> str:
        login = f"login_{uuid.uuid4().hex[:8]}"
        with connect(self.address) as connection:
            connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}' {attributes}")
        self.logins.append(login)
        return login

    def open_database(self, login: str, *, owner: bool = True) -> Database:
        name = self.opened.enter_context(fresh_database(self.address))
        if owner:
            with connect(self.address) as connection:
                connection.execute(f"ALTER DATABASE {name} OWNER TO {login}")
        address = PostgresAddress(self.address.host, self.address.port, login, PASSWORD)
        database = Database(address.url(name, driver="postgresql"))
        self.opened.callback(database.close)
        return database

    def as_administrator(self, database: Database) -> psycopg.Connection:
        return connect(self.address, database.engine.url.database or "")


@pytest.fixture(scope="module")
def bare_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresAddress]:
    with postgres_server(tmp_path_factory.mktemp("bare")) as address:
        yield address


@pytest.fixture
def server(bare_address: PostgresAddress) -> Iterator[Server]:
    with ExitStack() as opened:
        server = Server(bare_address, opened)
        yield server
    with connect(bare_address) as connection:
        for role in ("anon", "authenticated", "service_role", *server.logins):
            connection.execute(f"DROP ROLE IF EXISTS {role}")


def assert_works_for_service_and_caller(database: Database) -> None:
    caller, other_job = uuid.uuid4(), add_job(database)
    own_job = add_job(database, user_id=caller)
    with database.transaction() as tx:
        assert tx.jobs.get(other_job).state == "queued"
    with database.transaction_of({"sub": str(caller)}) as tx:
        assert tx.session.scalars(text("SELECT id FROM dubbing_jobs")).all() == [own_job]


def migrate_together(databases: Sequence[Database]) -> None:
    """In a process each, for Alembic works for one thread at a time."""
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(len(databases))

    def migrate(url: str) -> None:
        together.wait(10)
        Database(url).migrate()

    urls = [database.engine.url.render_as_string(hide_password=False) for database in databases]
    programs = [fork.Process(target=migrate, args=[url]) for url in urls]
    for program in programs:
        program.start()
    for program in programs:
        program.join(60)
    assert [program.exitcode for program in programs] == [0] * len(programs)


def run_own_migration(database: Database, folder: Path, body: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR))
    head = ScriptDirectory.from_config(config).get_current_head()
    (folder / "change_rows.py").write_text(CHANGE_ROWS.format(head=head, body=body))
    config.set_main_option("version_locations", f"{MIGRATIONS_DIR / 'versions'} {folder}")
    config.set_main_option("path_separator", "space")
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "change_rows")


def test_a_superuser_migrates_an_empty_server(server: Server) -> None:
    database = server.open_database(server.make_login("SUPERUSER"))
    database.migrate()
    assert_works_for_service_and_caller(database)


def test_an_owner_who_may_make_roles_migrates_and_works(server: Server) -> None:
    database = server.open_database(server.make_login("CREATEROLE"))
    database.migrate()
    assert_works_for_service_and_caller(database)


def test_a_login_that_made_the_roles_itself_is_let_become_them(server: Server) -> None:
    """Since Postgres 16 who makes a role is a member of it, but may not become it."""
    database = server.open_database(server.make_login("CREATEROLE"))
    with database.engine.begin() as connection:
        for role in ("anon", "authenticated", "service_role"):
            connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
    database.migrate()
    assert_works_for_service_and_caller(database)


def test_the_owner_sees_no_row_before_becoming_somebody(server: Server) -> None:
    database = server.open_database(server.make_login("CREATEROLE"))
    database.migrate()
    add_job(database)
    with database.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM dubbing_jobs")) == 0


def test_a_login_that_may_not_make_roles_says_which_sql_an_administrator_runs(server: Server) -> None:
    database = server.open_database(server.make_login(""))
    with pytest.raises(SettingsError, match="again: CREATE ROLE anon") as refused:
        database.migrate()
    with server.as_administrator(database) as connection:
        assert connection.execute("SELECT to_regclass('public.users')").fetchone() == (None,)
        connection.execute(refused.value.message.partition("again: ")[2])
    database.migrate()
    assert_works_for_service_and_caller(database)


def test_where_the_roles_are_somebody_elses_only_membership_is_asked_for(server: Server) -> None:
    server.open_database(server.make_login("CREATEROLE")).migrate()
    database = server.open_database(server.make_login("CREATEROLE"))
    with pytest.raises(SettingsError, match="again: GRANT authenticated, service_role TO") as refused:
        database.migrate()
    with server.as_administrator(database) as connection:
        connection.execute(refused.value.message.partition("again: ")[2])
    database.migrate()
    assert_works_for_service_and_caller(database)


def test_a_login_that_does_not_own_its_database_says_so(server: Server) -> None:
    database = server.open_database(server.make_login("CREATEROLE"), owner=False)
    with pytest.raises(SettingsError, match="ALTER DATABASE"):
        database.migrate()


def test_downgraded_and_upgraded_again_it_guards_as_before(server: Server) -> None:
    database = server.open_database(server.make_login("CREATEROLE"))
    database.migrate()
    add_job(database)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR))
    for revision in ("0002", "base"):
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, revision)
    database.migrate()
    assert_works_for_service_and_caller(database)


def test_a_downgrade_keeps_the_rows_and_keeps_visitors_out(server: Server) -> None:
    database = server.open_database(server.make_login("CREATEROLE"))
    database.migrate()
    job_id = add_job(database)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
        assert connection.scalar(text("SELECT id FROM dubbing_jobs")) == job_id
        assert not connection.scalar(text("SELECT has_table_privilege('authenticated', 'dubbing_jobs', 'SELECT')"))


def test_several_databases_of_one_server_are_migrated_at_once(server: Server) -> None:
    login = server.make_login("CREATEROLE")
    databases = [server.open_database(login) for _ in range(3)]
    migrate_together(databases)
    for database in databases:
        assert_works_for_service_and_caller(database)


def test_one_database_is_migrated_by_several_programs_at_once(server: Server) -> None:
    database = server.open_database(server.make_login("CREATEROLE"))
    migrate_together([database] * 3)
    assert_works_for_service_and_caller(database)


def test_migrating_leaves_no_setting_behind_in_the_pool(server: Server) -> None:
    database = server.open_database(server.make_login("CREATEROLE"))
    database.migrate()
    ask = text("SELECT current_setting('lock_timeout'), current_setting('row_security'), current_user = session_user")
    with database.engine.connect() as connection:
        assert connection.execute(ask).one() == ("0", "on", True)


def test_a_migration_that_would_miss_hidden_rows_fails(server: Server, tmp_path: Path) -> None:
    database = server.open_database(server.make_login("CREATEROLE"))
    database.migrate()
    with pytest.raises(ProgrammingError, match="row-level security"):
        run_own_migration(database, tmp_path, "op.execute(\"UPDATE dubbing_jobs SET reference = 'changed'\")")


def test_a_migration_that_says_so_changes_every_row(server: Server, tmp_path: Path) -> None:
    database = server.open_database(server.make_login("CREATEROLE"))
    database.migrate()
    job_id = add_job(database)
    change = "with as_service(): op.execute(\"UPDATE dubbing_jobs SET reference = 'changed'\")"
    run_own_migration(database, tmp_path, change)
    with database.transaction() as tx:
        assert tx.jobs.get(job_id).reference == "changed"


def test_on_supabase_the_migrations_work_and_leave_auth_as_it_was(tmp_path: Path) -> None:
    with postgres_server(tmp_path) as address:
        make_supabase_roles(address)
        with supabase_database(address) as url:
            database = Database(url)
            with database.engine.connect() as connection:
                before = connection.scalars(text(AUTH_SCHEMA)).all()
            assert len(before) == 3
            database.migrate()
            with database.engine.connect() as connection:
                assert connection.scalars(text(AUTH_SCHEMA)).all() == before
            assert_works_for_service_and_caller(database)
            database.close()
