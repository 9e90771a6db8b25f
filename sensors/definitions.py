"""What Dagster's own processes load: the line, sensors and schedules, over adapters built from the environment."""

import dagster as dg

from dub_assets.definitions import build_definitions
from resources.container import Container
from resources.settings import load_settings
from schedules.billing import hourly_bill
from schedules.retention import hourly_retention
from sensors.erasures import erasures
from sensors.money import money
from sensors.new_jobs import new_jobs
from sensors.releases import releases
from sensors.run_outcomes import run_outcomes


@dg.definitions
def defs() -> dg.Definitions:
    """Put everything together when it is asked for, not when the module is imported."""
    return dg.Definitions.merge(
        build_definitions(Container(load_settings())),
        dg.Definitions(
            sensors=[new_jobs, run_outcomes, erasures, releases, money], schedules=[hourly_retention, hourly_bill]
        ),
    )
