"""What an engine must offer to take part in a dub; adapters live in `resources`.

A method that recognises, translates or synthesises is one call to a vendor, billed once at most: it never tries again.
Trying again, limits, the ledger and finding what was bought before are the buyer's. An engine's ``name`` identifies
vendor, model and settings: it is part of every content key, so a changed model never serves an old result.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dubbing.transcript import Transcript
from dubbing.translation_batches import Batch, ReplyLine
from dubbing.usage import Receipt, Usage

Samples = NDArray[np.float32]
"""Mono audio, shape (frames,), float32, full scale 1.0."""

Value = TypeVar("Value")

LOCAL = "local"
"""The vendor of what is made on this machine; it costs nothing."""

Quality = Literal["standard", "experimental", "fallback"]
"""``experimental`` marks languages that work but are not promised, ``fallback`` the robotic last resort."""

QUALITIES: tuple[Quality, ...] = ("standard", "experimental", "fallback")
"""Best first."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """What a call gave, and what it used."""

    value: Value
    receipt: Receipt = field(default_factory=Receipt)


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that a synthesiser offers, in one language; one that speaks several is listed once for each.

    Attributes:
        name: the vendor's own name or id.
        language: canonical BCP 47 tag that the voice speaks.
        vendor, model: whose it is, and as what it is priced.
        label: name for people; the name where there is no other.
        min_speed, max_speed: that the vendor itself speaks at; > 1 is faster.
    """

    name: str
    language: str
    gender: Literal["female", "male", "unknown"] = "unknown"
    quality: Quality = "standard"
    vendor: str = LOCAL
    model: str = LOCAL
    label: str = ""
    min_speed: float = 1.0
    max_speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Speech:
    """One synthesised reading: mono samples and their rate."""

    samples: Samples
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording to be heard, however an engine gets at it.

    Attributes:
        fetch: gives it as a local file for as long as the context lasts.
        sign: gives an address that reads it and expires; None where nobody outside can reach the store.
        tag: the job's name in the vendor's own records; no customer text.
    """

    duration_ms: int
    fetch: Callable[[], AbstractContextManager[Path]]
    sign: Callable[[], str] | None = None
    tag: str = ""


class Recognizer(Protocol):
    """Speech to words."""

    @property
    def name(self) -> str:
        """Vendor, model and settings: whatever determines the result."""
        ...

    @property
    def vendor(self) -> str:
        """Whose limits and prices apply."""
        ...

    @property
    def model(self) -> str:
        """As what a call is priced."""
        ...

    def recognize(
        self, recording: Recording, *, language: str | None, key_terms: Sequence[str] = ()
    ) -> Answer[Transcript]:
        """Recognise a whole recording without holding it in memory.

        Args:
            language: canonical tag, or None to detect it.
            key_terms: words that may be said and are rare; an engine that takes none ignores them.

        Raises:
            NoSpeechError: nobody speaks; an engine that bills for that gives a transcript without words instead.
            UnsupportedLanguageError: the language (given or detected) is not recognised by this engine.
            RecognitionError: the engine failed.
            VendorError: the vendor did not answer, or refused.
        """
        ...


class Translator(Protocol):
    """Text to text."""

    @property
    def name(self) -> str:
        """Vendor, model and settings: whatever determines the result."""
        ...

    @property
    def vendor(self) -> str:
        """Whose limits and prices apply."""
        ...

    @property
    def model(self) -> str:
        """As what a call is priced."""
        ...

    @property
    def max_lines(self) -> int:
        """Most lines of one call."""
        ...

    @property
    def max_parallel(self) -> int:
        """Most calls for one job that are worth making at once."""
        ...

    @property
    def follows_instructions(self) -> bool:
        """Whether it heeds length budgets, a glossary, and what was wrong with an earlier answer."""
        ...

    def list_targets(self, source: str) -> tuple[str, ...]:
        """Canonical tags that ``source`` can be translated into now."""
        ...

    def estimate_usage(self, batch: Batch) -> Usage:
        """Say what a call will use at most, about."""
        ...

    def translate(self, batch: Batch) -> Answer[tuple[ReplyLine, ...]]:
        """Translate the lines of a batch; the caller checks that exactly those came back.

        Raises:
            UnsupportedLanguageError: not this source into this target.
            TranslationError: the engine failed.
            VendorError: the vendor did not answer, or refused.
        """
        ...


class Synthesizer(Protocol):
    """Text to speech."""

    @property
    def name(self) -> str:
        """Vendors, models and settings: whatever determines the result."""
        ...

    @property
    def max_parallel(self) -> int:
        """Most readings for one job that are worth making at once."""
        ...

    def list_voices(self) -> tuple[Voice, ...]:
        """Every voice that can speak now, best first within a language and a vendor."""
        ...

    def list_vendors(self, language: str) -> tuple[str, ...]:
        """Whose voices speak a language: first whom to ask, then who steps in if that one fails for good."""
        ...

    def identify(self, voice: Voice) -> str:
        """Name vendor, model and settings of one voice: whatever determines the sound of a text."""
        ...

    def get_max_characters(self, voice: Voice) -> int:
        """Return the longest text of one reading."""
        ...

    def synthesize(
        self, text: str, *, voice: Voice, speed: float = 1.0, before: str = "", after: str = ""
    ) -> Answer[Speech]:
        """Read one text aloud.

        Args:
            speed: within the voice's own; > 1 is faster.
            before, after: what the same voice says before and after it, for an engine that minds.

        Raises:
            SynthesisError: the engine failed.
            VendorError: the vendor did not answer, or refused, or gave what is no sound.
        """
        ...
