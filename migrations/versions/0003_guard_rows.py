"""Guard rows: each caller reads what is theirs, and nobody but the service writes.

Revision: 0003, after 0002. On Supabase the roles and ``auth.uid()`` are there and stay as they are; a plain Postgres
gets them, with the same meaning. Roles belong to the whole server: another database may have made them, or be
making them right now.
The migration gives up when a lock is not had within five seconds (set for every migration in env.py).
"""

from alembic import op
from psycopg import errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from dubbing.errors import SettingsError
from migrations.row_security import CALLER, own_job, protect, unprotect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLES = ("anon", "authenticated", "service_role")

BECOMES = ("authenticated", "service_role")
"""As whom the program works; the role that it logs in as must be allowed to become them."""

READABLE = {
    "users": f"id = {CALLER}",
    "uploads": f"user_id = {CALLER}",
    "dubbing_jobs": f"user_id = {CALLER}",
    **{table: own_job(table) for table in ("language_tasks", "job_events", "segments", "dubbed_segments", "artifacts")},
}

CLOSED = ("transcripts", "translations", "takes", "vendor_calls", "dead_letters", "downloads")

FIND_AUTH = text("SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = 'auth'")

# Not to_regprocedure(), which fails where we may not look into the schema.
FIND_UID = text("""
    SELECT FROM pg_proc JOIN pg_namespace schema ON schema.oid = pronamespace
    WHERE nspname = 'auth' AND proname = 'uid' AND pronargs = 0
""")

# '' is what a setting that was local to an earlier transaction leaves behind.
MAKE_UID = (
    "CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS "
    "$$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$"
)


def upgrade() -> None:
    """Apply."""
    make_what_is_missing(op.get_bind())
    op.execute("GRANT USAGE ON SCHEMA public TO authenticated, service_role")
    for table, condition in READABLE.items():
        protect(table, readable_where=condition)
    for table in CLOSED:
        protect(table)


def downgrade() -> None:
    """Take back; roles and ``auth`` stay, for others may use them."""
    for table in (*READABLE, *CLOSED):
        unprotect(table)


def make_what_is_missing(connection: Connection) -> None:
    """Make roles, membership in them and ``auth.uid()``, each only where there is none.

    Raises:
        SettingsError: the role that we log in as may not; the message holds the SQL for somebody who may.
    """
    statements = list_missing(connection)
    for number, statement in enumerate(statements):
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(statement)
        except DBAPIError as error:
            if isinstance(error.orig, errors.InsufficientPrivilege):
                todo = "; ".join(statements[number:])
                raise SettingsError(
                    "The role in DUBLINE_DATABASE_URL may not prepare row-level security; have an administrator run "
                    f"this in the database, then migrate again: {todo};"
                ) from error
            if not isinstance(error.orig, errors.DuplicateObject | errors.UniqueViolation):
                raise  # those two: made by somebody else at this moment


def list_missing(connection: Connection) -> list[str]:
    """Return the statements that make what is not there."""
    known = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    statements = [f"CREATE ROLE {role} NOLOGIN NOINHERIT" for role in ROLES if role not in known]
    login: str = connection.scalars(text("SELECT quote_ident(session_user)")).one()
    closed = [role for role in BECOMES if not may_become(connection, role)]
    if closed:
        # Before 16 membership has no options. Where it has, the login role sees no row until it becomes one of them.
        options = " WITH INHERIT FALSE, SET TRUE" if (connection.dialect.server_version_info or ()) >= (16,) else ""
        statements.append(f"GRANT {', '.join(closed)} TO {login}{options}")
    usable = connection.scalar(FIND_AUTH)
    made = connection.execute(FIND_UID).first() is not None
    if usable is None:
        statements.append("CREATE SCHEMA auth")
    if not usable or not made:
        statements.append(f"GRANT USAGE ON SCHEMA auth TO {', '.join([*ROLES, login])}")
    if not made:
        statements.append(MAKE_UID)
    return statements


def may_become(connection: Connection, role: str) -> bool:
    """Whether SET ROLE works, found by trying it: who made a role is a member, but may not become it (since 16)."""
    trial = connection.begin_nested()
    try:
        connection.execute(text("SELECT set_config('role', :role, true)"), {"role": role})
    except DBAPIError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege | errors.InvalidParameterValue):
            raise
        return False
    else:
        return True
    finally:
        trial.rollback()
