"""Signs of life of processes that answer no requests: when they last asked Postgres for something.

Postgres keeps for each connection a name that its client chose, and when it last had something to do. So a process
shows that it lives by naming a connection again and again; no table is written to, and when the process is gone its
connection goes too.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dubbing.errors import DatabaseUnavailableError
from resources.database.connection import Database

# For the session: it stays when the transaction has ended.
_SHOW = text("SELECT set_config('application_name', :name, false)")
_FIND = text("""
    SELECT max(state_change) AS seen_at, clock_timestamp() AS now
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = :name
""")


class Sign(StrEnum):
    """Who shows signs of life; names of connections."""

    DAEMON = "dubline sensors"


def show_sign(session: Session, sign: Sign) -> None:
    """Show that whoever this is lives."""
    session.execute(_SHOW, {"name": sign.value})


def find_sign(database: Database, sign: Sign) -> tuple[datetime | None, datetime]:
    """Find the last sign of life, and tell what time it is on the same clock; None if there is none.

    Raises:
        DatabaseUnavailableError: Postgres cannot be reached.
    """
    # As the user who logged in: to any other role Postgres tells nothing of a connection.
    with database.open_session() as connection:
        try:
            row = connection.execute(_FIND, {"name": sign.value}).one()
        except SQLAlchemyError as error:
            raise DatabaseUnavailableError("The database cannot be reached; check that it runs.") from error
    return row.seen_at, row.now
