"""Bodies of languages and voices."""

from typing import Literal

from pydantic import Field

from api.schemas import LanguageTag, Reply, Request
from dubbing.engines import Quality


class LanguageOffer(Reply):
    """A language that recordings can be dubbed into."""

    language: str = Field(examples=["pt-BR"])
    name: str = Field(examples=["Portuguese (Brazil)"])
    quality: Quality = Field(description="`experimental` and `fallback`: listen before you publish.")


class LanguageOffers(Reply):
    """Every language on offer."""

    items: list[LanguageOffer]


class LanguageQuery(Request):
    """Which languages to list."""

    source: LanguageTag | None = Field(default=None, description="Language of the recording, if it is known.")


class VoiceOffer(Reply):
    """A voice that can be chosen."""

    name: str = Field(description="What a job or an edit asks for.", examples=["ef_dora"])
    label: str = Field(description="For people.", examples=["Dora"])
    language: str = Field(examples=["es"])
    gender: Literal["female", "male", "unknown"]
    vendor: str = Field(examples=["local"])
    quality: Quality


class VoiceOffers(Reply):
    """Every voice on offer, best first within a language."""

    items: list[VoiceOffer]


class VoiceQuery(Request):
    """Which voices to list."""

    language: LanguageTag | None = Field(default=None, description="Only voices for this target language.")
