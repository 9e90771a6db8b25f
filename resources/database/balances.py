"""Money that is held for jobs, and the balances of months; no overdraft, whoever asks at the same time.

Who changes something here locks in this order, so that nobody waits for each other: the job, its open hold, the balance
of the user, that of the installation. A balance is raised by one statement that compares it with its limit.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    Date,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dubbing.errors import BudgetExceededError, DubbingError, SpendLimitReachedError
from dubbing.jobs import DELIVERED_STATES, FINAL_JOB_STATES, FINAL_LANGUAGE_STATES
from dubbing.spend_limits import Account, Need, measure_charge, plan_call, plan_cover, plan_hold
from resources.database.jobs import Jobs
from resources.database.money_tables import Balance, BudgetLimit, Hold
from resources.database.tables import CallState, DubbingJob, LanguageTask, VendorCall

THIS_MONTH: ColumnElement[date] = sql_cast(
    func.date_trunc("month", func.timezone("UTC", func.clock_timestamp())), Date()
)
"""First day of the month that it is, UTC."""

ABANDONED_AFTER = timedelta(minutes=15)
"""A job that waits for no run of ours and shows no sign of life for so long was left by its process."""

NO_CHARGE_STATES = [state.value for state in FINAL_LANGUAGE_STATES - DELIVERED_STATES]

COST = case(
    (VendorCall.state == CallState.SETTLED.value, VendorCall.cost_usd_micros),
    (VendorCall.state == CallState.FAILED.value, 0),
    else_=VendorCall.estimated_usd_micros,
)
"""What a call costs as far as is known: one under way, or whose outcome is not known, as estimated."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a month where no row of the table says otherwise; None is no limit."""

    installation_usd_micros: int | None = None
    user_usd_micros: int | None = None


NO_LIMITS = Limits()


def build_limit(user_id: uuid.UUID | None, limits: Limits) -> ColumnElement[int | None]:
    """Build what finds the limit in force: of a user, or of the installation where none is named."""
    row = select(BudgetLimit.limit_usd_micros).where(_is_of(BudgetLimit, user_id))
    default = limits.installation_usd_micros if user_id is None else limits.user_usd_micros
    return case((row.exists(), row.scalar_subquery()), else_=literal(default, BigInteger()))


