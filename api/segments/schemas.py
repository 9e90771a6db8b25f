"""Bodies of segments."""

import unicodedata
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from api.schemas import Reply, Request, Text

MAX_TEXT = 1_000
"""Longest text of one line, characters: more than a minute of speech."""


def _clean(value: object) -> object:
    """Bring pasted words on one line, in the one form in which equal words are equal."""
    return " ".join(unicodedata.normalize("NFC", value).split()) if isinstance(value, str) else value


def _require_words(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise ValueError("must hold something that can be said")
    return text


Words = Annotated[
    Text, StringConstraints(min_length=1, max_length=MAX_TEXT), AfterValidator(_require_words), BeforeValidator(_clean)
]
VoiceName = Annotated[Text, StringConstraints(min_length=1, max_length=100)]


class SourceReply(Reply):
    """A segment as it is in the recording."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str = Field(examples=["1"])


class TimingReply(Reply):
    """Where a line is in the dub."""

    start_ms: int
    duration_ms: int
    offset_ms: int = Field(description="How much later than in the recording it begins; negative is earlier.")


class FitReply(Reply):
    """What was done to a take to make it fit."""

    speed: float = Field(description="Faster than its voice speaks by itself if above 1.", examples=[1.12])
    overflow_ms: int = Field(description="How far it runs past its room; nothing is ever cut.")


class EditReply(Reply):
    """What somebody wants a line to be."""

    text: str | None
    voice: str | None
    keeps_original: bool
    edited_at: datetime


class SegmentReply(Reply):
    """A line of one language of a job. What the dub does not have yet is null."""

    number: int
    source: SourceReply
    translation: str | None = Field(description="What is said, and shown in the captions.")
    flags: list[str] = Field(
        description="What a check doubts of the translation, for example `number` or `too_long`.", examples=[["number"]]
    )
    voice: str | None = Field(description="None while another voice is still to read the line.", examples=["ef_dora"])
    timing: TimingReply | None
    fit: FitReply | None = Field(description="Null where nobody speaks.")
    state: Literal["voiced", "overflow", "failed", "original"] | None = Field(
        description="`overflow` is voiced and runs past its room; `original` lets the recording itself be heard."
    )
    error: str | None = Field(description="Code of what went wrong.", examples=["synthesis_failed"])
    edited: EditReply | None = Field(description="What was asked for in place of what the service would make.")


class SegmentPage(Reply):
    """Some lines, in order."""

    items: list[SegmentReply]
    next_after: int | None = Field(description="Pass it as `after` for the next page; none on the last one.")


class SegmentQuery(Request):
    """Which lines to list."""

    after: int = Field(default=0, ge=0, le=(1 << 31) - 1, description="Number of the last line already known.")
    limit: int = Field(default=100, ge=1, le=500)


class SegmentPatch(Request):
    """What a line is to be. What is left out stays as it is; null takes back what was asked for before."""

    text: Words | None = Field(default=None, description="Said in place of the translation.")
    voice: VoiceName | None = Field(
        default=None, description="Says this line in place of the speaker's voice; see `/v1/voices`."
    )
    keep_original: bool | None = Field(
        default=None, description="Whether the recording itself is heard instead of the dub; captions stay."
    )

    @model_validator(mode="after")
    def _check_something_is_asked(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must hold text, voice or keep_original")
        return self
