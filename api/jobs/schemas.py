"""Bodies of jobs."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from api.jobs.quality import QualityReply
from api.schemas import Dollars, LanguageTag, ProblemSummary, Reply, Request, Text
from dubbing.delivery import AUDIO_FORMATS, AudioFormat, BedKind, LoudnessPreset
from dubbing.jobs import JobState, LanguageState, WaitingOn
from resources.database.tables import ErasureCause

Name = Annotated[Text, StringConstraints(min_length=1, max_length=100)]


class GlossaryEntry(Request):
    """A word or name that the job insists on: kept as it is, translated in a certain way, or said in a certain way."""

    term: Name = Field(description="As it stands in the recording's language.", examples=["Dubline"])
    keep: bool = Field(default=False, description="It stays as it is in every language.")
    translations: dict[LanguageTag, Name] = Field(
        default_factory=dict, max_length=50, description="What it is called, by target language."
    )
    pronunciations: dict[LanguageTag, Name] = Field(
        default_factory=dict, max_length=50, description="How it is written to be said right, by target language."
    )


class JobRequest(Request):
    """A job on a recording that was uploaded."""

    upload_id: uuid.UUID
    target_languages: Annotated[list[LanguageTag], Field(min_length=1, max_length=200, examples=[["pt-BR", "es"]])]
    source_language: LanguageTag | None = Field(default=None, description="Detected if left out.", examples=["en"])
    voices: dict[LanguageTag, Annotated[dict[Name, Name], Field(max_length=50)]] = Field(
        default_factory=dict,
        max_length=200,
        description="Voice by speaker by target language, where the casting is to be overruled; see `/v1/voices`.",
        examples=[{"es": {"1": "ef_dora"}}],
    )
    glossary: list[GlossaryEntry] = Field(
        default_factory=list,
        max_length=200,
        description="Names and terms to be recognised, kept or translated as given.",
        examples=[[{"term": "Dubline", "keep": True}, {"term": "take", "translations": {"es": "toma"}}]],
    )
    bed: BedKind | None = Field(
        default=None,
        description="What becomes of the original sound: lowered under the dub (`duck`), without its speech "
        "(`separate`), or dropped (`none`). As the service is set up if left out.",
    )
    formats: Annotated[list[AudioFormat], Field(min_length=1, max_length=len(AUDIO_FORMATS))] = Field(
        default=["m4a"], description="Files of the finished dub; the first is the dub's own."
    )
    loudness: LoudnessPreset | None = Field(
        default=None,
        description="How loud the dub is: `podcast` -16 LUFS, `ebu_r128` -23, `atsc_a85` -24. As the service is set up "
        "if left out.",
    )
    with_voice: bool = Field(
        default=False, description="Whether the dub's voice is delivered alone too, for those who mix themselves."
    )
    max_spend_usd: Dollars | None = Field(
        default=None,
        description="The most that the job may cost, dollars: it stops before it would cost more.",
        examples=[2.5],
    )
    reference: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        default=None, description="Your own name for the job; given back as it is.", examples=["episode-12"]
    )


class LanguageReply(Reply):
    """One language of a job."""

    language: str = Field(examples=["pt-BR"])
    state: LanguageState
    progress: int = Field(
        ge=0, le=100, description="Never falls within an attempt; 100 once every file was read back and proved."
    )
    waiting_on: WaitingOn | None = Field(description="What it waits for, if it is not being worked on.")
    attempt: int
    revision: int = Field(ge=1, description="Of the job, as of the last edit of this language.")
    voices: dict[str, str] = Field(description="Who speaks for whom: voice by speaker, once they are cast.")
    heartbeat_at: datetime | None = Field(description="Last sign of life; at most 5 seconds old while work goes on.")
    started_at: datetime | None
    finished_at: datetime | None
    quality: QualityReply | None = Field(description="What the finished dub was measured to be.")
    error: ProblemSummary | None


class DeletionReply(Reply):
    """The erasure of a job: done, or asked for and under way."""

    cause: ErasureCause = Field(description="The time was over (`retention`), or somebody asked for it (`request`).")
    requested_at: datetime
    receipt_id: uuid.UUID = Field(description="See `GET /v1/receipts/{receipt_id}`.")
    erased_at: datetime | None = Field(description="Null while it is under way.")


class JobReply(Reply):
    """A job as it stands."""

    id: uuid.UUID
    upload_id: uuid.UUID
    reference: str | None
    state: JobState
    progress: int = Field(ge=0, le=100)
    attempt: int
    revision: int = Field(
        ge=1,
        description="1, and one more with every edit of a line, and with a retry where something was delivered before.",
    )
    recovering: bool = Field(
        description="Its work was interrupted, by a crash or an outage of ours, and is being brought back; there is "
        "nothing for you to do. The state stays what it was."
    )
    source_language: str | None = Field(description="As given, or as detected once the recording was heard.")
    target_languages: list[str]
    max_spend_usd_micros: int | None = Field(description="The most that it may cost, micro-dollars, if you said so.")
    languages: list[LanguageReply]
    error: ProblemSummary | None = Field(description="Why the whole job failed.")
    deletion: DeletionReply | None = Field(description="Of a job that is erased, or is to be; nothing of it is left.")
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobPage(Reply):
    """Some of the caller's jobs, newest first."""

    items: list[JobReply]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last one.")


class JobQuery(Request):
    """Which jobs to list."""

    status: JobState | None = Field(default=None, description="Only jobs in this state.")
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )
    limit: int = Field(default=20, ge=1, le=100)


class EventReply(Reply):
    """Something that happened to a job."""

    id: int
    type: str = Field(examples=["language.synthesizing"])
    language: str | None
    at: datetime
    data: dict[str, Any]


class EventPage(Reply):
    """Events, oldest first."""

    items: list[EventReply]
    next_after: int = Field(description="Pass it as `after` to go on from here; there may be nothing yet.")


class EventQuery(Request):
    """Which events to list."""

    after: int = Field(default=0, ge=0, le=(1 << 63) - 1, description="Id of the last event already known.")
    limit: int = Field(default=100, ge=1, le=500)