class Balances:
    """Repository over one transaction.

    Args:
        limits: where the table has no row.
    """

    def __init__(self, session: Session, limits: Limits = NO_LIMITS) -> None:
        self._session = session
        self._limits = limits
        self._jobs = Jobs(session)

    def open_hold(self, job_id: uuid.UUID, need: Need) -> None:
        """Hold what work that is about to be queued may cost; where a hold is open already, that much more.

        What costs nothing holds nothing, and locks nothing.

        Raises:
            SpendLimitTooLowError: it costs more than the job may.
            BudgetExceededError: it costs more than is left.
        """
        if need.worst_usd_micros <= 0:
            return
        hold = self._lock_or_begin(job_id)
        self._set(hold, plan_hold(self._read(hold), need), BudgetExceededError)

    def cover(self, job_id: uuid.UUID, need: Need) -> None:
        """Lower or raise the hold of a job under way to what is known of its cost by now.

        Where a budget does not carry the worst case, the lowest estimate is enough to go on: each call asks again.

        Raises:
            SpendLimitReachedError: there is no money to go on with.
        """
        if need.worst_usd_micros <= 0:
            return
        hold = self._lock_or_begin(job_id)
        cover = plan_cover(self._read(hold), need)
        try:
            self._set(hold, cover.wanted_usd_micros, SpendLimitReachedError)
        except SpendLimitReachedError:
            self._set(hold, max(hold.held_usd_micros, cover.least_usd_micros), SpendLimitReachedError)

    def admit_call(self, job_id: uuid.UUID, estimate_usd_micros: int) -> None:
        """Let a call begin under the hold of its job; raise that by what lacks, and open one where there is none.

        Until the transaction ends no other call of the job is let in, so that it sees this one in the ledger.

        Raises:
            SpendLimitReachedError: it does not fit, and the hold cannot be raised.
        """
        hold = self._lock_or_begin(job_id)
        lacking = plan_call(self._read(hold), estimate_usd_micros)
        if lacking:
            self._set(hold, hold.held_usd_micros + lacking, SpendLimitReachedError)

    def release(self, job_id: uuid.UUID) -> bool:
        """Give back what is held for a job, and count what it came to; say whether something was held."""
        self._jobs.lock(job_id)
        hold = self._lock_open(job_id)
        if hold is None:
            return False
        before_spent, before_charged = self._sum_released(job_id, besides=hold.id)
        spent, charged = self._sum_ledger(job_id)
        hold.spent_usd_micros, hold.charged_usd_micros = spent - before_spent, charged - before_charged
        hold.released_at = func.clock_timestamp()
        self._session.flush()
        self._shift(hold.user_id, hold.month, held=-hold.held_usd_micros, spent=hold.charged_usd_micros)
        self._shift(None, hold.month, held=-hold.held_usd_micros, spent=hold.spent_usd_micros)
        return True

    def release_ended(self, job_id: uuid.UUID) -> bool:
        """Release the hold of a job that has ended and whose run is over; others are left as they are.

        One that was left in the middle is as good as ended: when somebody goes on with it, money is held again.

        Raises:
            JobBusyError: a process works on it.
        """
        self._jobs.claim(job_id)
        if not self._session.scalar(select(_select_ended().where(Hold.job_id == job_id).exists())):
            return False
        return self.release(job_id)

    def list_ended(self, limit: int, *, after: uuid.UUID | None = None) -> Sequence[uuid.UUID]:
        """Return jobs that have ended, or were left, and for which money is still held, in a fixed order."""
        statement = _select_ended()
        if after is not None:
            statement = statement.where(Hold.job_id > after)
        return self._session.scalars(statement.order_by(Hold.job_id).limit(limit)).all()

    def recount(self, *job_ids: uuid.UUID) -> None:
        """Count anew what jobs came to, after their ledger or what they delivered has changed.

        The difference goes to the month of the last hold. A job for which money is held is counted when that is
        released, one for which none was ever held is in no balance. Several jobs are named at once, for one call after
        the other in a transaction could wait for somebody who waits for it.
        """
        shifts: dict[tuple[uuid.UUID | None, date], int] = defaultdict(int)
        for job_id in sorted(set(job_ids)):
            self._jobs.lock(job_id)
        for job_id in sorted(set(job_ids)):
            for balance, by in self._recount(job_id).items():
                shifts[balance] += by
        # Users first and the installation last, as everywhere.
        for (user_id, month), by in sorted(shifts.items(), key=lambda each: (each[0][0] is None, str(each[0]))):
            if by:
                self._shift(user_id, month, spent=by)

    def _recount(self, job_id: uuid.UUID) -> Mapping[tuple[uuid.UUID | None, date], int]:
        if self._lock_open(job_id) is not None:
            return {}
        # One that a call has opened since is none of these; what its job came to is counted when it is released.
        released = select(Hold).where(Hold.job_id == job_id, Hold.released_at.is_not(None))
        released = released.order_by(Hold.released_at.desc(), Hold.id).limit(1)
        last = self._session.scalars(released.execution_options(populate_existing=True)).one_or_none()
        if last is None:
            return {}
        other_spent, other_charged = self._sum_released(job_id, besides=last.id)
        spent, charged = self._sum_ledger(job_id)
        by_spent = spent - other_spent - last.spent_usd_micros
        by_charged = charged - other_charged - last.charged_usd_micros
        last.spent_usd_micros += by_spent
        last.charged_usd_micros += by_charged
        self._session.flush()
        return {(last.user_id, last.month): by_charged, (None, last.month): by_spent}

    def _lock_open(self, job_id: uuid.UUID) -> Hold | None:
        statement = select(Hold).where(Hold.job_id == job_id, Hold.released_at.is_(None)).with_for_update()
        return self._session.scalars(statement.execution_options(populate_existing=True)).one_or_none()

    def _lock_or_begin(self, job_id: uuid.UUID) -> Hold:
        while (hold := self._lock_open(job_id)) is None:
            # Another may be doing the same; this waits for its end. It may be released again before we look.
            job = select(literal(uuid.uuid4()), DubbingJob.id, DubbingJob.user_id, THIS_MONTH, literal(0)).where(
                DubbingJob.id == job_id
            )
            columns = ["id", "job_id", "user_id", "month", "held_usd_micros"]
            self._session.execute(insert(Hold).from_select(columns, job).on_conflict_do_nothing())
        return hold

    def _read(self, hold: Hold) -> Account:
        """See where the money of a job stands; asked after the hold is locked, so that no call is missed."""
        is_charged = or_(VendorCall.language.is_(None), VendorCall.language.in_(_select_charged(hold.job_id)))
        ledger = (
            select(
                func.coalesce(func.sum(COST), 0).label("total"),
                func.coalesce(func.sum(COST).filter(is_charged), 0).label("chargeable"),
            )
            .where(VendorCall.job_id == hold.job_id)
            .subquery()
        )
        counted = (
            select(
                func.coalesce(func.sum(Hold.spent_usd_micros), 0).label("spent"),
                func.coalesce(func.sum(Hold.charged_usd_micros), 0).label("charged"),
            )
            .where(Hold.job_id == hold.job_id, Hold.released_at.is_not(None))
            .subquery()
        )
        statement = (
            select(ledger, counted, DubbingJob.max_spend_usd_micros)
            .select_from(DubbingJob)
            .join(ledger, true())
            .join(counted, true())
            .where(DubbingJob.id == hold.job_id)
        )
        row = self._session.execute(statement).one()
        uncounted = max(0, row.total - row.spent, row.chargeable - row.charged)
        return Account(int(row.total), int(uncounted), hold.held_usd_micros, row.max_spend_usd_micros)

    def _set(self, hold: Hold, usd_micros: int, error: type[DubbingError]) -> None:
        """Make a hold as much as this.

        Raises:
            error: a balance does not carry it; nothing is changed.
        """
        more = usd_micros - hold.held_usd_micros
        if not more:
            return
        with self._session.begin_nested():
            for user_id in (hold.user_id, None):
                if not self._shift(user_id, hold.month, held=more):
                    raise error(self._explain(user_id, hold.month))
        hold.held_usd_micros = usd_micros
        self._session.flush()

    def _shift(self, user_id: uuid.UUID | None, month: date, *, held: int = 0, spent: int = 0) -> bool:
        """Change a balance in one statement, and say whether its limit allows that; only holding more asks the limit.

        A balance that is not there is made.
        """
        change = (
            update(Balance)
            .where(_is_of(Balance, user_id), Balance.month == month)
            .values(
                held_usd_micros=Balance.held_usd_micros + held,
                spent_usd_micros=Balance.spent_usd_micros + spent,
            )
            .execution_options(synchronize_session=False)
        )
        if held > 0:
            limit = build_limit(user_id, self._limits)
            used = Balance.spent_usd_micros + Balance.held_usd_micros
            change = change.where(or_(limit.is_(None), used + held <= limit))
        if self._changes(change):
            return True
        row = insert(Balance).values(id=uuid.uuid4(), user_id=user_id, month=month)
        self._session.execute(row.on_conflict_do_nothing())
        return self._changes(change)

    def _explain(self, user_id: uuid.UUID | None, month: date) -> str:
        """Say why there is no money: to a user what is left of their own, of the installation no figure."""
        if user_id is None:
            return (
                "This would cost more than is left of the service's budget for the month; ask for less, or ask its "
                "operator."
            )
        used = select(Balance.spent_usd_micros + Balance.held_usd_micros).where(
            _is_of(Balance, user_id), Balance.month == month
        )
        limit, spent = self._session.execute(select(build_limit(user_id, self._limits), used.scalar_subquery())).one()
        left = max(0, (limit or 0) - (spent or 0))
        return (
            f"This would cost more than the ${left / 1_000_000:.2f} that are left of your budget for the month; "
            "ask for less, or try again when other jobs have ended or next month."
        )

    def _sum_released(self, job_id: uuid.UUID, *, besides: uuid.UUID) -> tuple[int, int]:
        """Sum what the released holds of a job, but for one, have counted: spent, and charged of it."""
        statement = select(
            func.coalesce(func.sum(Hold.spent_usd_micros), 0), func.coalesce(func.sum(Hold.charged_usd_micros), 0)
        ).where(Hold.job_id == job_id, Hold.id != besides, Hold.released_at.is_not(None))
        spent, charged = self._session.execute(statement).one()
        return int(spent), int(charged)

    def _sum_ledger(self, job_id: uuid.UUID) -> tuple[int, int]:
        """Sum what a job has cost, and what of it its user pays as its languages stand."""
        calls = select(VendorCall.language, func.sum(COST)).where(VendorCall.job_id == job_id)
        costs = {language: int(cost) for language, cost in self._session.execute(calls.group_by(VendorCall.language))}
        charged = set(self._session.scalars(_select_charged(job_id)))
        return sum(costs.values()), measure_charge(costs, charged)

    def _changes(self, statement: Any) -> bool:
        return bool(cast("CursorResult[Any]", self._session.execute(statement)).rowcount)


