"""The bill of a day as operators see it: one asset, a partition a day, and the checks of each bill.

What is summed up, and how, is in `resources.billing`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import structlog

from dub_assets.checks import build_check
from dubbing.billing import POSITIVE, PRICED, UNCHANGED, WHOLE, Check
from resources.billing.biller import Billed
from resources.container import Container

logger = structlog.stdlib.get_logger()

FIRST_DAY = "2026-01-01"
"""Before the first call of any installation; days without calls cost nothing."""

LONGEST_S = 3600
"""When the making of a bill is stopped, seconds after its start: a million calls take seconds."""

TOP = 20
"""Most lines that are shown."""

BAR = 30
"""Length of the longest bar, characters."""

DESCRIPTIONS = {
    WHOLE: "The lines of the bill sum up to the ledger, for each vendor, read at the same moment in another way.",
    POSITIVE: "No call has a negative cost; such a call is left out of the bill.",
    PRICED: "Every settled call that used something was priced, unless an invoice set its cost.",
    UNCHANGED: "A day that was over when it was billed before still has as many calls: none was doubled or removed.",
}

billing_days = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)
"""Today is one of them: its bill is provisional."""


@dg.asset(
    group_name="money",
    kinds={"postgres"},
    owners=["team:dubbing"],
    partitions_def=billing_days,
    check_specs=[build_check("billing_daily", name, told, billing_days) for name, told in DESCRIPTIONS.items()],
    description=(
        "What a day (UTC) cost, from the ledger of vendor calls: a line for each job, language, vendor, model and "
        "operation, with what the user is charged and what we bear. Each materialisation makes the whole bill of its "
        "day in place of the one before, so it may be repeated and backfilled at will; every hour that is done for the "
        "days that something has changed of. A provisional bill can still change by what goes on."
    ),
)
def billing_daily(context: dg.AssetExecutionContext, container: dg.ResourceParam[Container]) -> dg.MaterializeResult:
    """Make the bill of the partition's day."""
    day = date.fromisoformat(context.partition_key)
    billed = container.biller.make(day, run_id=context.run_id)
    made = billed.bill
    logger.info("bill.made", day=day, lines=made.lines, usd_micros=made.sums.cost_usd_micros, run_id=context.run_id)
    with container.database.transaction() as tx:
        lines = tx.bills.list_lines(day)
    return dg.MaterializeResult(
        metadata=_describe(billed, lines), check_results=[_tell(each) for each in billed.bill.checks]
    )


bill = dg.define_asset_job(
    "bill",
    selection=dg.AssetSelection.assets(billing_daily),
    # Of no user and no class, as a sweep: their limits do not apply.
    tags={"dagster/max_runtime": str(LONGEST_S)},
    description="The bill of one day; launched every hour for the days whose bill is missing or out of date.",
)


def _tell(check: Check) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=check.passed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=dict(check.details),
    )


def _describe(billed: Billed, lines: Sequence[Any]) -> Mapping[str, dg.MetadataValue]:
    made = billed.bill
    told: dict[str, dg.MetadataValue] = {
        "is_provisional": dg.MetadataValue.bool(made.is_provisional),
        "lines": dg.MetadataValue.int(made.lines),
        "calls": dg.MetadataValue.int(made.sums.calls),
        "failed_calls": dg.MetadataValue.int(made.sums.failed_calls),
        "doubtful_calls": dg.MetadataValue.int(made.sums.doubtful_calls),
        "cost_usd_micros": dg.MetadataValue.int(made.sums.cost_usd_micros),
        "charged_usd_micros": dg.MetadataValue.int(made.charged_usd_micros),
        "lost_usd_micros": dg.MetadataValue.int(made.lost_usd_micros),
        "doubtful_usd_micros": dg.MetadataValue.int(made.sums.doubtful_usd_micros),
        "cost": dg.MetadataValue.md(render_chart(_sum_by_vendor(lines))),
    }
    if lines:
        told["costliest_lines"] = dg.MetadataValue.table([_build_record(line) for line in lines[:TOP]])
    if billed.exports is not None:
        told["parquet_key"] = dg.MetadataValue.text(billed.exports.parquet_key)
        told["csv_key"] = dg.MetadataValue.text(billed.exports.csv_key)
    if billed.not_exported is not None:
        told["not_exported"] = dg.MetadataValue.text(billed.not_exported)
    return told


def _sum_by_vendor(lines: Sequence[Any]) -> Mapping[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        name = f"{line.vendor} {line.operation}"
        sums[name] = sums.get(name, 0) + line.cost_usd_micros
    return sums


def _build_record(line: Any) -> dg.TableRecord:
    names = ("vendor", "model", "operation", "calls", "cost_usd_micros", "charged_usd_micros", "lost_usd_micros")
    ids = {"job_id": str(line.job_id), "user_id": str(line.user_id), "language": line.language or ""}
    return dg.TableRecord(ids | {name: getattr(line, name) for name in names})


def render_chart(sums: Mapping[str, int]) -> str:
    """Draw sums in micro-dollars as bars, the longest first.

    >>> print(render_chart({"a": 5_000_000, "b": 10_000_000}))
    | | USD | |
    |---|---:|---|
    | b | 10.0000 | `██████████████████████████████` |
    | a | 5.0000 | `███████████████` |
    """
    longest = max([*sums.values(), 1])
    rows = [
        f"| {name} | {usd_micros / 1_000_000:,.4f} | `{'█' * max(1, round(BAR * usd_micros / longest))}` |"
        for name, usd_micros in sorted(sums.items(), key=lambda each: (-each[1], each[0]))
        if usd_micros
    ]
    return "\n".join(["| | USD | |", "|---|---:|---|", *rows]) if rows else "Nothing was spent."
