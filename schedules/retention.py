"""Retention by the hour."""

import dagster as dg

from dub_assets.retention import sweep

hourly_retention = dg.ScheduleDefinition(
    name="hourly_retention",
    job=sweep,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=(
        "Erases every hour what is kept no longer. Turned off, customers' data stays: what was asked for at once is "
        "still erased by the sensor."
    ),
)