def _is_of(table: type[Balance] | type[BudgetLimit], user_id: uuid.UUID | None) -> ColumnElement[bool]:
    # Not IS NOT DISTINCT FROM: no index serves that.
    return table.user_id == user_id if user_id is not None else table.user_id.is_(None)


def _select_ended() -> Select[uuid.UUID]:
    """Build what finds jobs for which money is held and on which no run works or will."""
    since = func.clock_timestamp() - ABANDONED_AFTER
    is_alive = exists().where(LanguageTask.job_id == DubbingJob.id, LanguageTask.heartbeat_at > since)
    is_left = and_(DubbingJob.attempt <= DubbingJob.launched_attempt, Hold.began_at < since, ~is_alive)
    return (
        select(Hold.job_id)
        .join(DubbingJob, DubbingJob.id == Hold.job_id)
        .where(
            Hold.released_at.is_(None),
            DubbingJob.ended_attempt >= DubbingJob.launched_attempt,
            or_(DubbingJob.state.in_([state.value for state in FINAL_JOB_STATES]), is_left),
        )
    )


def _select_charged(job_id: uuid.UUID) -> Select[str]:
    """Build what finds the languages that are charged as they stand: delivered, under way, or delivered before.

    Another revision is begun only of what was delivered; that stays delivered, and charged, whatever becomes of the
    other one. Who cancels an edit has the dub all the same.
    """
    was_delivered = LanguageTask.revision > 1
    return select(LanguageTask.language).where(
        LanguageTask.job_id == job_id, or_(LanguageTask.state.not_in(NO_CHARGE_STATES), was_delivered)
    )
