# ruff: noqa: S608 - what is put into these statements is ours
"""The bills of the days: summed up from the ledger where it lies, checked, and found when they are out of date.

What this machine did itself is in the ledger and on no bill: it costs nothing.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dubbing.billing import (
    DOUBTFUL_AFTER,
    POSITIVE,
    PRICED,
    Check,
    Sums,
    assess_change,
    assess_whole,
    find_close,
    get_span,
)
from dubbing.engines import LOCAL
from dubbing.jobs import DELIVERED_STATES, FINAL_LANGUAGE_STATES
from resources.database.money_tables import Bill, BillingRow
from resources.database.tables import PriceRow

OVERLAP = timedelta(minutes=1)
"""A change may be written down so long before others see it."""

LATE = timedelta(days=3)
"""How far before the last bill that was made late changes are looked for: longer than any day waits for its turn."""

SHOWN = 20
"""Most calls that a check names."""

WORK_MEMORY = "64MB"
"""What Postgres may use for one sorting or hashing; its own 4 MB would send a large day through files."""

_DOUBTFUL = "(state = 'spend_unknown' OR state = 'started' AND started_at < :now - :doubtful_after)"
_OF_DAY = "started_at >= :start AND started_at < :end AND vendor <> :local"
_NEGATIVE = "(cost_usd_micros < 0 OR estimated_usd_micros < 0)"
_SUSPECT = f"""
    (state = 'settled' AND reconciled_at IS NULL AND (price_effective_from IS NULL OR cost_usd_micros = 0)
        AND NOT {_NEGATIVE})
"""

_LINES = f"""
    sums AS (
        SELECT job_id, language, vendor, model, operation,
            count(*) AS calls,
            count(*) FILTER (WHERE state = 'failed') AS failed_calls,
            count(*) FILTER (WHERE {_DOUBTFUL}) AS doubtful_calls,
            jsonb_strip_nulls(jsonb_build_object({{usage}})) AS usage,
            coalesce(sum(cost_usd_micros) FILTER (WHERE state = 'settled'), 0) AS cost,
            coalesce(sum(estimated_usd_micros) FILTER (WHERE {_DOUBTFUL}), 0) AS doubtful
        FROM vendor_calls WHERE {_OF_DAY} AND NOT {_NEGATIVE}
        GROUP BY job_id, language, vendor, model, operation
    ),
    lines AS (
        SELECT sums.*, served.is_delivered, served.is_under_way FROM sums CROSS JOIN LATERAL (
            -- another revision is begun only of what was delivered, and that stays delivered
            SELECT coalesce(bool_or(task.state = ANY(:delivered) OR task.revision > 1), false) AS is_delivered,
                coalesce(bool_or(task.state <> ALL(:final)), false) AS is_under_way
            FROM language_tasks task
            WHERE task.job_id = sums.job_id AND (sums.language IS NULL OR task.language = sums.language)
        ) served
    ),
    parts AS (
        INSERT INTO billing_daily (day, user_id, job_id, language, vendor, model, operation, calls, failed_calls,
            doubtful_calls, usage, cost_usd_micros, charged_usd_micros, lost_usd_micros, doubtful_usd_micros)
        SELECT :day, job.user_id, job_id, language, vendor, model, operation, calls, failed_calls, doubtful_calls,
            usage, cost,
            CASE WHEN is_delivered OR is_under_way THEN cost ELSE 0 END,
            CASE WHEN is_delivered OR is_under_way THEN 0 ELSE cost END,
            doubtful
        FROM lines JOIN dubbing_jobs job ON job.id = lines.job_id
        RETURNING vendor, calls, failed_calls, doubtful_calls, cost_usd_micros, charged_usd_micros, lost_usd_micros,
            doubtful_usd_micros
    )
"""

_KEPT_LINES = """
    lines AS (SELECT false AS is_delivered, false AS is_under_way),
    parts AS (SELECT * FROM billing_daily WHERE day = :day)
