"""Rules that a future table must not forget, asked of Postgres' own catalogue; each is broken once, to see it speak.

On a database shaped like Supabase's as well, where everything new in ``public`` is open to everybody.
"""

from collections.abc import Iterator

import pytest

from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from tests.support.supabase_database import migrated_database

EXPOSED = """
    exposed AS (  -- public, and whatever else visitors may look into; auth is Supabase's
        SELECT oid, nspname FROM pg_namespace
        WHERE nspname = 'public' OR nspname !~ '^(pg_|information_schema$|auth$)'
            AND (has_schema_privilege('anon', oid, 'USAGE') OR has_schema_privilege('authenticated', oid, 'USAGE'))
    ),
    stored AS (SELECT * FROM pg_class WHERE relnamespace IN (SELECT oid FROM exposed) AND relkind IN ('r', 'p')),
    granted AS (  -- on tables and views, their columns, and sequences
        SELECT relname, grantee, privilege_type
        FROM pg_class, aclexplode(relacl) WHERE relnamespace IN (SELECT oid FROM exposed)
        UNION ALL
        SELECT relname || '.' || attname, grantee, privilege_type
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
        WHERE relnamespace IN (SELECT oid FROM exposed)
    )
"""

RULES = {
    "every table has its policies enabled and forced": (
        "SELECT relname FROM stored WHERE NOT (relrowsecurity AND relforcerowsecurity)",
        ["CREATE TABLE scratch ()", "CREATE TABLE scratch (); ALTER TABLE scratch ENABLE ROW LEVEL SECURITY"],
    ),
    "every table lets the service work": (
        """
        SELECT relname FROM stored WHERE NOT EXISTS (
            SELECT FROM pg_policies WHERE tablename = relname AND roles = '{service_role}' AND cmd = 'ALL'
        ) OR NOT has_table_privilege('service_role', oid, 'SELECT')
        """,
        ["DROP POLICY service ON takes", "REVOKE SELECT ON takes FROM service_role"],
    ),
    "a policy is for the service or for callers who read": (
        """
        SELECT tablename || '.' || policyname FROM pg_policies JOIN exposed ON schemaname = nspname
        WHERE NOT (roles = '{service_role}' OR roles = '{authenticated}' AND cmd = 'SELECT')
        """,
        [
            "CREATE POLICY everybody ON takes FOR SELECT USING (true)",
            "CREATE POLICY change ON takes FOR UPDATE TO authenticated USING (true)",
        ],
    ),
    "what callers read names the caller, once a query": (
        """
        SELECT tablename || '.' || policyname FROM pg_policies JOIN exposed ON schemaname = nspname
        WHERE roles = '{authenticated}' AND qual !~ '= \\( SELECT auth\\.uid\\(\\)'
        """,
        [
            "CREATE POLICY all_rows ON takes FOR SELECT TO authenticated USING (true)",
            "CREATE POLICY each_row ON uploads FOR SELECT TO authenticated USING (user_id = auth.uid())",
        ],
    ),
    "a table that callers may read has a policy for them, and no other table has": (
        """
        SELECT relname FROM stored
        WHERE has_any_column_privilege('authenticated', oid, 'SELECT') <> EXISTS (
            SELECT FROM pg_policies WHERE tablename = relname AND roles = '{authenticated}'
        )
        """,
        ["GRANT SELECT (content_key) ON takes TO authenticated", "DROP POLICY own_rows ON uploads"],
    ),
    "what callers read of a table with an owner depends on the owner": (
        """
        SELECT tablename || '.' || policyname
        FROM pg_policies JOIN stored ON relname = tablename
            JOIN pg_attribute ON attrelid = stored.oid AND attname IN ('user_id', 'job_id')
        WHERE roles = '{authenticated}' GROUP BY tablename, policyname, qual
        HAVING NOT bool_or(strpos(qual, attname) > 0)
        """,
        ["CREATE POLICY odd ON uploads FOR SELECT TO authenticated USING (id = (SELECT auth.uid()))"],
    ),
    "visitors and the public have no right": (
        "SELECT relname || ' ' || privilege_type FROM granted WHERE grantee IN (0, 'anon'::regrole)",
        [
            "GRANT SELECT ON takes TO PUBLIC",
            "GRANT SELECT (content_key) ON takes TO anon",
            "GRANT USAGE ON SEQUENCE job_events_id_seq TO anon",
        ],
    ),
    "callers have no right but to read": (
        """
        SELECT relname || ' ' || privilege_type FROM granted
        WHERE grantee = 'authenticated'::regrole AND privilege_type <> 'SELECT'
        """,
        [
            "GRANT UPDATE (state) ON dubbing_jobs TO authenticated",
            "GRANT TRUNCATE ON takes TO authenticated",
            "GRANT REFERENCES ON takes TO authenticated",
            "GRANT USAGE ON SEQUENCE job_events_id_seq TO authenticated",
        ],
    ),
    "nobody but the owner, the service and callers has a right": (
        """
        SELECT relname || ' ' || grantee::regrole FROM granted
        WHERE grantee NOT IN (0, 'anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole)
            AND grantee NOT IN (SELECT relowner FROM stored)
        """,
        ["GRANT SELECT ON takes TO pg_monitor"],
    ),
    "callers and visitors make nothing of their own": (
        """
        SELECT nspname FROM exposed
        WHERE has_schema_privilege('anon', oid, 'CREATE') OR has_schema_privilege('authenticated', oid, 'CREATE')
        """,
        ["GRANT CREATE ON SCHEMA public TO PUBLIC"],
    ),
    "a view works with the rights of whoever asks": (
        """
        SELECT relname FROM pg_class WHERE relnamespace IN (SELECT oid FROM exposed) AND (
            relkind = 'm'
            OR relkind = 'v' AND NOT coalesce(reloptions, '{}') && '{security_invoker=true,security_invoker=on}'
        )
        """,
        ["CREATE VIEW scratch AS SELECT 1", "CREATE MATERIALIZED VIEW scratch AS SELECT 1"],
    ),
    "a function that works with its owner's rights pins where it looks, and is not for visitors": (
        """
        SELECT proname FROM pg_proc WHERE pronamespace IN (SELECT oid FROM exposed) AND prosecdef AND (
            NOT EXISTS (SELECT FROM unnest(proconfig) setting WHERE setting LIKE 'search_path=%')
            OR has_function_privilege('anon', oid, 'EXECUTE')
        )
        """,
        [
            "CREATE FUNCTION scratch() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; "
            "REVOKE ALL ON FUNCTION scratch FROM PUBLIC, anon",
            "CREATE FUNCTION scratch() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1'",
        ],
    ),
    "the bookkeeping of migrations is not exposed": (
        "SELECT relname FROM stored WHERE relname = 'alembic_version'",
        ["GRANT USAGE ON SCHEMA migrations TO authenticated", "CREATE TABLE alembic_version ()"],
    ),
}
"""Rule: a query for what breaks it, and statements that do."""


