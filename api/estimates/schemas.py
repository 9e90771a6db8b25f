"""Bodies of estimates."""

import uuid
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from api.jobs.schemas import Name
from api.schemas import LanguageTag, Reply, Request
from dubbing.estimating import Basis

MAX_DURATION_MS = 86_400_000


class EstimateRequest(Request):
    """A job that may be submitted: on a recording that was uploaded, or on one of a certain length."""

    upload_id: uuid.UUID | None = Field(default=None, description="Of a recording that was uploaded.")
    duration_ms: int | None = Field(
        default=None, ge=0, le=MAX_DURATION_MS, description="Length of a recording, where none is uploaded yet."
    )
    target_languages: Annotated[list[LanguageTag], Field(min_length=1, max_length=200, examples=[["pt-BR", "es"]])]
    source_language: LanguageTag | None = Field(default=None, description="Detected if left out.", examples=["en"])
    voices: dict[LanguageTag, Annotated[dict[Name, Name], Field(max_length=50)]] = Field(
        default_factory=dict, max_length=200, description="As in a job: one of another vendor has another price."
    )

    @model_validator(mode="after")
    def _is_one_recording(self) -> Self:
        if (self.upload_id is None) == (self.duration_ms is None):
            raise ValueError("give upload_id or duration_ms, and not both")
        return self


class SumRange(Reply):
    """A sum that will lie between two, by the ordinary way. Calls that fail and are billed may come on top."""

    low_usd_micros: int = Field(ge=0, description="At least, micro-dollars.")
    high_usd_micros: int = Field(ge=0, description="At most, micro-dollars.")


class PartEstimate(SumRange):
    """What a part of the job will cost."""

    basis: Basis = Field(
        description="What it rests on: the length of the recording, what is said in it, or its translation."
    )


class LanguageEstimate(PartEstimate):
    """What a target language will cost."""

    language: str = Field(examples=["pt-BR"])


class PriceVersion(Reply):
    """Which prices of a model an estimate is computed with."""

    vendor: str = Field(examples=["deepgram"])
    model: str = Field(examples=["aura-2"])
    effective_from: datetime


class EstimateReply(Reply):
    """What a job would cost at the prices in force; nothing is promised nor put aside."""

    total: SumRange
    shared: PartEstimate = Field(description="What all languages need once.")
    languages: list[LanguageEstimate]
    prices: list[PriceVersion] = Field(description="Empty where this machine does all the work; that costs nothing.")