"""

# One statement, so that both sums see the ledger at the same moment, whatever is written meanwhile.
_COMPARE = f"""
    SELECT vendor, rows, calls, failed_calls, doubtful_calls, cost, charged, lost, doubtful,
        all_calls, all_failed, all_doubtful_calls, all_cost, all_doubtful, negative, suspect,
        (SELECT coalesce(bool_or(is_under_way AND NOT is_delivered), false) FROM lines) AS is_under_way
    FROM (
        SELECT vendor, count(*) AS rows, sum(calls) AS calls, sum(failed_calls) AS failed_calls,
            sum(doubtful_calls) AS doubtful_calls, sum(cost_usd_micros) AS cost, sum(charged_usd_micros) AS charged,
            sum(lost_usd_micros) AS lost, sum(doubtful_usd_micros) AS doubtful
        FROM parts GROUP BY vendor
    ) made
    FULL JOIN (
        SELECT vendor, count(*) AS all_calls, sum((state = 'failed')::int) AS all_failed,
            sum({_DOUBTFUL}::int) AS all_doubtful_calls,
            sum(CASE WHEN state = 'settled' THEN cost_usd_micros ELSE 0 END) AS all_cost,
            sum(CASE WHEN {_DOUBTFUL} THEN estimated_usd_micros ELSE 0 END) AS all_doubtful,
            sum({_NEGATIVE}::int) AS negative, sum({_SUSPECT}::int) AS suspect
        FROM vendor_calls WHERE {_OF_DAY} GROUP BY vendor
    ) whole USING (vendor)
"""

_LIST_NEGATIVE = text(f"SELECT id FROM vendor_calls WHERE {_OF_DAY} AND {_NEGATIVE} ORDER BY id LIMIT {SHOWN}")

# A call can be so small that its price rounds to nothing, and a unit can be free.
_LIST_UNPRICED = text(f"""
    SELECT call.id FROM (SELECT * FROM vendor_calls WHERE {_OF_DAY} AND {_SUSPECT}) call
    CROSS JOIN LATERAL (
        SELECT bool_or(price.unit IS NULL) AS lacks_price,
            sum(used.value::numeric * price.usd_micros / price.per_units) AS cost
        FROM jsonb_each_text(call.usage) used
        LEFT JOIN price_table price
            ON price.vendor = call.vendor AND price.model = call.model
            AND price.effective_from = call.price_effective_from AND price.unit = used.key
        WHERE used.value::numeric <> 0
    ) priced
    WHERE priced.lacks_price OR priced.cost >= 0.5
    ORDER BY call.id LIMIT {SHOWN}
""")

_MARK_STALE = text("""
    WITH since AS (SELECT max(made_at) - CAST(:late AS interval) AS at FROM bills),
    changes AS (
        SELECT started_at, settled_at AS at FROM vendor_calls
        WHERE settled_at > (SELECT at FROM since) AND vendor <> :local
        UNION ALL
        SELECT started_at, reconciled_at FROM vendor_calls
        WHERE reconciled_at > (SELECT at FROM since) AND vendor <> :local
        UNION ALL
        SELECT call.started_at, task.finished_at FROM language_tasks task
        JOIN vendor_calls call ON call.job_id = task.job_id AND (call.language IS NULL OR call.language = task.language)
        WHERE task.finished_at > (SELECT at FROM since) AND call.vendor <> :local
    ),
    -- locked in one order, so that two who look at once do not wait for each other
    stale AS (
        SELECT bills.day FROM bills JOIN (
            SELECT (started_at AT TIME ZONE 'UTC')::date AS day, max(at) AS at FROM changes GROUP BY 1
        ) changed USING (day)
        WHERE NOT is_provisional AND changed.at > made_at - CAST(:overlap AS interval)
        ORDER BY bills.day FOR NO KEY UPDATE OF bills
    )
    UPDATE bills SET is_provisional = true FROM stale WHERE bills.day = stale.day
