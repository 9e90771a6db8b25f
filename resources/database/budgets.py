"""What may be spent in a month, as operators set it, beside what is held and spent of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from resources.database.balances import THIS_MONTH, Limits
from resources.database.money_tables import Balance, BudgetLimit


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget of the present month.

    Attributes:
        user_id: None for the installation.
        limit: None where there is none.
        set_by, set_at: of a limit of its own; None where it is that of the settings.
    """

    user_id: uuid.UUID | None
    month: date
    limit_usd_micros: int | None
    held_usd_micros: int
    spent_usd_micros: int
    set_by: str | None
    set_at: datetime | None

    @property
    def left_usd_micros(self) -> int | None:
        """What more can be held; below 0 where the limit was lowered, or an invoice asked for more. None: no limit."""
        if self.limit_usd_micros is None:
            return None
        return self.limit_usd_micros - self.held_usd_micros - self.spent_usd_micros


class Budgets:
    """Repository over one transaction.

    Args:
        limits: where the table has no row.
    """

    def __init__(self, session: Session, limits: Limits) -> None:
        self._session = session
        self._limits = limits

    def set_limit(self, user_id: uuid.UUID | None, limit_usd_micros: int | None, set_by: str) -> None:
        """Set what a user, or where none is named the installation, may spend a month; None is no limit."""
        said = {"limit_usd_micros": limit_usd_micros, "set_by": set_by}
        row = insert(BudgetLimit).values(id=uuid.uuid4(), user_id=user_id, **said)
        again = row.on_conflict_do_update(index_elements=["user_id"], set_=said | {"set_at": func.clock_timestamp()})
        self._session.execute(again)

    def clear_limit(self, user_id: uuid.UUID | None) -> None:
        """Let the settings say again what may be spent."""
        self._session.execute(delete(BudgetLimit).where(_is_of(user_id)))

    def get_standing(self, user_id: uuid.UUID | None, month: date | None = None) -> Standing:
        """Tell how a budget stands, in this month or, by the limit of today, in another (its first day)."""
        if month is None:
            month = self._session.execute(select(THIS_MONTH)).scalar_one()
        balance = and_(
            Balance.month == month,
            Balance.user_id == user_id if user_id is not None else Balance.user_id.is_(None),
        )
        here = select(func.now()).subquery()  # one row, whatever else there is
        statement = (
            _select_columns().select_from(here).outerjoin(BudgetLimit, _is_of(user_id)).outerjoin(Balance, balance)
        )
        return self._build(user_id, month, self._session.execute(statement).one())

    def list_users(self, limit: int, *, after: uuid.UUID | None = None) -> Sequence[Standing]:
        """Return the budgets of users who have a limit of their own or spend this month, in a fixed order."""
        month: date = self._session.execute(select(THIS_MONTH)).scalar_one()
        users = union(
            select(BudgetLimit.user_id).where(BudgetLimit.user_id.is_not(None)),
            select(Balance.user_id).where(Balance.user_id.is_not(None), Balance.month == month),
        ).subquery()
        statement = (
            _select_columns()
            .add_columns(users.c.user_id)
            .select_from(users)
            .outerjoin(BudgetLimit, BudgetLimit.user_id == users.c.user_id)
            .outerjoin(Balance, and_(Balance.user_id == users.c.user_id, Balance.month == month))
            .order_by(users.c.user_id)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(users.c.user_id > after)
        return [self._build(row.user_id, month, row) for row in self._session.execute(statement)]

    def _build(self, user_id: uuid.UUID | None, month: date, row: Row[*tuple[object, ...]]) -> Standing:
        default = self._limits.installation_usd_micros if user_id is None else self._limits.user_usd_micros
        limit = row.limit_usd_micros if row.set_by is not None else default
        return Standing(user_id, month, limit, row.held or 0, row.spent or 0, row.set_by, row.set_at)


def _select_columns() -> Select[*tuple[object, ...]]:
    return select(
        BudgetLimit.limit_usd_micros,
        BudgetLimit.set_by,
        BudgetLimit.set_at,
        Balance.held_usd_micros.label("held"),
        Balance.spent_usd_micros.label("spent"),
    )


def _is_of(user_id: uuid.UUID | None) -> ColumnElement[bool]:
    return BudgetLimit.user_id == user_id if user_id is not None else BudgetLimit.user_id.is_(None)
