"""Shapes that several nouns share."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _refuse_unprintable(text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise ValueError("must not contain control characters, nor those that turn the direction of writing")
    return text


Text = Annotated[str, AfterValidator(_refuse_unprintable)]
"""Words of a client on one line: Postgres cannot keep NUL or half a character, and no header may be broken by them."""

LanguageTag = Annotated[
    Text, StringConstraints(min_length=2, max_length=35), Field(description="BCP 47 tag.", examples=["pt-BR"])
]


class Request(BaseModel):
    """A body that a client sends; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reply(BaseModel):
    """A body that we send."""

    model_config = ConfigDict(frozen=True)


class ProblemSummary(Reply):
    """Why a job or a language failed."""

    code: str = Field(examples=["no_speech"])
    message: str = Field(examples=["Nobody speaks in this recording; there is nothing to dub."])
    retryable: bool
