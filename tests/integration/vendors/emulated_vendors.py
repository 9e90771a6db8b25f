"""The three official SDKs on one emulator, for the tests of the emulator itself; none of them tries anything twice."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from deepgram import DeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from elevenlabs import ElevenLabs, VoiceSettings
from openai import OpenAI
from pydantic import BaseModel, ConfigDict

from vendor_emulator.server import API_KEYS, VendorEmulator
from vendor_emulator.voices import ELEVEN_VOICES

VOICE_IDS = tuple(ELEVEN_VOICES)
SENTENCE = "The boats leave the harbour at ten in the morning."


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: int
    text: str


class Lines(BaseModel):
    model_config = ConfigDict(extra="forbid")
    lines: list[Line]


@dataclass(frozen=True)
class Desk:
    """The emulator and a client of each vendor."""

    emulator: VendorEmulator
    deepgram: DeepgramClient
    openai: OpenAI
    elevenlabs: ElevenLabs

    def listen(self, recording: bytes = b"any bytes", **options: Any) -> Any:
        options = {"model": "nova-3", "smart_format": True, "diarize_model": "latest", "utterances": True} | options
        return self.deepgram.listen.v1.media.transcribe_file(request=recording, **options)

    def speak(self, text: str = SENTENCE, **options: Any) -> bytes:
        wanted = {"model": "aura-2-thalia-en", "encoding": "linear16", "container": "none", "sample_rate": 16_000}
        return b"".join(self.deepgram.speak.v1.audio.generate(text=text, **wanted | options))

    def convert(self, text: str = SENTENCE, *, voice_id: str = VOICE_IDS[0], speed: float = 1.0, **more: Any) -> bytes:
        options = {"model_id": "eleven_multilingual_v2", "output_format": "pcm_16000"} | more
        settings = VoiceSettings(speed=speed)
        return b"".join(self.elevenlabs.text_to_speech.convert(voice_id, text=text, voice_settings=settings, **options))

    def translate(self, *texts: str, target: str = "de", **options: Any) -> Any:
        lines = [{"id": number, "text": text, "max_characters": None} for number, text in enumerate(texts, start=1)]
        return self.respond(write_document(lines, target), **options)

    def respond(self, document: str, **options: Any) -> Any:
        wanted = {"model": "gpt-6-luna", "instructions": "Translate.", "store": False} | options
        return self.openai.responses.parse(input=[{"role": "user", "content": document}], text_format=Lines, **wanted)


def write_document(lines: list[dict[str, Any]], target: str = "de", **more: Any) -> str:
    document = {"source_language": "en", "target_language": target, "glossary": [], "before": [], "after": []}
    return json.dumps(document | {"lines": lines} | more)


def say_words(*words: str, speaker: int = 0) -> list[dict[str, Any]]:
    """Make words of a transcript, half a second each."""
    return [
        {"word": word, "start_ms": 500 * place, "end_ms": 500 * place + 400, "speaker": speaker, "confidence": 0.9}
        for place, word in enumerate(words)
    ]


def read_samples(audio: bytes) -> np.ndarray:
    return np.frombuffer(audio, dtype="<i2").astype(np.float64)


@contextmanager
def open_desk() -> Iterator[Desk]:
    with VendorEmulator() as emulator:
        url = emulator.url
        environment = DeepgramClientEnvironment(base=url, production=url, agent=url, agent_rest=url)
        yield Desk(
            emulator,
            DeepgramClient(api_key=API_KEYS["deepgram"], environment=environment, max_retries=0, timeout=120),
            OpenAI(api_key=API_KEYS["openai"], base_url=emulator.openai_url, max_retries=0),
            ElevenLabs(api_key=API_KEYS["elevenlabs"], base_url=url),
        )
