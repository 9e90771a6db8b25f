"""Runs the migrations: on the connection that the program hands over, or on DUBLINE_DATABASE_URL from a terminal."""

from alembic import context
from psycopg import errors
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from dubbing.errors import SettingsError
from resources.database.connection import VERSION_SCHEMA
from resources.database.money_tables import Base
from resources.settings import load_settings

LOCK_TIMEOUT = "5s"
"""A migration that cannot get its lock gives up instead of stopping every reader behind it."""

# Of two programs that start on one database, the second waits here for the first and then finds nothing to do.
_WAIT_FOR_OTHERS = text("SELECT pg_advisory_xact_lock(hashtext('dubline migrations'), 0)")

# Local to the transaction: the connection goes back to a pool. A statement on rows that a policy would hide fails
# instead of missing them; a migration that works on rows says so, with `row_security.as_service`.
_BE_CAREFUL = (text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"), text("SET LOCAL row_security = off"))


def run(connection: Connection) -> None:
    """Migrate inside one transaction."""
    connection.execute(_WAIT_FOR_OTHERS)
    for setting in _BE_CAREFUL:
        connection.execute(setting)
    make_version_schema(connection)
    context.configure(
        connection=connection, target_metadata=Base.metadata, version_table_schema=VERSION_SCHEMA, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()


def make_version_schema(connection: Connection) -> None:
    """Make the schema of Alembic's own table.

    Raises:
        SettingsError: the role that we log in as may not make schemas.
    """
    try:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
    except DBAPIError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege):
            raise
        raise SettingsError(
            "The role in DUBLINE_DATABASE_URL may not make schemas in its database; have an administrator make it "
            "the owner (ALTER DATABASE … OWNER TO …), then migrate again."
        ) from error


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = load_settings().database_url
    if url is None:
        raise SystemExit("Set DUBLINE_DATABASE_URL to the database to migrate.")
    engine = create_engine(
        url.get_secret_value()
        .replace("postgres://", "postgresql://", 1)
        .replace("postgresql://", "postgresql+psycopg://", 1)
    )
    with engine.begin() as own:
        run(own)
