"""What Dagster's own processes load: the line, sensors and schedules, over adapters built from the environment."""

import multiprocessing

import dagster as dg

from dub_assets.console import log_as_we_do
from dub_assets.definitions import build_definitions
from resources.container import Container
from resources.settings import load_settings
from resources.telemetry.logs import set_up_logs
from schedules.billing import hourly_bill
from schedules.retention import hourly_retention
from sensors.erasures import erasures
from sensors.money import money
from sensors.new_jobs import new_jobs
from sensors.releases import releases
from sensors.run_outcomes import run_outcomes


@dg.definitions
def defs() -> dg.Definitions:
    """Put everything together when it is asked for, not when the module is imported.

    The first of ours that a run's process calls, however it began: so its log is set up here.
    """
    settings = load_settings()
    set_up_logs(settings, "run" if multiprocessing.parent_process() else "code")
    log_as_we_do()
    return dg.Definitions.merge(
        build_definitions(Container(settings)),
        dg.Definitions(
            sensors=[new_jobs, run_outcomes, erasures, releases, money], schedules=[hourly_retention, hourly_bill]
        ),
    )
