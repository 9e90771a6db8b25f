"""Small deterministic engines for tests of the line.

They prove how the line treats what engines give it. They cannot prove anything about recognition, translation or
voices: the contract suite and the end-to-end test do that with the real ones.
"""

import uuid
from collections.abc import Callable, Sequence

import numpy as np

from dubbing.engines import LOCAL, Answer, Recording, Speech, Voice
from dubbing.errors import SynthesisError, TranslationError
from dubbing.transcript import Transcript, Word
from dubbing.translation_batches import Batch, ReplyLine
from dubbing.units import ms_to_frames
from dubbing.usage import Usage

RATE_HZ = 24_000


class ScriptedRecognizer:
    """Hears the same words in every recording."""

    vendor = model = LOCAL

    def __init__(self, words: Sequence[Word], duration_ms: int, language: str = "en") -> None:
        self.name = _name("recognizer")
        self._language = language
        self.calls = 0
        self.hear(words, duration_ms)

    def hear(self, words: Sequence[Word], duration_ms: int) -> None:
        """Hear these from now on."""
        self._transcript = Transcript(self._language, duration_ms, tuple(words))

    def recognize(
        self, recording: Recording, *, language: str | None, key_terms: Sequence[str] = ()
    ) -> Answer[Transcript]:
        with recording.fetch() as audio:
            assert audio.is_file()
        self.calls += 1
        return Answer(self._transcript)


class MarkingTranslator:
    """Puts the target's tag before each text; refuses the targets it is told to."""

    vendor = model = LOCAL
    max_lines = 10_000
    max_parallel = 1
    follows_instructions = False

    def __init__(self, targets: Sequence[str], broken: frozenset[str] = frozenset()) -> None:
        self.name = _name("translator")
        self._targets = tuple(targets)
        self.broken = broken
        self.texts: list[str] = []

    def list_targets(self, source: str) -> tuple[str, ...]:
        return self._targets

    def estimate_usage(self, batch: Batch) -> Usage:
        return {"characters": sum(len(line.text) for line in batch.lines)}

    def translate(self, batch: Batch) -> Answer[tuple[ReplyLine, ...]]:
        if batch.target in self.broken:
            raise TranslationError("The translator does not answer.")
        self.texts += [line.text for line in batch.lines]
        return Answer(tuple(ReplyLine(line.number, f"{batch.target} {line.text}") for line in batch.lines))


class ToneSynthesizer:
    """Reads a text as a tone of 60 ms a character between silences; fails where it is told to."""

    max_parallel = 1

    def __init__(
        self, languages: Sequence[str], fails: Callable[[str, str], bool] = lambda text, language: False
    ) -> None:
        self.name = _name("synthesizer")
        self._languages = tuple(languages)
        self.fails = fails
        self.texts: list[str] = []

    def list_voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(f"tone_{language.lower()}", language) for language in self._languages)

    def list_vendors(self, language: str) -> tuple[str, ...]:
        return (LOCAL,)

    def identify(self, voice: Voice) -> str:
        return self.name

    def get_max_characters(self, voice: Voice) -> int:
        return 2_000

    def synthesize(
        self, text: str, *, voice: Voice, speed: float = 1.0, before: str = "", after: str = ""
    ) -> Answer[Speech]:
        if self.fails(text, voice.language):
            raise SynthesisError("The synthesiser does not answer.")
        self.texts.append(text)
        frames = ms_to_frames(60 * len(text), RATE_HZ)
        tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(frames) / RATE_HZ)
        silence = np.zeros(ms_to_frames(200, RATE_HZ))
        return Answer(Speech(np.concatenate([silence, tone, silence]).astype(np.float32), RATE_HZ))


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
