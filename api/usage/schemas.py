"""Bodies of usage."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas import Reply, Request


class UsageQuery(Request):
    """Which month."""

    month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")] | None = Field(
        default=None, description="Of UTC; this one if left out.", examples=["2026-11"]
    )


class UsageReply(Reply):
    """What the caller used in a month, and what it costs."""

    month: str = Field(examples=["2026-11"])
    jobs: int = Field(description="Submitted in this month.")
    languages_delivered: int = Field(description="Finished in this month.")
    dubbed_minutes: float = Field(description="Length of the recordings of those languages, each counted.")
    charged_usd_micros: int = Field(
        description="What you pay for work that is over: for delivered languages only, with what is still in doubt at "
        "its highest."
    )
    held_usd_micros: int = Field(description="Put aside for work in progress; what is not needed of it comes back.")
    budget_usd_micros: int | None = Field(description="What you may spend in a month; null: no limit.")
    left_usd_micros: int | None = Field(description="What of that is neither charged nor held; null: no limit.")
