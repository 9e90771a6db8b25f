"""Bodies of costs."""

import uuid
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from api.schemas import Reply, Request, Text
from resources.database.cost_views import Group

MAX_ROWS = 20_000


class CostListQuery(Request):
    """Which costs, and by what."""

    from_: date = Field(alias="from", description="First day, UTC.", examples=["2026-11-01"])
    to: date = Field(description="Last day, UTC; it is included.", examples=["2026-11-30"])
    group_by: Annotated[Text, StringConstraints(min_length=1, max_length=100)] = Field(
        default=Group.DAY.value,
        description=f"What the sums are by, comma-separated: {', '.join(Group)}.",
        examples=["day,vendor"],
    )
    format: Literal["json", "csv"] | None = Field(default=None, description="As `Accept` says if left out.")
    limit: int = Field(default=1000, ge=1, le=MAX_ROWS, description="Most rows; the costly ones come first.")

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.from_ > self.to:
            raise ValueError("from is after to")
        unknown = set(self.group_by.split(",")) - set(Group)
        if unknown or len(self.groups) != len(set(self.groups)):
            raise ValueError(f"group_by takes some of {', '.join(Group)}, each once, comma-separated")
        return self

    @property
    def groups(self) -> tuple[Group, ...]:
        """What the sums are by."""
        return tuple(Group(name) for name in self.group_by.split(","))


class SumReply(Reply):
    """What some calls came to, micro-dollars."""

    calls: int = Field(description="All of them, also those that failed and those in doubt.")
    failed_calls: int
    doubtful_calls: int = Field(description="Calls of which nobody knows yet what they are billed.")
    cost_usd_micros: int = Field(description="What is known of the cost.")
    charged_usd_micros: int = Field(description="The part of it that users pay: for what was delivered.")
    lost_usd_micros: int = Field(description="The part of it that we bear: for what was not.")
    doubtful_usd_micros: int = Field(description="What calls in doubt may add, at most.")


class CostRowReply(SumReply):
    """What came to one group; what the sums are not by is null."""

    day: date | None = None
    user: uuid.UUID | None = None
    job: uuid.UUID | None = None
    language: str | None = Field(default=None, description="Null too for what served all languages of a job.")
    vendor: str | None = None
    model: str | None = None
    operation: str | None = None


class CostReply(Reply):
    """What a span of days cost."""

    from_: date = Field(serialization_alias="from")
    to: date
    group_by: list[Group]
    rows: list[CostRowReply]
    total: SumReply = Field(description="Of all rows, those beyond the limit included.")
    left_out: int = Field(description="How many rows are beyond the limit.")
    provisional_days: list[date] = Field(description="Days whose bill can still change, today among them.")
    unbilled_days: list[date] = Field(description="Days with calls that have no bill yet; they are not counted here.")