@pytest.fixture(scope="module", params=["plain", "supabase"])
def database(
    request: pytest.FixtureRequest, postgres: PostgresAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with migrated_database(request.param, postgres, tmp_path_factory.mktemp("postgres")) as database:
        yield database


def find_offenders(database: Database, rule: str, broken_by: str | None = None) -> list[str]:
    """What breaks a rule, in a transaction that is rolled back."""
    with database.engine.connect() as connection:
        if broken_by is not None:
            connection.exec_driver_sql(broken_by)
        return list(connection.exec_driver_sql(f"WITH {EXPOSED} {RULES[rule][0]}".replace("%", "%%")).scalars())


@pytest.mark.parametrize("rule", RULES)
def test_the_migrated_database_keeps_every_rule(database: Database, rule: str) -> None:
    assert find_offenders(database, rule) == []


@pytest.mark.parametrize(
    ("rule", "broken_by"), [(rule, statement) for rule, (_, breaks) in RULES.items() for statement in breaks]
)
def test_every_rule_notices_when_it_is_broken(database: Database, rule: str, broken_by: str) -> None:
    assert len(find_offenders(database, rule, broken_by)) >= 1


def test_a_table_made_without_a_thought_breaks_rules(database: Database) -> None:
    made = "CREATE TABLE scratch (id uuid PRIMARY KEY, user_id uuid REFERENCES users)"
    broken = [rule for rule in RULES if find_offenders(database, rule, made)]
    assert "every table has its policies enabled and forced" in broken
    assert "every table lets the service work" in broken
