"""Bodies of receipts."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.schemas import Reply, Request
from resources.database.tables import ErasureCause


class ReceiptReply(Reply):
    """The record of one erasure, or of one that is under way."""

    receipt_id: uuid.UUID
    state: Literal["pending", "erased"] = Field(
        description="`pending` until everything is gone; it goes on by itself, there is nothing for you to do."
    )
    job_id: uuid.UUID | None = Field(description="None where it is of all that was a user's.")
    cause: ErasureCause = Field(description="The time was over (`retention`), or somebody asked for it (`request`).")
    requested_by: str = Field(
        description="A user's id, or what did it for everybody.", examples=["5c0c7a11-4b0e-4f0e-9d0e-0b6c1a521f6f"]
    )
    requested_at: datetime
    erased_at: datetime | None = Field(description="Null while it is pending.")
    body: dict[str, Any] | None = Field(
        description="What was erased and what the vendors were told, in numbers; objects by the SHA-256 of their keys. "
        "Null while it is pending."
    )


class ReceiptPage(Reply):
    """Some of the caller's receipts, newest first; what is pending has none yet."""

    items: list[ReceiptReply]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last one.")


class ReceiptQuery(Request):
    """Which receipts to list."""

    cursor: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )
    limit: int = Field(default=20, ge=1, le=100)
