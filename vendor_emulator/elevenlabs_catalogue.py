"""What ElevenLabs offers: models with their limits and languages, voices as its JSON describes them, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dubbing.languages import name_language
from vendor_emulator.voices import ELEVEN_VOICES, ElevenVoice

_MULTILINGUAL = (
    "en", "ja", "zh", "de", "hi", "fr", "ko", "pt", "it", "es", "id", "nl", "tr", "fil", "pl", "sv", "bg", "ro", "ar",
    "cs", "el", "fi", "hr", "ms", "sk", "da", "ta", "uk", "ru",
)  # fmt: skip
_FLASH = (*_MULTILINGUAL, "hu", "no", "vi")
_LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Model:
    """A model that speaks.

    Attributes:
        cost_factor: credits for a character.
    """

    name: str
    max_characters: int
    languages: tuple[str, ...]
    cost_factor: float


MODELS = {
    "eleven_multilingual_v2": Model("Eleven Multilingual v2", 10_000, _MULTILINGUAL, 1.0),
    "eleven_v3": Model("Eleven v3", 5_000, _FLASH, 1.0),
    "eleven_flash_v2_5": Model("Eleven Flash v2.5", 40_000, _FLASH, 0.5),
    "eleven_turbo_v2_5": Model("Eleven Turbo v2.5", 40_000, _FLASH, 0.5),
}
"""By identifier."""


def describe_model(model_id: str) -> dict[str, Any]:
    """Describe a model."""
    model = MODELS[model_id]
    return {
        "model_id": model_id,
        "name": model.name,
        "can_be_finetuned": False,
        "can_do_text_to_speech": True,
        "can_do_voice_conversion": False,
        "can_use_style": True,
        "can_use_speaker_boost": True,
        "serves_pro_voices": False,
        "token_cost_factor": model.cost_factor,
        "description": f"{model.name}, emulated.",
        "requires_alpha_access": False,
        "max_characters_request_free_user": 2_500,
        "max_characters_request_subscribed_user": model.max_characters,
        "maximum_text_length_per_request": model.max_characters,
        "languages": [{"language_id": tag, "name": name_language(tag)} for tag in model.languages],
        "model_rates": {"character_cost_multiplier": model.cost_factor},
        "concurrency_group": "turbo" if "v2_5" in model_id else "standard",
    }


def describe_voice(voice: ElevenVoice) -> dict[str, Any]:
    """Describe a voice."""
    return {
        "voice_id": voice.voice_id,
        "name": voice.name,
        "samples": None,
        "category": "premade",
        "fine_tuning": None,
        "labels": {
            "accent": voice.accent,
            "age": voice.age,
            "gender": voice.gender,
            "language": voice.language,
            "use_case": voice.use_case,
        },
        "description": f"A {voice.age.replace('_', ' ')} {voice.gender} voice.",
        "preview_url": None,
        "available_for_tiers": [],
        "settings": None,
        "sharing": None,
        "high_quality_base_model_ids": ["eleven_multilingual_v2", "eleven_flash_v2_5"],
        "verified_languages": [
            {
                "language": voice.language,
                "model_id": model_id,
                "accent": voice.accent,
                "locale": voice.locale,
                "preview_url": None,
            }
            for model_id in ("eleven_multilingual_v2", "eleven_flash_v2_5")
        ],
        "is_owner": False,
        "is_legacy": False,
        "is_mixed": False,
    }


def find_voices(search: str) -> list[ElevenVoice]:
    """Find the voices whose name or labels have a word in them."""
    wanted = search.lower()
    return [
        voice
        for voice in ELEVEN_VOICES.values()
        if wanted in f"{voice.name} {voice.gender} {voice.accent} {voice.age} {voice.use_case}".lower()
    ]


def paginate(voices: Sequence[ElevenVoice], page_size: int, token: str | None) -> dict[str, Any]:
    """Give a page; its token names the voice that it ended with.

    Raises:
        ValueError: no such page.
    """
    if not 1 <= page_size <= _LARGEST_PAGE:
        raise ValueError("page_size")
    start = 0 if token is None else [voice.voice_id for voice in voices].index(token) + 1
    page = voices[start : start + page_size]
    has_more = start + page_size < len(voices)
    return {
        "voices": [describe_voice(voice) for voice in page],
        "has_more": has_more,
        "total_count": len(voices),
        "next_page_token": page[-1].voice_id if has_more else None,
    }
