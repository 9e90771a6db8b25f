"""What an engine must offer to take part in a dub; adapters live in `resources`.

An engine's ``name`` identifies vendor, model and settings: it is part of every content key, so a changed model
never serves an old result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dubbing.transcript import Transcript

Samples = NDArray[np.float32]
"""Mono audio, shape (frames,), float32, full scale 1.0."""


Quality = Literal["standard", "experimental", "fallback"]
"""``experimental`` marks languages that work but are not promised, ``fallback`` the robotic last resort."""

QUALITIES: tuple[Quality, ...] = ("standard", "experimental", "fallback")
"""Best first."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that a synthesiser offers.

    Attributes:
        name: the engine's own name.
        language: canonical BCP 47 tag that the voice speaks.
    """

    name: str
    language: str
    gender: Literal["female", "male", "unknown"] = "unknown"
    quality: Quality = "standard"


@dataclass(frozen=True, slots=True)
class Speech:
    """One synthesised reading: mono samples and their rate."""

    samples: Samples
    rate_hz: int


class Recognizer(Protocol):
    """Speech to words."""

    @property
    def name(self) -> str:
        """Vendor, model and settings: whatever determines the result."""
        ...

    def recognize(self, audio: Path, *, language: str | None) -> Transcript:
        """Recognise a whole recording without holding it in memory.

        Args:
            audio: a media file that passed inspection.
            language: canonical tag, or None to detect it.

        Raises:
            NoSpeechError: nobody speaks.
            UnsupportedLanguageError: the language (given or detected) is not recognised by this engine.
            RecognitionError: the engine failed.
        """
        ...


class Translator(Protocol):
    """Text to text."""

    @property
    def name(self) -> str:
        """Vendor, model and settings: whatever determines the result."""
        ...

    def list_targets(self, source: str) -> tuple[str, ...]:
        """Canonical tags that this machine can translate ``source`` into now."""
        ...

    def translate(self, texts: Sequence[str], *, source: str, target: str) -> list[str]:
        """Translate each text; the answer has exactly the same length and order.

        Raises:
            TranslationError: the engine failed or answered with another number of texts.
        """
        ...


class Synthesizer(Protocol):
    """Text to speech."""

    @property
    def name(self) -> str:
        """Vendor, model and settings: whatever determines the result."""
        ...

    def list_voices(self) -> tuple[Voice, ...]:
        """Every voice this machine can speak with now, best first within a language."""
        ...

    def synthesize(self, text: str, *, voice: Voice, speed: float = 1.0) -> Speech:
        """Read one text aloud; the same arguments give the same samples.

        Args:
            speed: > 1 is faster.

        Raises:
            SynthesisError: the engine failed, or gave silence or an implausible length.
        """
        ...
