# ruff: noqa: S608 - the names in these statements are those of our own tables
"""What callers and visitors can do to a table by SQL, on a plain Postgres and on a database shaped like Supabase's."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg import errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from resources.database.money_tables import (
    AlertRow,
    AlertRule,
    Balance,
    Bill,
    BillingRow,
    BudgetLimit,
    Hold,
    InvoiceItem,
    InvoiceRow,
    VendorQuota,
)
from resources.database.tables import (
    ArtifactRow,
    Base,
    DeadLetter,
    DeletionReceipt,
    Download,
    DubbedSegment,
    MetricMark,
    MetricTotal,
    PriceRow,
    SegmentEdit,
    SegmentRow,
    SpeakingRate,
    Take,
    TranscriptRow,
    TranslationRow,
    VendorCall,
    VendorCircuit,
    VendorVoiceList,
)
from tests.support.jobs import add_job
from tests.support.supabase_database import migrated_database

OWNER_COLUMN = {
    "users": "id",
    "uploads": "user_id",
    "dubbing_jobs": "user_id",
    "language_tasks": "job_id",
    "job_events": "job_id",
    "segments": "job_id",
    "segment_edits": "job_id",
    "dubbed_segments": "job_id",
    "artifacts": "job_id",
    "deletion_receipts": "user_id",
}
"""What callers may read, and the column that says whose a row is."""

TABLES = sorted(Base.metadata.tables)
CLOSED = sorted(set(TABLES) - set(OWNER_COLUMN))


@dataclass(frozen=True)
class Person:
    user_id: uuid.UUID
    job_id: uuid.UUID

    @property
    def claims(self) -> Mapping[str, str]:
        return {"sub": str(self.user_id), "role": "authenticated", "aud": "authenticated"}


@dataclass(frozen=True)
class World:
    """A database in which two people have a row each in every table."""

    database: Database
    ana: Person
    ben: Person

    @contextmanager
    def work_as(self, role: str, claims: str = "") -> Iterator[Connection]:
        with self.database.engine.connect() as connection, connection.begin():
            connection.execute(text("SELECT set_config('request.jwt.claims', :claims, true)"), {"claims": claims})
            connection.execute(text(f"SET LOCAL ROLE {role}"))
            yield connection

    @contextmanager
    def work_as_ana(self) -> Iterator[Connection]:
        with self.work_as("authenticated", json.dumps(self.ana.claims)) as connection:
            yield connection


@pytest.fixture(scope="module", params=["plain", "supabase"])
def world(
    request: pytest.FixtureRequest, postgres: PostgresAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with migrated_database(request.param, postgres, tmp_path_factory.mktemp("postgres")) as database:
        yield World(database, add_person(database), add_person(database))


def add_person(database: Database) -> Person:
    user_id, key, now = uuid.uuid4(), uuid.uuid4().hex, datetime.now(UTC)
    job_id = add_job(database, ["es"], user_id=user_id)
    file = {"storage_key": key, "sha256": key}
    artifact = ArtifactRow(
        job_id=job_id, language="es", kind="audio", path="es.wav", media_type="audio/wav", size_bytes=1, expires_at=now
    )
    artifact.storage_key, artifact.sha256 = key, key
    call = VendorCall(
        job_id=job_id,
        operation="translate",
        vendor="v",
        model="m",
        engine="e",
        content_key=key,
        usage={"characters": 1},
    )
    letter = DeadLetter(job_id=job_id, stage="mixing", error_code="internal", message="m", retryable=False)
    with database.transaction() as tx:
        tx.session.add_all(
            [
                artifact,
                call,
                letter,
                SegmentRow(job_id=job_id, number=1, start_ms=0, end_ms=1, speaker="s", text="secret"),
                DubbedSegment(job_id=job_id, language="es", number=1, text="secret"),
                Take(content_key=key, language="es", voice="v", speech_start_ms=0, speech_end_ms=1, **file),
                TranscriptRow(content_key=key, language="en", duration_ms=1, words=[]),
                TranslationRow(content_key=key, source="en", target="es", text="secret"),
                PriceRow(vendor=key, model="m", effective_from=now, unit="ms", usd_micros=1, per_units=1, source="s"),
                VendorCircuit(vendor=key),
                VendorVoiceList(vendor=key, voices=[]),
                MetricMark(name=key, counted_until=datetime.now(UTC)),
                MetricTotal(name=key, labels=()),
                SegmentEdit(job_id=job_id, language="es", number=1, text="secret", revision=2),
                SpeakingRate(language="es", voice=key, characters_per_second=15.0, takes=1),
                DeletionReceipt(
                    user_id=user_id, job_id=job_id, cause="request", requested_by="s", requested_at=now, body={}
                ),
            ]
        )
        tx.session.flush()
        tx.downloads.add(Download(artifact_id=artifact.id, user_id=user_id, token_digest=key, expires_at=now))
    add_money(database, user_id, job_id, key)
    return Person(user_id, job_id)


def add_money(database: Database, user_id: uuid.UUID, job_id: uuid.UUID, key: str) -> None:
    now = datetime.now(UTC)
    sums = {"cost_usd_micros": 1, "charged_usd_micros": 1, "lost_usd_micros": 0, "doubtful_usd_micros": 0}
    # A day of its own for each person, as their ids have it.
    day = date(2000, 1, 1) + timedelta(days=user_id.int % 9_000)
    invoice = InvoiceRow(
        id=uuid.uuid4(), vendor="v", sha256=key, from_at=now, to_at=now, compared_by="s", lines=1,
        invoiced_usd_micros=1, ledger_usd_micros=1, variance_usd_micros=0, doubts_ended=0,
    )  # fmt: skip
    line = {"vendor": "v", "model": "m", "operation": "o", "calls": 1, "failed_calls": 0, "doubtful_calls": 0}
    with database.transaction() as tx:
        tx.session.add_all([Bill(day=day, made_at=now, calls=1, **sums), invoice])
        tx.session.flush()
        tx.session.add_all(
            [
                BillingRow(day=day, user_id=user_id, job_id=job_id, **line, **sums),
                InvoiceItem(invoice_id=invoice.id, verdict="missing_in_ledger", model="m", at=now),
                BudgetLimit(user_id=user_id, limit_usd_micros=1, set_by="s"),
                Balance(user_id=user_id, month=day),
                Hold(job_id=job_id, user_id=user_id, month=day, held_usd_micros=1),
                VendorQuota(vendor=key, unit="characters", units_left=1),
                AlertRule(name=key, kind="budget_used", threshold=user_id.int % 10**9, set_by="s"),
                AlertRow(rule=key, kind="budget_used", subject="s", threshold=1, value=1),
            ]
        )


def read_owners(connection: Connection, table: str) -> set[uuid.UUID]:
    return set(connection.scalars(text(f"SELECT {OWNER_COLUMN[table]} FROM {table}")))


def is_refused(connection: Connection, statement: str) -> bool:
    attempt = connection.begin_nested()
    try:
        connection.execute(text(statement))
    except DBAPIError as error:
        return isinstance(error.orig, errors.InsufficientPrivilege)
    else:
        return False
    finally:
        attempt.rollback()


def list_writes(table: str) -> list[str]:
    """Every way to change a table, for each column on its own."""
    columns = [f'"{column.name}"' for column in Base.metadata.tables[table].columns]
    return [
        f"INSERT INTO {table} DEFAULT VALUES",
        *(f"INSERT INTO {table} ({column}) VALUES (DEFAULT)" for column in columns),
        *(f"UPDATE {table} SET {column} = DEFAULT" for column in columns),
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"SELECT FROM {table} FOR UPDATE",
        f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"CREATE POLICY mine ON {table} USING (true)",
        f"DROP TABLE {table} CASCADE",
    ]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_holds_rows_to_hide(world: World, table: str) -> None:
    with world.database.transaction() as tx:
        assert tx.session.scalar(text(f"SELECT count(*) FROM {table}")) >= 2


@pytest.mark.parametrize("table", OWNER_COLUMN)
def test_callers_read_their_own_rows_and_no_others(world: World, table: str) -> None:
    for person in (world.ana, world.ben):
        own = person.job_id if OWNER_COLUMN[table] == "job_id" else person.user_id
        with world.database.transaction_of(person.claims) as tx:
            assert read_owners(tx.session.connection(), table) == {own}


@pytest.mark.parametrize("claims", ["", "{}", '{"sub": null}', '{"role": "service_role"}', '{"user_id": "%s"}'])
def test_claims_that_name_nobody_read_nothing(world: World, claims: str) -> None:
    with world.work_as("authenticated", claims.replace("%s", str(world.ana.user_id))) as connection:
        assert {table: read_owners(connection, table) for table in OWNER_COLUMN} == {t: set() for t in OWNER_COLUMN}


@pytest.mark.parametrize(
    "claims",
    ['{"sub": ""}', '{"sub": 5}', '{"sub": "%s\' OR true"}', '{"sub": ["%s"]}', '{"sub": "\\u0000"}', "%s", "["],
)
def test_malformed_claims_are_an_error_on_every_table(world: World, claims: str) -> None:
    for table in OWNER_COLUMN:
        with (
            pytest.raises(DBAPIError, match=r"invalid input|unsupported Unicode"),
            world.work_as("authenticated", claims.replace("%s", str(world.ana.user_id))) as connection,
        ):
            read_owners(connection, table)


@pytest.mark.parametrize("table", CLOSED)
def test_callers_cannot_read_what_is_closed(world: World, table: str) -> None:
    columns = Base.metadata.tables[table].columns
    with world.work_as_ana() as connection:
        reads = [f'SELECT "{column.name}" FROM {table}' for column in columns]
        assert [statement for statement in reads if not is_refused(connection, statement)] == []


@pytest.mark.parametrize("table", TABLES)
def test_visitors_read_nothing(world: World, table: str) -> None:
    with world.work_as("anon", json.dumps(world.ana.claims)) as connection:
        assert is_refused(connection, f"SELECT FROM {table}")


@pytest.mark.parametrize("table", TABLES)
def test_neither_callers_nor_visitors_change_anything(world: World, table: str) -> None:
    for role in ("authenticated", "anon"):
        with world.work_as(role, json.dumps(world.ana.claims)) as connection:
            assert [statement for statement in list_writes(table) if not is_refused(connection, statement)] == []


@pytest.mark.parametrize("call", ["nextval", "currval", "setval"])
def test_neither_callers_nor_visitors_touch_the_numbers_of_events(world: World, call: str) -> None:
    arguments = "'job_events_id_seq', 1" if call == "setval" else "'job_events_id_seq'"
    for role in ("authenticated", "anon"):
        with world.work_as(role) as connection:
            assert is_refused(connection, f"SELECT {call}({arguments})")
            assert is_refused(connection, "SELECT last_value FROM job_events_id_seq")


def test_callers_cannot_make_tables_functions_or_views_to_lure_others_with(world: World) -> None:
    for role in ("authenticated", "anon"):
        with world.work_as(role) as connection:
            assert is_refused(
                connection, "CREATE TABLE public.lure (job_id uuid REFERENCES dubbing_jobs ON DELETE CASCADE)"
            )
            assert is_refused(connection, "CREATE VIEW public.lure AS SELECT * FROM dubbing_jobs")
            assert is_refused(connection, "CREATE FUNCTION public.lure() RETURNS int LANGUAGE sql AS 'SELECT 1'")
            assert is_refused(connection, "SELECT FROM migrations.alembic_version")


def test_a_function_of_the_callers_is_never_shown_a_row_of_another(world: World) -> None:
    """Postgres likes to try cheap conditions first; a policy goes before them all the same."""
    betray = f"""
        CREATE FUNCTION pg_temp.betray(uuid) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN
            IF $1 NOT IN ('{world.ana.user_id}', '{world.ana.job_id}') THEN RAISE 'saw another row'; END IF;
            RETURN true;
        END $$
    """
    with world.work_as_ana() as connection:
        connection.execute(text(betray))
        for table, column in OWNER_COLUMN.items():
            assert connection.scalars(text(f"SELECT {column} FROM {table} WHERE pg_temp.betray({column})")).all()


def test_the_statistics_of_the_tables_tell_callers_nothing(world: World) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(text("ANALYZE segments, dubbing_jobs, translations"))
    with world.work_as_ana() as connection:
        assert connection.scalars(text("SELECT tablename FROM pg_stats WHERE schemaname = 'public'")).all() == []
