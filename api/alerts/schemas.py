"""Bodies of alerts and of their rules."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas import Reply, Request, Text
from dubbing.alerting import MAX_NAME_CHARACTERS, AlertKind

UNITS = "Percent; of `spend_rate` micro-dollars an hour."

RuleName = Annotated[Text, StringConstraints(min_length=1, max_length=MAX_NAME_CHARACTERS)]


class AlertReply(Reply):
    """A threshold that was reached."""

    id: uuid.UUID
    rule: str = Field(description="Name of the rule then.", examples=["budget nearly used"])
    kind: AlertKind
    subject: str = Field(
        description="`installation`, a user's id, or a vendor.", examples=["installation", "elevenlabs"]
    )
    threshold: int = Field(description=f"As it was then. {UNITS}")
    value: int = Field(description=f"What was read when it was raised. {UNITS}")
    raised_at: datetime
    cleared_at: datetime | None = Field(description="Null while it is open.")


class AlertPage(Reply):
    """Some alerts, newest first."""

    items: list[AlertReply]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last one.")


class AlertListQuery(Request):
    """Which alerts to list."""

    state: Literal["open", "all"] = Field(default="open", description="Only what is open, or everything.")
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )
    limit: int = Field(default=20, ge=1, le=100)


class RuleReply(Reply):
    """A threshold: an alert is raised at or above it, of a quota left at or below it."""

    name: str = Field(examples=["budget nearly used"])
    kind: AlertKind
    threshold: int = Field(description=UNITS, examples=[80])
    is_on: bool
    set_by: str = Field(description="A user's id, or what did it.")
    set_at: datetime


class RuleList(Reply):
    """All rules."""

    items: list[RuleReply]


class RuleRequest(Request):
    """What a rule is to be."""

    kind: AlertKind
    threshold: int = Field(description=UNITS, examples=[80])
    is_on: bool = Field(default=True, description="One that is off raises nothing, and what it raised is cleared.")
