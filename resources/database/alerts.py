"""Thresholds, what is held against them, and the alerts that came of it."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import BigInteger, Numeric, Select, case, cast, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dubbing.alerting import (
    INSTALLATION,
    PERCENT,
    Alert,
    AlertKind,
    AlertPlan,
    Reading,
    Rule,
    measure_left,
    measure_used,
    measure_variance,
)
from dubbing.errors import InputError, NotFoundError
from resources.database.balances import Limits
from resources.database.job_lock import number_lock
from resources.database.money_tables import AlertRow, AlertRule, Balance, BudgetLimit, InvoiceRow, VendorQuota
from resources.database.positions import Position
from resources.database.tables import CallState, VendorCall

RATE_OVER = timedelta(hours=1)
"""What the spend rate looks back on."""

WATCH = number_lock("alerts")

BATCH = 1000
"""Alerts that one statement changes: with a new month thousands may end at once."""


class Alerts:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take_turn(self) -> datetime:
        """Watch alone until the end of the transaction: a reading of before another's plan would undo that plan.

        Returns:
            The time then, as the database has it, on which machines do not agree.
        """
        self._session.execute(select(func.pg_advisory_xact_lock(cast(WATCH, BigInteger))))
        now: datetime = self._session.execute(select(func.clock_timestamp())).scalar_one()
        return now

    def list_rules(self) -> Sequence[AlertRule]:
        """Return all thresholds, each kind together, the lowest first."""
        order = (AlertRule.kind, AlertRule.threshold, AlertRule.name)
        return self._session.scalars(select(AlertRule).order_by(*order)).all()

    def set_rule(self, rule: Rule, *, set_by: str) -> AlertRule:
        """Add a threshold, or put it in the place of the one of this name.

        Raises:
            InputError: there is one of this kind and value already, by another name.
        """
        wanted = {"kind": rule.kind.value, "threshold": rule.threshold, "is_on": rule.is_on, "set_by": set_by}
        statement = (
            insert(AlertRule)
            .values(name=rule.name, **wanted)
            .on_conflict_do_update(index_elements=[AlertRule.name], set_={**wanted, "set_at": func.clock_timestamp()})
            .returning(AlertRule)
            .execution_options(populate_existing=True)
        )
        try:
            with self._session.begin_nested():
                return self._session.scalars(statement).one()
        except IntegrityError:
            raise InputError(
                "Another rule has this kind and threshold already; change that one, or choose another threshold."
            ) from None

    def switch_rule(self, name: str, *, is_on: bool, set_by: str) -> AlertRule:
        """Switch a threshold on or off.

        Raises:
            NotFoundError: there is none of this name.
        """
        statement = update(AlertRule).where(AlertRule.name == name).returning(AlertRule)
        rule = self._session.scalars(
            statement.values(is_on=is_on, set_by=set_by, set_at=func.clock_timestamp()),
            execution_options={"populate_existing": True},
        ).one_or_none()
        if rule is None:
            raise NotFoundError("There is no rule of this name; `dubline alerts rules` lists them.")
        return rule

    def read_budgets(self, now: datetime, defaults: Limits, *, least_percent: int) -> list[Reading]:
        """Read how much of this month's budgets is used, of those that are used by so much at least.

        Args:
            now: aware; its month in UTC counts.
            defaults: for whom no limit of their own is set.
            least_percent: the lowest threshold; who is below it is not read, for most users are.
        """
        month = now.astimezone(UTC).date().replace(day=1)
        return [
            Reading(AlertKind.BUDGET_USED, str(user_id or INSTALLATION), measure_used(used, limit))
            for statement in (
                _select_user_budgets(month, defaults.user_usd_micros, least_percent),
                _select_installation_budget(month, defaults.installation_usd_micros),
            )
            for user_id, used, limit in self._session.execute(statement)
        ]

    def read_quotas(self, vendors: Collection[str]) -> list[Reading]:
        """Read what is left at vendors, of which how much there was is known."""
        rows = self._session.execute(
            select(VendorQuota.vendor, VendorQuota.units_left, VendorQuota.units_total)
            .where(VendorQuota.vendor.in_(vendors), VendorQuota.units_total.is_not(None))
            .order_by(VendorQuota.vendor)
        )
        return [
            Reading(AlertKind.VENDOR_QUOTA_LEFT, vendor, measure_left(left, total or 0)) for vendor, left, total in rows
        ]

    def read_spend_rate(self, now: datetime) -> Reading:
        """Read what calls that ended in the last hour cost, those in doubt at their most."""
        doubted = VendorCall.state == CallState.SPEND_UNKNOWN.value
        cost = case((doubted, VendorCall.estimated_usd_micros), else_=VendorCall.cost_usd_micros)
        spent = self._session.scalar(
            select(func.coalesce(func.sum(cost), 0)).where(VendorCall.settled_at >= now - RATE_OVER)
        )
        return Reading(AlertKind.SPEND_RATE, INSTALLATION, int(spent or 0))

    def read_variances(self) -> list[Reading]:
        """Read by how much the invoice of each vendor that was compared last differs from the ledger."""
        rows = self._session.execute(
            select(InvoiceRow.vendor, InvoiceRow.variance_usd_micros, InvoiceRow.invoiced_usd_micros)
            .distinct(InvoiceRow.vendor)
            .order_by(InvoiceRow.vendor, InvoiceRow.compared_at.desc(), InvoiceRow.id.desc())
        )
        return [
            Reading(AlertKind.INVOICE_VARIANCE, vendor, measure_variance(variance, invoiced))
            for vendor, variance, invoiced in rows
        ]

    def list_open(self) -> list[Alert]:
        """Return the alerts that are open."""
        rows = self._session.execute(
            select(AlertRow.rule, AlertRow.kind, AlertRow.subject, AlertRow.threshold, AlertRow.value)
            .where(AlertRow.cleared_at.is_(None))
            .order_by(AlertRow.rule, AlertRow.subject)
        )
        return [Alert(row.rule, AlertKind(row.kind), row.subject, row.threshold, row.value) for row in rows]

    def list_newest(self, *, limit: int, only_open: bool, after: Position | None = None) -> Sequence[AlertRow]:
        """Return the next alerts, newest first."""
        place = (AlertRow.raised_at, AlertRow.id)
        statement = select(AlertRow).order_by(*(column.desc() for column in place)).limit(limit)
        if only_open:
            statement = statement.where(AlertRow.cleared_at.is_(None))
        if after is not None:
            statement = statement.where(tuple_(*place) < (after.at, after.id))
        return self._session.scalars(statement).all()

    def apply(self, plan: AlertPlan) -> AlertPlan:
        """Clear and raise.

        Returns:
            What of it was still to be done.
        """
        cleared = {name for part in _part(plan.to_clear) for name in self._clear(part)}
        raised = {name for part in _part(plan.to_raise) for name in self._raise(part)}
        return AlertPlan(
            to_raise=tuple(alert for alert in plan.to_raise if (alert.rule, alert.subject) in raised),
            to_clear=tuple(alert for alert in plan.to_clear if (alert.rule, alert.subject) in cleared),
        )

    def _clear(self, alerts: Sequence[Alert]) -> list[tuple[str, str]]:
        names = [(alert.rule, alert.subject) for alert in alerts]
        statement = update(AlertRow).where(
            tuple_(AlertRow.rule, AlertRow.subject).in_(names), AlertRow.cleared_at.is_(None)
        )
        cleared = self._session.execute(
            statement.values(cleared_at=func.clock_timestamp()).returning(AlertRow.rule, AlertRow.subject),
            execution_options={"synchronize_session": False},
        )
        return [(rule, subject) for rule, subject in cleared]

    def _raise(self, alerts: Sequence[Alert]) -> list[tuple[str, str]]:
        rows = [{"id": uuid.uuid4(), **asdict(alert), "kind": alert.kind.value} for alert in alerts]
        statement = (
            insert(AlertRow)
            .values(rows)
            .on_conflict_do_nothing(
                index_elements=[AlertRow.rule, AlertRow.subject], index_where=AlertRow.cleared_at.is_(None)
            )
            .returning(AlertRow.rule, AlertRow.subject)
        )
        return [(rule, subject) for rule, subject in self._session.execute(statement)]


def _part(alerts: Sequence[Alert]) -> Iterator[Sequence[Alert]]:
    """Part what is too much for one statement."""
    return (alerts[start : start + BATCH] for start in range(0, len(alerts), BATCH))


_USED = Balance.held_usd_micros + Balance.spent_usd_micros


def _select_user_budgets(month: date, default: int | None, least_percent: int) -> Select[uuid.UUID | None, int, int]:
    limit = case((BudgetLimit.id.is_(None), cast(default, BigInteger)), else_=BudgetLimit.limit_usd_micros)
    wide_used, wide_limit = cast(_USED, Numeric), cast(limit, Numeric)  # no sum is too large to be multiplied
    return (
        select(Balance.user_id, _USED, limit)
        .outerjoin(BudgetLimit, BudgetLimit.user_id == Balance.user_id)
        .where(Balance.month == month, Balance.user_id.is_not(None), limit.is_not(None), _USED > 0)
        .where(wide_used * PERCENT >= wide_limit * least_percent)
        .order_by(Balance.user_id)
    )


def _select_installation_budget(month: date, default: int | None) -> Select[uuid.UUID | None, int, int]:
    limit = case((BudgetLimit.id.is_(None), cast(default, BigInteger)), else_=BudgetLimit.limit_usd_micros)
    return (
        select(Balance.user_id, _USED, limit)
        .outerjoin(BudgetLimit, BudgetLimit.user_id.is_(None))
        .where(Balance.month == month, Balance.user_id.is_(None), limit.is_not(None))
    )