""")

_LIST_UNBILLED = text("""
    WITH days AS (
        SELECT generate_series(
            greatest(CAST(:first AS date), begun.day)::timestamp,
            least(CAST(:last AS date), (clock_timestamp() AT TIME ZONE 'UTC')::date)::timestamp,
            interval '1 day'
        )::date AS day
        FROM (SELECT (min(started_at) AT TIME ZONE 'UTC')::date AS day FROM vendor_calls) begun
        WHERE begun.day IS NOT NULL
    )
    SELECT day FROM days
    WHERE NOT EXISTS (SELECT FROM bills WHERE bills.day = days.day)
        AND EXISTS (
            SELECT FROM vendor_calls
            WHERE started_at >= days.day::timestamp AT TIME ZONE 'UTC'
                AND started_at < (days.day + 1)::timestamp AT TIME ZONE 'UTC'
        )
    ORDER BY day
""")


@dataclass(frozen=True, slots=True)
class MadeBill:
    """A bill that was made just now, or looked at again.

    Attributes:
        lines: how many rows it has.
        is_provisional: something that goes on may change it.
    """

    day: date
    made_at: datetime
    lines: int
    sums: Sums
    charged_usd_micros: int
    lost_usd_micros: int
    is_provisional: bool
    checks: Sequence[Check]


class Bills:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def make(self, day: date, *, run_id: str | None = None) -> MadeBill:
        """Sum up a day anew, in place of what was there; who calls holds the day."""
        before = self.find(day)
        calls_before, made_before = (before.calls, before.made_at) if before is not None else (None, None)
        self._session.execute(text(f"SET LOCAL work_mem = '{WORK_MEMORY}'"))
        self._session.execute(delete(BillingRow).where(BillingRow.day == day))
        now = self._get_now()
        nothing = {"calls": 0} | dict.fromkeys((f"{name}_usd_micros" for name in ("cost", "charged", "lost")), 0)
        opened = insert(Bill).values(day=day, made_at=now, doubtful_usd_micros=0, **nothing)
        self._session.execute(opened.on_conflict_do_nothing())
        units = {f"unit_{number}": unit for number, unit in enumerate(self._list_units())}
        usage = ", ".join(
            f"CAST(:{name} AS text), sum((usage ->> CAST(:{name} AS text))::bigint) FILTER (WHERE state = 'settled')"
            for name in units
        )
        made = self._compare(day, now, _LINES.format(usage=usage), units)
        change = assess_change(day, calls=made.sums.calls, calls_before=calls_before, made_before=made_before)
        made = MadeBill(**{name: getattr(made, name) for name in made.__slots__} | {"checks": (*made.checks, change)})
        self._record(made, run_id)
        return made

    def check(self, day: date) -> Sequence[Check]:
        """Compare a bill as it was made with the ledger as it is."""
        return self._compare(day, self._get_now(), _KEPT_LINES, {}).checks

    def find(self, day: date) -> Bill | None:
        """Find the bill of a day."""
        return self._session.get(Bill, day, populate_existing=True)

    def list_lines(self, day: date) -> Sequence[Any]:
        """Return the lines of a bill as rows, the costly ones first."""
        columns = [column for column in BillingRow.__table__.columns if column.key != "id"]
        order = (BillingRow.cost_usd_micros.desc(), BillingRow.job_id, BillingRow.id)
        return self._session.execute(select(*columns).where(BillingRow.day == day).order_by(*order)).all()

    def record_exports(self, day: date, *, parquet_key: str | None, csv_key: str | None) -> None:
        """Note where the lines of a bill are in the store."""
        bill = self._session.get_one(Bill, day)
        bill.parquet_key, bill.csv_key = parquet_key, csv_key

    def mark_stale(self) -> None:
        """Call those bills provisional whose calls or languages ended after they were made."""
        self._session.execute(_MARK_STALE, {"late": LATE, "overlap": OVERLAP, "local": LOCAL})

    def list_provisional(self, first: date, last: date) -> Sequence[date]:
        """Return the days of a span whose bill is to be made again."""
        return self._list_days(first, last, Bill.is_provisional)

    def list_unexported(self, first: date, last: date) -> Sequence[date]:
        """Return the days of a span whose bill is not in the store."""
        return self._list_days(first, last, Bill.parquet_key.is_(None) | Bill.csv_key.is_(None))

    def list_unbilled(self, first: date, last: date) -> Sequence[date]:
        """Return the days of a span that have calls and no bill."""
        return list(self._session.scalars(_LIST_UNBILLED, {"first": first, "last": last}))

    def _list_days(self, first: date, last: date, condition: Any) -> Sequence[date]:
        statement = select(Bill.day).where(Bill.day.between(first, last), condition)
        return list(self._session.scalars(statement.order_by(Bill.day)))

    def _list_units(self) -> Collection[str]:
        """What is bought is counted in units that have a price; nothing is bought in others."""
        return sorted(self._session.scalars(select(PriceRow.unit).distinct()))

    def _get_now(self) -> datetime:
        now: datetime = self._session.scalars(select(func.clock_timestamp())).one()
        return now

    def _compare(self, day: date, now: datetime, lines: str, units: Mapping[str, str]) -> MadeBill:
        start, end = get_span(day)
        of_day = {"start": start, "end": end, "local": LOCAL}
        given = {
            "day": day, "now": now, "doubtful_after": DOUBTFUL_AFTER, **of_day, **units,
            "delivered": [state.value for state in DELIVERED_STATES],
            "final": [state.value for state in FINAL_LANGUAGE_STATES],
        }  # fmt: skip
        rows = self._session.execute(text(f"WITH {lines} {_COMPARE}"), given).all()
        made = {row.vendor: Sums(*map(int, _pick(row, _MADE))) for row in rows if row.calls is not None}
        whole = {row.vendor: Sums(*map(int, _pick(row, _WHOLE))) for row in rows if row.all_calls is not None}
        checks = (
            assess_whole(made, whole),
            self._name(POSITIVE, sum(int(row.negative or 0) for row in rows), _LIST_NEGATIVE, of_day),
            self._name(PRICED, sum(int(row.suspect or 0) for row in rows), _LIST_UNPRICED, of_day),
        )
        return MadeBill(
            day=day,
            made_at=now,
            lines=sum(int(row.rows or 0) for row in rows),
            sums=Sums(*(sum(figures) for figures in zip(*(_list(each) for each in made.values()), strict=True))),
            charged_usd_micros=sum(int(row.charged or 0) for row in rows),
            lost_usd_micros=sum(int(row.lost or 0) for row in rows),
            is_provisional=now < find_close(day) or any(row.is_under_way for row in rows),
            checks=checks,
        )

    def _name(self, check: str, suspects: int, statement: Any, of_day: Mapping[str, Any]) -> Check:
        """Look closer only where something looks wrong."""
        found: list[uuid.UUID] = list(self._session.scalars(statement, of_day)) if suspects else []
        return Check(check, not found, {"calls": [str(each) for each in found]} if found else {})

    def _record(self, made: MadeBill, run_id: str | None) -> None:
        bill = self._session.get_one(Bill, made.day)
        bill.made_at, bill.run_id, bill.is_provisional = made.made_at, run_id, made.is_provisional
        bill.calls, bill.cost_usd_micros = made.sums.calls, made.sums.cost_usd_micros
        bill.charged_usd_micros, bill.lost_usd_micros = made.charged_usd_micros, made.lost_usd_micros
        bill.doubtful_usd_micros = made.sums.doubtful_usd_micros
        bill.checks = {each.name: {"passed": each.passed, **each.details} for each in made.checks}
        bill.parquet_key = bill.csv_key = None


_MADE = ("calls", "failed_calls", "doubtful_calls", "cost", "doubtful")
_WHOLE = ("all_calls", "all_failed", "all_doubtful_calls", "all_cost", "all_doubtful")


def _pick(row: Any, names: Sequence[str]) -> list[Any]:
    return [getattr(row, name) for name in names]


def _list(sums: Sums) -> Collection[int]:
    return asdict(sums).values()
