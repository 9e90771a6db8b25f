"""Runs the migrations: on the connection that the program hands over, or on DUBLINE_DATABASE_URL from a terminal."""

from alembic import context
from sqlalchemy import Connection, create_engine, text

from resources.database.connection import VERSION_SCHEMA
from resources.database.tables import Base
from resources.settings import load_settings

LOCK_TIMEOUT = "5s"
"""A migration that cannot get its lock gives up instead of stopping every reader behind it."""


def run(connection: Connection) -> None:
    """Migrate inside one transaction."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
    context.configure(
        connection=connection, target_metadata=Base.metadata, version_table_schema=VERSION_SCHEMA, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()


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
