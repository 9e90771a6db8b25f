"""Bodies of those who watch the process."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas import Reply


class HealthReply(Reply):
    """Everything is well."""

    status: Literal["ok"] = "ok"


class Check(Reply):
    """Whether something answers that the service stands on."""

    ok: bool
    error_code: str | None = Field(default=None, description="As in a problem document.", examples=["storage_failed"])


class DiskCheck(Check):
    """Whether there is room to work."""

    free_mb: int | None = Field(
        default=None, description="Room in the fuller of the folders for data and for temporary files."
    )


class DaemonCheck(Check):
    """Whether somebody launches runs and looks after them."""

    seen_at: datetime | None = Field(
        default=None, description="Last sign of life; every few seconds while all is well."
    )


class Checks(Reply):
    """Everything that was looked at."""

    database: Check
    store: Check
    disk: DiskCheck
    daemon: DaemonCheck = Field(description="Told only: without it jobs wait, and every request can be answered.")


class ReadinessReply(Reply):
    """Whether the process can answer requests, and what it lacks."""

    status: Literal["ready", "degraded", "unready"] = Field(
        description="`ready`: everything answers. `degraded`: requests are answered and no job begins. `unready`: "
        "requests would fail."
    )
    checks: Checks
