"""Protection of a table, for every migration that makes one: nobody but the service sees a row unless it is said here.

Supabase shows the schema ``public`` to every visitor, and lets `anon` and `authenticated` do everything there unless
it is taken from them. A table is forced: its owner, who may be the role that we log in as, is bound by it too.
Applied migrations call this, so a change here changes only databases that are made later.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import text

CALLER = "(SELECT auth.uid())"
"""The caller's id; in a sub-select, so that Postgres asks once a query and not once a row."""

_SEQUENCES_OF = text("""
    SELECT sequence.oid::regclass::text
    FROM pg_depend owned JOIN pg_class sequence ON sequence.oid = owned.objid AND sequence.relkind = 'S'
    WHERE owned.classid = 'pg_class'::regclass AND owned.refclassid = 'pg_class'::regclass
        AND owned.refobjid = CAST(:table AS regclass)
""")


def own_job(table: str) -> str:
    """Condition: the row belongs to a job of the caller."""
    return f"EXISTS (SELECT FROM dubbing_jobs job WHERE job.id = {table}.job_id AND job.user_id = {CALLER})"


def protect(table: str, *, readable_where: str | None = None) -> None:
    """Close a table to everybody but the service; callers read the rows for which the condition holds, if one is given.

    Nobody but the service writes: what callers may change, the API decides. The service cannot truncate, for
    that knows no policies. Its sequences are closed to all: an identity column counts without asking for a right.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"REVOKE ALL ON {table} FROM PUBLIC, anon, authenticated, service_role")
    for sequence in op.get_bind().scalars(_SEQUENCES_OF, {"table": table}).all():
        op.execute(f"REVOKE ALL ON SEQUENCE {sequence} FROM PUBLIC, anon, authenticated, service_role")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO service_role")
    op.execute(f"CREATE POLICY service ON {table} TO service_role USING (true) WITH CHECK (true)")
    if readable_where is not None:
        op.execute(f"GRANT SELECT ON {table} TO authenticated")
        op.execute(f"CREATE POLICY own_rows ON {table} FOR SELECT TO authenticated USING ({readable_where})")


def unprotect(table: str) -> None:
    """Take the policies back; visitors do not get the rights again that they had before `protect`."""
    op.execute(f"DROP POLICY IF EXISTS own_rows ON {table}")
    op.execute(f"DROP POLICY service ON {table}")
    op.execute(f"REVOKE ALL ON {table} FROM authenticated, service_role")
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


@contextmanager
def as_service() -> Iterator[None]:
    """Let a migration read and change rows of protected tables, which their owner may not.

    Without it such a statement fails (see ``env.py``) instead of finding no row and saying that all went well.
    """
    op.execute("SET LOCAL row_security = on")
    op.execute("SET LOCAL ROLE service_role")
    yield
    op.execute("SET LOCAL ROLE none")
    op.execute("SET LOCAL row_security = off")
