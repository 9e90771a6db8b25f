"""Bodies of dead letters."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from api.schemas import ProblemSummary, Reply, Request, Text
from resources.database.tables import LetterState

Word = Annotated[Text, StringConstraints(min_length=1, max_length=64)]


class LetterReply(Reply):
    """What failed for good: a job, a language of it, or a line that a delivered language lost."""

    id: uuid.UUID
    job_id: uuid.UUID
    languages: list[str] = Field(description="What it stands for, or the language that lost the line.")
    language: str | None = Field(description="None where the job failed as a whole.")
    segment_number: int | None = Field(description="The line, where only that was lost.")
    stage: str = Field(examples=["synthesizing"])
    error: ProblemSummary
    vendor: str | None = Field(description="Whose call it was that failed.", examples=["elevenlabs"])
    vendor_words: str | None = Field(
        description="What the vendor's reply said in words for machines.", examples=["402 quota_exceeded"]
    )
    attempts: int = Field(ge=1, description="How often it failed.")
    state: LetterState
    replay_attempt: int | None = Field(description="The attempt at the job that its last replay is.")
    run_id: str | None = Field(description="Of the run in Dagster.")
    spent_usd_micros: int = Field(description="What the language, or the job, had cost by then.")
    snapshot: dict[str, Any] = Field(description="What the work was given: ids and hashes.")
    first_at: datetime
    last_at: datetime


class LetterPage(Reply):
    """Some letters, those that failed last first."""

    items: list[LetterReply]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last one.")


class LetterFilter(Request):
    """Which letters; what is left out does not matter."""

    error_code: Word | None = Field(default=None, description="What they died of.", examples=["vendor_quota"])
    stage: Word | None = Field(default=None, examples=["synthesizing"])
    vendor: Word | None = Field(default=None, examples=["elevenlabs"])
    job_id: uuid.UUID | None = None
    since: AwareDatetime | None = Field(default=None, description="Failed last at this time or after.")
    until: AwareDatetime | None = Field(default=None, description="Failed last before this time.")


class LetterListQuery(LetterFilter):
    """Which letters to list."""

    state: LetterState | None = None
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )
    limit: int = Field(default=20, ge=1, le=100)


class ReplayRequest(Request):
    """How to replay a letter."""

    dry_run: bool = Field(default=False, description="Only say what would be bought, and for how much.")


class BulkReplayRequest(LetterFilter):
    """Which open letters to replay; one filter at least, or `all`."""

    dry_run: bool = Field(default=False, description="Only say what would be bought, and for how much.")
    all: bool = Field(default=False, description="Every open letter.")
    after: uuid.UUID | None = Field(default=None, description="`next_after` of the reply before.")
    limit: int = Field(default=50, ge=1, le=100)

    @model_validator(mode="after")
    def _names_some(self) -> Self:
        if not self.all and all(getattr(self, name) is None for name in LetterFilter.model_fields):
            raise ValueError("name a filter, or say all")
        return self


class PurchaseReply(Reply):
    """Something that a replay would buy; no sum where the model has no price, and then it is not bought."""

    operation: str = Field(examples=["synthesize"])
    vendor: str
    model: str
    language: str | None
    lines: int
    usd_micros: int | None = Field(description="If everything comes right at the first call, about.")
    at_most_usd_micros: int | None = Field(description="If every line is mended as often as is allowed.")


class PlanReply(Reply):
    """What a replay would make again."""

    languages: list[str]
    purchases: list[PurchaseReply]
    usd_micros: int
    at_most_usd_micros: int
    unpriced: list[str] = Field(description="Models that are needed and have no price.")


class ReplayReply(Reply):
    """What became of the wish to replay a letter."""

    letter_id: uuid.UUID
    attempt: int | None = Field(description="The attempt at the job that makes it again.")
    is_begun: bool = Field(description="By this request, and not by one before.")
    plan: PlanReply | None = Field(description="Of a dry run.")
    error: ProblemSummary | None = Field(description="Why it was not begun.")


class BulkReplayReply(Reply):
    """What became of each."""

    items: list[ReplayReply]
    next_after: uuid.UUID | None = Field(description="Pass it as `after` to go on; none where all were looked at.")


class DiscardRequest(Request):
    """Why what a letter stands for is given up."""

    reason: Annotated[Text, StringConstraints(min_length=1, max_length=200)] = Field(
        description="Kept in the job's history, where its owner reads it.",
        examples=["The customer sent a new recording."],
    )
