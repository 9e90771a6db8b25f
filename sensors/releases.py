"""What was held for jobs that have ended, given back; found in the tables, so that no crash can lose it."""

import dagster as dg

from dubbing.errors import DatabaseUnavailableError
from resources.container import Container
from resources.telemetry.logs import saying


@dg.sensor(
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Gives back the money that was held for jobs whose runs are over, and counts what they came to.",
)
@saying(sensor="releases")
def releases(container: dg.ResourceParam[Container]) -> dg.SkipReason:
    """Release the holds of jobs that have ended."""
    try:
        released = container.budget.release_ended(container.database)
    except DatabaseUnavailableError as error:
        return dg.SkipReason(error.message)
    return dg.SkipReason(f"Jobs whose holds were released: {released}.")
