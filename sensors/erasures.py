"""What was asked to be erased while somebody worked on it: erased as soon as nobody does."""

import uuid

import dagster as dg

from dubbing.errors import DatabaseUnavailableError, StorageError
from resources.container import Container
from resources.telemetry.logs import saying
from sensors.run_outcomes import BEGINNING

MOST_S = 2.0
"""About how long one evaluation works, seconds: the other sensors wait meanwhile."""


@dg.sensor(
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Erases jobs and users whose deletion was asked for, within seconds of the end of their runs.",
)
@saying(sensor="erasures")
def erasures(context: dg.SensorEvaluationContext, container: dg.ResourceParam[Container]) -> dg.SensorResult:
    """Erase for a moment; the cursor is where the next look begins, so that one job that fails keeps back no other."""
    try:
        place, erased = container.eraser.erase_requested(uuid.UUID(context.cursor or BEGINNING), seconds=MOST_S)
    except (DatabaseUnavailableError, StorageError) as error:
        return dg.SensorResult(skip_reason=error.message, cursor=context.cursor)
    return dg.SensorResult(skip_reason=f"Jobs and users that were erased: {erased}.", cursor=str(place or BEGINNING))
