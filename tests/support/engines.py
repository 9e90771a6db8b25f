"""Small deterministic engines for tests of the line.

They prove how the line treats what engines give it. They cannot prove anything about recognition, translation or
voices: the contract suite and the end-to-end test do that with the real ones.
"""

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from dubbing.engines import Speech, Voice
from dubbing.errors import SynthesisError, TranslationError
from dubbing.transcript import Transcript, Word
from dubbing.units import ms_to_frames

RATE_HZ = 24_000


class ScriptedRecognizer:
    """Hears the same words in every recording."""

    def __init__(self, words: Sequence[Word], duration_ms: int, language: str = "en") -> None:
        self.name = _name("recognizer")
        self._transcript = Transcript(language, duration_ms, tuple(words))
        self.calls = 0

    def recognize(self, audio: Path, *, language: str | None) -> Transcript:
        assert audio.is_file()
        self.calls += 1
        return self._transcript


class MarkingTranslator:
    """Puts the target's tag before each text; refuses the targets it is told to."""

    def __init__(self, targets: Sequence[str], broken: frozenset[str] = frozenset()) -> None:
        self.name = _name("translator")
        self._targets = tuple(targets)
        self.broken = broken
        self.texts: list[str] = []

    def list_targets(self, source: str) -> tuple[str, ...]:
        return self._targets

    def translate(self, texts: Sequence[str], *, source: str, target: str) -> list[str]:
        if target in self.broken:
            raise TranslationError("The translator does not answer.")
        self.texts += texts
        return [f"{target} {text}" for text in texts]


class ToneSynthesizer:
    """Reads a text as a tone of 60 ms a character between silences; fails where it is told to."""

    def __init__(
        self, languages: Sequence[str], fails: Callable[[str, str], bool] = lambda text, language: False
    ) -> None:
        self.name = _name("synthesizer")
        self._languages = tuple(languages)
        self.fails = fails
        self.texts: list[str] = []

    def list_voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(f"tone_{language.lower()}", language) for language in self._languages)

    def synthesize(self, text: str, *, voice: Voice, speed: float = 1.0) -> Speech:
        if self.fails(text, voice.language):
            raise SynthesisError("The synthesiser does not answer.")
        self.texts.append(text)
        frames = ms_to_frames(60 * len(text), RATE_HZ)
        tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(frames) / RATE_HZ)
        silence = np.zeros(ms_to_frames(200, RATE_HZ))
        return Speech(np.concatenate([silence, tone, silence]).astype(np.float32), RATE_HZ)


def make_words(text: str, *, start_ms: int = 0, word_ms: int = 300, gap_ms: int = 100) -> tuple[Word, ...]:
    """Give each word of a text its time, one after the other."""
    step = word_ms + gap_ms
    return tuple(
        Word(word, start_ms + number * step, start_ms + number * step + word_ms)
        for number, word in enumerate(text.split())
    )


def _name(kind: str) -> str:
    """Name an engine unlike any other, so that no test finds what another one bought."""
    return f"scripted-{kind}-{uuid.uuid4()}"
