"""Shapes that several nouns share."""

import unicodedata
from decimal import Decimal
from itertools import groupby
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

MAX_MARKS = 10
"""Most marks on one letter: no writing needs half as many, and more of them paint over the lines around."""

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"
"""Unseen, but words of Persian and Hindi are wrong without them, and emoji fall apart."""

_SIGNS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd"
"""Formats to Unicode, that enclose the Arabic digits after them; they are seen."""


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and character not in _JOINERS + _SIGNS


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or character in _JOINERS


def _refuse_unprintable(text: str) -> str:
    if any(map(_is_unseen, text)):
        raise ValueError(
            "must not contain control characters, nor others that cannot be seen or turn the direction of writing"
        )
    if any(is_mark and len(list(row)) > MAX_MARKS for is_mark, row in groupby(text, _is_mark)):
        raise ValueError(f"must not have more than {MAX_MARKS} marks on one letter")
    return text


Text = Annotated[str, AfterValidator(_refuse_unprintable)]
"""Words of a client on one line: Postgres cannot keep NUL or half a character, and no header may be broken by them."""

LanguageTag = Annotated[
    Text, StringConstraints(min_length=2, max_length=35), Field(description="BCP 47 tag.", examples=["pt-BR"])
]

MAX_USD = 1_000_000

Dollars = Annotated[
    Decimal, Field(ge=0, le=MAX_USD), WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_USD})
]
"""A sum that a client names; what is smaller than a micro-dollar is dropped."""


def to_usd_micros(dollars: Decimal | None) -> int | None:
    """Read a sum as micro-dollars."""
    return int(dollars * 1_000_000) if dollars is not None else None


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
