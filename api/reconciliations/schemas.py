"""Bodies of comparisons of invoices with the ledger."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from api.schemas import Reply, Request

VendorName = Literal["deepgram", "openai", "elevenlabs"]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=64)]

Outcome = Literal[
    "different",
    "missing_in_ledger",
    "duplicate",
    "missing_in_invoice",
    "doubt_billed",
    "doubt_not_billed",
    "doubt_left",
]


class ReconciliationReply(Reply):
    """An invoice, held against the ledger."""

    id: uuid.UUID
    vendor: str = Field(examples=["deepgram"])
    since: datetime = Field(description="The calls that the invoice speaks of began at this time or after.")
    until: datetime = Field(description="They ended before this time.")
    compared_at: datetime
    compared_by: str = Field(description="The id of an operator, or the name of a command.")
    sha256: str = Field(description="Of the invoice as a file.")
    agrees: bool = Field(description="Nothing differs, nothing is missing, nothing is billed twice.")
    lines: int = Field(description="`matched`, `different` and `missing_in_ledger` together.")
    matched: int
    different: int = Field(description="The ledger has another cost, and keeps it.")
    missing_in_ledger: int = Field(description="No call of ours has the request id.")
    duplicates: int = Field(description="Of those missing in the ledger: the request id is listed more than once.")
    missing_in_invoice: int = Field(description="Calls with a cost that the invoice should have.")
    doubts_left: int = Field(description="Calls of which the invoice does not say whether they are billed.")
    doubts_ended: int = Field(description="Calls that were in doubt, and whose cost is known since.")
    invoiced_usd_micros: int
    ledger_usd_micros: int
    variance_usd_micros: int = Field(description="The invoice less the ledger.")


class FindingReply(Reply):
    """A line, or a call, that is to be looked at."""

    outcome: Outcome
    request_id: str | None = Field(description="The vendor's name for the call.")
    call_id: uuid.UUID | None = Field(description="The row of the ledger.")
    model: str
    at: datetime
    invoiced_usd_micros: int | None
    ledger_usd_micros: int | None = Field(description="None where the ledger has none, or does not know it.")


class ReconciliationDetailReply(ReconciliationReply):
    """An invoice, held against the ledger, with what was found."""

    items: list[FindingReply] = Field(description="The oldest first; what simply matched is not among them.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for more of them; none where these are the last.")


class ReconciliationPage(Reply):
    """Some comparisons, the newest first."""

    items: list[ReconciliationReply]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last one.")


class ReconciliationListQuery(Request):
    """Which comparisons to list."""

    vendor: VendorName | None = None
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before.")
    limit: int = Field(default=20, ge=1, le=100)


class FindingListQuery(Request):
    """Which findings of a comparison to read."""

    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before.")
    limit: int = Field(default=100, ge=1, le=1000)


class ReconcileQuery(Request):
    """What the invoice in the body is."""

    vendor: VendorName
    since: AwareDatetime = Field(description="The invoice has everything that the vendor billed from this time on,")
    until: AwareDatetime = Field(description="and before this time.")
    margin_minutes: int = Field(
        default=60,
        ge=0,
        le=10_080,
        description="A call so far inside the span is on the invoice for certain, if billed.",
    )
    again: bool = Field(default=False, description="Compare anew what was compared before.")
    dry_run: bool = Field(default=False, description="Only say what would come of it.")
