"""What the models of ElevenLabs speak and take, and how ElevenLabs writes our language tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MULTILINGUAL = "eleven_multilingual_v2"
FLASH = "eleven_flash_v2_5"

_MULTILINGUAL_CODES = {
    "ar": "ar",
    "bg": "bg",
    "cs": "cs",
    "da": "da",
    "de": "de",
    "el": "el",
    "en": "en",
    "es": "es",
    "fi": "fi",
    "fil": "fil",
    "fr": "fr",
    "hi": "hi",
    "hr": "hr",
    "id": "id",
    "it": "it",
    "ja": "ja",
    "ko": "ko",
    "ms": "ms",
    "nl": "nl",
    "pl": "pl",
    # One Portuguese, and it sounds Brazilian.
    "pt-BR": "pt",
    "ro": "ro",
    "ru": "ru",
    "sk": "sk",
    "sv": "sv",
    "ta": "ta",
    "tr": "tr",
    "uk": "uk",
    "zh": "zh",
}

_FLASH_CODES = {"hu": "hu", "nb": "no", "vi": "vi"}


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes:
        codes: the vendor's own code by canonical tag of every language it speaks.
        max_characters: of one call.
        takes_language: whether a call names its language; the other kind hears it from the text.
        normalizes: whether it reads numbers and dates as words without being asked.
    """

    name: str
    codes: Mapping[str, str]
    max_characters: int
    takes_language: bool
    normalizes: bool


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        MULTILINGUAL: Model(MULTILINGUAL, _MULTILINGUAL_CODES, 10_000, takes_language=False, normalizes=True),
        FLASH: Model(FLASH, _MULTILINGUAL_CODES | _FLASH_CODES, 40_000, takes_language=True, normalizes=False),
    }
)
"""Source: the vendor's overview of models and reference of ``text-to-speech``, November 2026."""

LANGUAGES: tuple[str, ...] = tuple(sorted(_MULTILINGUAL_CODES | _FLASH_CODES))
"""Canonical tags of every language that any model speaks."""


def choose_model(language: str, preferred: str) -> Model:
    """Choose the model that speaks a language: the preferred one, else the one with the most languages.

    Raises:
        KeyError: a language that ElevenLabs does not speak.

    >>> choose_model("nb", MULTILINGUAL).name
    'eleven_flash_v2_5'
    """
    model = MODELS[preferred]
    if language in model.codes:
        return model
    if language in MODELS[FLASH].codes:
        return MODELS[FLASH]
    raise KeyError(language)
