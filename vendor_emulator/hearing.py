"""What the emulator hears in a recording: what a test registered for its bytes, else what the local recogniser hears.

The local recogniser tells no speakers apart: all its words are speaker 0.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dubbing.engines import Samples
    from resources.local.weights import WeightsStore

_THREADS = 2


@dataclass(frozen=True, slots=True)
class HeardWord:
    """One word, with its punctuation."""

    word: str
    start_ms: int
    end_ms: int
    speaker: int = 0
    confidence: float = 0.99


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording as it was heard.

    Attributes:
        language: BCP 47 tag, as Deepgram writes it.
        duration_ms: of the whole recording.
    """

    language: str
    duration_ms: int
    words: tuple[HeardWord, ...]


class Hearing:
    """Transcripts by the SHA-256 of the recording, and the local recogniser behind them."""

    def __init__(self) -> None:
        self._scripts: dict[str, Heard] = {}
        self._heard: dict[tuple[str, str | None], Heard] = {}

    def script(self, sha256: str, *, language: str, duration_ms: int, words: list[dict[str, Any]]) -> None:
        """Say what is heard in the file of this digest."""
        self._scripts[sha256] = Heard(language, duration_ms, tuple(HeardWord(**word) for word in words))

    def reset(self) -> None:
        """Forget the scripts."""
        self._scripts.clear()

    def hear(self, path: Path, sha256: str, language: str | None) -> Heard:
        """Hear a recording; slow the first time, when the local recogniser does it.

        Args:
            language: BCP 47 tag, None to detect it.

        Raises:
            DubbingError: the file cannot be decoded.
        """
        if (scripted := self._scripts.get(sha256)) is not None:
            return scripted
        if (sha256, language) not in self._heard:
            self._heard[sha256, language] = _get_ears().hear(path, language)
        return self._heard[sha256, language]


class _Ears:
    """The local recogniser, one recording at a time; it counts what it decodes.

    Where nobody speaks, nothing else tells the length.
    """

    def __init__(self) -> None:
        from resources.local.recognizer import LocalRecognizer

        self._lock = threading.Lock()
        self._frames = 0
        self._recognizer = LocalRecognizer(build_weights(), self._decode, threads=_THREADS)

    def hear(self, path: Path, language: str | None) -> Heard:
        """Hear a recording; see `Hearing.hear`."""
        from dubbing.errors import NoSpeechError
        from dubbing.languages import get_base
        from dubbing.units import frames_to_ms
        from resources.local.recognizer import RATE_HZ

        with self._lock:
            self._frames = 0
            try:
                transcript = self._recognizer.hear(path, language=get_base(language) if language else None)
            except NoSpeechError:
                return Heard(language or "en", frames_to_ms(self._frames, RATE_HZ), ())
            words = (
                HeardWord(word.text, word.start_ms, word.end_ms, confidence=round(word.confidence, 4))
                for word in transcript.words
            )
            return Heard(language or transcript.language, frames_to_ms(self._frames, RATE_HZ), tuple(words))

    def _decode(self, path: Path) -> "Iterator[Samples]":
        from resources.local.recognizer import RATE_HZ
        from resources.media.decoding import decode_mono
        from resources.media.ffmpeg import find_ffmpeg

        for block in decode_mono(path, find_ffmpeg(), rate_hz=RATE_HZ):
            self._frames += len(block)
            yield block


@cache
def _get_ears() -> _Ears:
    """Load the model once for all emulators of a process."""
    return _Ears()


def build_weights() -> "WeightsStore":
    """Find the weights of the local engine where the product keeps them."""
    from resources.local.weights import WeightsStore
    from resources.settings import Settings

    settings = Settings()
    return WeightsStore(settings.cache_dir / "weights", settings.weights_dir)
