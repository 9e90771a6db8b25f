from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from resources.database.connection import VERSION_SCHEMA, Database
from resources.database.tables import Base


def test_the_migrations_give_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table_schema": VERSION_SCHEMA, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate()


def test_the_bookkeeping_of_migrations_is_not_in_the_exposed_schema(database: Database) -> None:
    with database.engine.connect() as connection:
        found = connection.scalar(text("SELECT to_regclass('public.alembic_version')"))
    assert found is None
