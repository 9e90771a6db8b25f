"""The vendors' engines as the settings want them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from dubbing.engines import Recognizer, Synthesizer, Translator
from dubbing.errors import SettingsError
from resources.database.connection import Database
from resources.packages import require_package
from resources.settings import Settings
from resources.vendors.aura_synthesizer import AuraSynthesizer
from resources.vendors.cloud_synthesizer import CloudSynthesizer, VendorSynthesizer
from resources.vendors.deepgram_client import build_deepgram_client
from resources.vendors.deepgram_recognizer import DeepgramRecognizer
from resources.vendors.elevenlabs_synthesizer import ElevenLabsSynthesizer
from resources.vendors.openai_translator import OpenAITranslator

EXTRA = "cloud"
ELEVENLABS = "elevenlabs"


def list_call_limits(settings: Settings) -> Mapping[tuple[str, str], int]:
    """List how many calls may be under way at once, over all machines, by vendor and operation."""
    return {
        ("deepgram", "recognize"): settings.deepgram_recognitions,
        ("deepgram", "synthesize"): settings.deepgram_readings,
        ("openai", "translate"): settings.openai_translations,
        (ELEVENLABS, "synthesize"): settings.elevenlabs_readings,
    }


def build_deepgram_recognizer(settings: Settings) -> Recognizer:
    """Build recognition by Deepgram."""
    require_package("deepgram", EXTRA, "Deepgram")
    return DeepgramRecognizer(build_deepgram_client(_reveal(settings.deepgram_api_key), settings.deepgram_url))


def build_openai_translator(settings: Settings) -> Translator:
    """Build translation by OpenAI."""
    require_package("openai", EXTRA, "OpenAI")
    return OpenAITranslator(
        _reveal(settings.openai_api_key),
        settings.openai_model,
        base_url=settings.openai_url,
        max_parallel=settings.openai_translations,
    )


def build_cloud_synthesizer(settings: Settings, database: Callable[[], Database]) -> Synthesizer:
    """Build synthesis by the vendors that there are keys of, Deepgram first."""
    vendors: list[VendorSynthesizer] = []
    if settings.deepgram_api_key is not None:
        require_package("deepgram", EXTRA, "Deepgram")
        client = build_deepgram_client(_reveal(settings.deepgram_api_key), settings.deepgram_url)
        vendors.append(AuraSynthesizer(client, max_parallel=settings.deepgram_readings))
    if settings.elevenlabs_api_key is not None:
        require_package("elevenlabs", EXTRA, "ElevenLabs")
        vendors.append(_build_elevenlabs(settings, database))
    return CloudSynthesizer(vendors, premium_languages=settings.premium_languages)


def _build_elevenlabs(settings: Settings, database: Callable[[], Database]) -> ElevenLabsSynthesizer:
    def read() -> tuple[datetime, list[dict[str, Any]]] | None:
        with database().transaction() as tx:
            return tx.vendor_voices.find(ELEVENLABS)

    def write(voices: list[dict[str, Any]]) -> None:
        with database().transaction() as tx:
            tx.vendor_voices.record(ELEVENLABS, voices)

    return ElevenLabsSynthesizer(
        _reveal(settings.elevenlabs_api_key),
        read_voices=read,
        write_voices=write,
        url=settings.elevenlabs_url,
        model=settings.elevenlabs_model,
        chosen_voices=settings.elevenlabs_voices,
        max_parallel=settings.elevenlabs_readings,
        keeps_nothing=settings.elevenlabs_zero_retention,
    )


def _reveal(key: SecretStr | None) -> str:
    if key is None:
        raise SettingsError("An engine of a vendor is chosen, and its key is not set.")
    return key.get_secret_value()
