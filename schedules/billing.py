"""Bills by the hour."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import dagster as dg

from dub_assets.billing import FIRST_DAY, bill
from dubbing.errors import DatabaseUnavailableError
from resources.container import Container

MOST = 31
"""Days that are asked for at once; the others wait an hour, the oldest last."""


@dg.schedule(
    job=bill,
    cron_schedule="10 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=(
        "Makes every hour the bills that are missing, provisional (today's always is) or out of date: a call or a "
        "language of theirs ended since. Turned off, reports lag behind; nothing is lost, for bills are made from the "
        "ledger."
    ),
)
def hourly_bill(
    context: dg.ScheduleEvaluationContext, container: dg.ResourceParam[Container]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for a run for each day that needs one."""
    try:
        days = container.biller.find_stale_days(date.fromisoformat(FIRST_DAY), datetime.now(UTC).date())
    except DatabaseUnavailableError as error:
        yield dg.SkipReason(error.message)
        return
    if not days:
        yield dg.SkipReason("Every day has its bill.")
    tick = context.scheduled_execution_time
    for day in list(reversed(days))[:MOST]:
        yield dg.RunRequest(run_key=f"{day} {tick:%Y-%m-%dT%H:%M}", partition_key=day.isoformat())
