"""Dead letters as operators look for them: by what they died of, when, where, at whom. Read only."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, tuple_

from resources.database.connection import UnitOfWork
from resources.database.positions import Position
from resources.database.tables import DeadLetter, LetterState


@dataclass(frozen=True, slots=True)
class LetterQuery:
    """Which letters; what is not said does not matter.

    Attributes:
        since, until: when they failed last.
        vendor: whose call it was that failed.
    """

    state: LetterState | None = None
    error_code: str | None = None
    stage: str | None = None
    vendor: str | None = None
    job_id: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_letters(
    tx: UnitOfWork, query: LetterQuery, *, after: Position | None = None, limit: int
) -> Sequence[DeadLetter]:
    """Return letters, those that failed last first.

    Args:
        after: the last one of the page before.
    """
    statement = select(DeadLetter).where(*_list_conditions(query))
    if after is not None:
        statement = statement.where(tuple_(DeadLetter.last_at, DeadLetter.id) < tuple_(after.at, after.id))
    newest = (DeadLetter.last_at.desc(), DeadLetter.id.desc())
    return tx.session.scalars(statement.order_by(*newest).limit(limit)).all()


def list_letter_ids(
    tx: UnitOfWork, query: LetterQuery, *, after: uuid.UUID | None = None, limit: int | None = None
) -> Sequence[uuid.UUID]:
    """Return the ids of letters, in an order that stays whatever becomes of them."""
    statement = select(DeadLetter.id).where(*_list_conditions(query))
    if after is not None:
        statement = statement.where(DeadLetter.id > after)
    return tx.session.scalars(statement.order_by(DeadLetter.id).limit(limit)).all()


def _list_conditions(query: LetterQuery) -> Iterator[ColumnElement[bool]]:
    wanted = (
        (DeadLetter.state, query.state.value if query.state is not None else None),
        (DeadLetter.error_code, query.error_code),
        (DeadLetter.stage, query.stage),
        (DeadLetter.snapshot["vendor"].astext, query.vendor),
        (DeadLetter.job_id, query.job_id),
    )
    for column, value in wanted:
        if value is not None:
            yield column == value
    if query.since is not None:
        yield DeadLetter.last_at >= query.since
    if query.until is not None:
        yield DeadLetter.last_at < query.until
