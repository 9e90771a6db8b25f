"""What was spent, held against the thresholds of `dubline alerts`; what vendors have left is asked for first."""

from collections import Counter
from collections.abc import Sequence

import dagster as dg

from dubbing.alerting import Alert
from dubbing.errors import DatabaseUnavailableError
from resources.container import Container
from resources.telemetry.logs import saying

LOOK_EVERY_S = 60


@dg.sensor(
    minimum_interval_seconds=LOOK_EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Raises and clears alerts: budgets, vendors' quotas, the spend rate, invoices. Tells the open ones.",
)
@saying(sensor="money")
def money(container: dg.ResourceParam[Container]) -> dg.SensorResult:
    """Ask at most one vendor, for the other sensors wait meanwhile; then look."""
    try:
        container.quota_desk.ask_due()
        open_ = container.alert_watch.look()
    except DatabaseUnavailableError as error:
        return dg.SensorResult(skip_reason=error.message)
    return dg.SensorResult(skip_reason=describe_open(open_))


def describe_open(alerts: Sequence[Alert]) -> str:
    """Say which alerts are open, by rule; users are counted and not named."""
    if not alerts:
        return "No alert is open."
    counts = sorted(Counter(alert.rule for alert in alerts).items())
    return f"Open alerts: {len(alerts)}. " + ", ".join(f"{rule}: {count}" for rule, count in counts)
