"""Recognition by Whisper base (int8) through faster-whisper: real words with real times, on an ordinary processor."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from dubbing.engines import LOCAL, Answer, Recording, Samples
from dubbing.errors import NoSpeechError, RecognitionError, UnsupportedLanguageError
from dubbing.languages import get_base, name_language, parse_language
from dubbing.transcript import Transcript, Word, settle_times
from dubbing.units import frames_to_ms, s_to_ms
from resources.local.catalogue import WHISPER, identify_groups
from resources.local.packages import describe_versions, import_package
from resources.local.weights import WeightsStore
from resources.local.windows import WINDOW_MS, Window, iterate_windows

RATE_HZ = 16_000
"""The rate that Whisper hears at; ``decode`` must deliver it."""

BEAM_SIZE = 5
"""Hypotheses kept while decoding. Measured: word error rate .005 instead of .010 with 1, for 40 % more time."""

MIN_SILENCE_MS = 500
"""Silence that ends a stretch of speech, ms. Faster-whisper's own 2000 let it invent a sentence in a 1.5 s gap."""

SPEECH_PAD_MS = 100
"""Kept around a stretch of speech, ms. Measured: word starts then lie within about 100 ms of the energy's onset."""

MIN_MEAN_CONFIDENCE = 0.3
"""A passage whose words are less sure on average is taken for invented; measured on gaps and music."""

MAX_NO_SPEECH_PROBABILITY = 0.6
MIN_DOUBTED_CONFIDENCE = 0.6
"""A passage that Whisper doubts is speech must have surer words. The doubt alone means little: over fifteen minutes of
clear speech it is .59 to .72 on every fifth passage, with words at .97; dropping those cost an eighth of the words."""

DETECTION_PASSAGES = 4
"""Stretches of 30 s of speech that may be asked for the language, until one answers with more than half."""

REVISION = 1
"""Raised whenever a change here gives other words for the same sound."""

_WHISPER_CODES = {"jv": "jw", "fil": "tl", "nb": "no", "cmn": "zh"}
"""Whisper's code where it is not the base of our tag."""

_WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "my"})
"""Whisper's codes of the languages that are written without spaces, where no piece begins with one."""


class LocalRecognizer:
    """Whisper on this machine; the model is loaded at first use and kept.

    Args:
        weights: where the model comes from.
        decode: gives a media file's sound as blocks of mono float32 at 16 kHz, streaming.
        threads: of the processor.
        window_ms: most of a recording that is held at once.
    """

    def __init__(
        self,
        weights: WeightsStore,
        decode: Callable[[Path], Iterable[Samples]],
        *,
        threads: int,
        window_ms: int = WINDOW_MS,
    ) -> None:
        self._weights = weights
        self._decode = decode
        self._threads = threads
        self._window_ms = window_ms
        self._loading = threading.Lock()
        self._loaded: Any = None

    vendor = model = LOCAL

    @cached_property
    def name(self) -> str:
        """Model, data, settings and the versions that decide what is heard."""
        versions = describe_versions("faster-whisper", "ctranslate2")
        settings = f"beam{BEAM_SIZE}-silence{MIN_SILENCE_MS}-pad{SPEECH_PAD_MS}-window{self._window_ms}-r{REVISION}"
        return f"whisper-base-int8@{identify_groups(WHISPER)}/{settings}/{versions}"

    def recognize(
        self, recording: Recording, *, language: str | None, key_terms: Sequence[str] = ()
    ) -> Answer[Transcript]:
        """Recognise a whole recording; see `dubbing.engines.Recognizer`. Key terms are no use to this engine."""
        with recording.fetch() as audio:
            return Answer(self.hear(audio, language=language))

    def hear(self, audio: Path, *, language: str | None) -> Transcript:
        """Recognise a file, window by window."""
        model = self._load_model()
        code = _get_whisper_code(language, model.supported_languages) if language is not None else None
        words: list[Word] = []
        duration_ms = 0
        for window in iterate_windows(self._decode(audio), RATE_HZ, self._window_ms):
            duration_ms = frames_to_ms(window.start_frame + len(window.samples), RATE_HZ)
            heard, heard_code = _hear(model, window, code)
            if heard:
                code = heard_code
                words += heard
        if code is None or not words:
            raise NoSpeechError("Nobody speaks in this recording; give one with speech.")
        return Transcript(
            language=language if language is not None else parse_language(code),
            duration_ms=duration_ms,
            words=settle_times(words, duration_ms),
        )

    def _load_model(self) -> Any:
        """Return the model, loaded once however many threads ask first."""
        with self._loading:
            if self._loaded is None:
                faster_whisper = import_package("faster_whisper")
                folder = self._weights.get_whisper_dir()
                try:
                    self._loaded = faster_whisper.WhisperModel(
                        str(folder), device="cpu", compute_type="int8", cpu_threads=self._threads
                    )
                except (RuntimeError, ValueError) as error:
                    raise RecognitionError("The speech recogniser cannot be loaded on this machine.") from error
        return self._loaded


def _get_whisper_code(language: str, supported: Iterable[str]) -> str:
    base = get_base(language)
    code = _WHISPER_CODES.get(base, base)
    if code not in supported:
        raise UnsupportedLanguageError(f"The local engine does not recognise {name_language(language)}.")
    return code


def _hear(model: Any, window: Window, code: str | None) -> tuple[list[Word], str]:
    """Recognise one window: its words at their place in the recording, and the language's code."""
    try:
        segments, info = model.transcribe(
            window.samples,
            language=code,
            beam_size=BEAM_SIZE,
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=True,
            vad_parameters={"min_silence_duration_ms": MIN_SILENCE_MS, "speech_pad_ms": SPEECH_PAD_MS},
            language_detection_segments=DETECTION_PASSAGES,
        )
        passages = [segment for segment in segments if is_spoken(segment)]
    except (RuntimeError, ValueError) as error:
        raise RecognitionError("The speech recogniser failed on this recording; try again.") from error
    offset_ms = frames_to_ms(window.start_frame, RATE_HZ)
    has_spaces = info.language not in _WITHOUT_SPACES
    words = [word for passage in passages for word in assemble_words(passage.words, offset_ms, has_spaces=has_spaces)]
    return words, info.language


def is_spoken(segment: Any) -> bool:
    """Tell speech from what Whisper makes up where nobody speaks."""
    if not segment.words:
        return False
    confidence = sum(word.probability for word in segment.words) / len(segment.words)
    is_doubted = segment.no_speech_prob > MAX_NO_SPEECH_PROBABILITY
    return bool(confidence >= (MIN_DOUBTED_CONFIDENCE if is_doubted else MIN_MEAN_CONFIDENCE))


def assemble_words(pieces: Iterable[Any], offset_ms: int, *, has_spaces: bool) -> list[Word]:
    """Make words of the pieces of a passage: “ill” and “-disposed” are one, and “♪” is none.

    Args:
        pieces: the engine's; each but the rest of a word begins with a space.
        offset_ms: where the window begins in the recording.
        has_spaces: whether the language is written with spaces.
    """
    words: list[Word] = []
    for piece in pieces:
        word = _build_word(piece, offset_ms)
        if has_spaces and words and not piece.word[:1].isspace():
            words[-1] = replace(
                words[-1],
                text=words[-1].text + word.text,
                end_ms=word.end_ms,
                confidence=min(words[-1].confidence, word.confidence),
            )
        else:
            words.append(word)
    return [word for word in words if any(map(str.isalnum, word.text))]


def _build_word(word: Any, offset_ms: int) -> Word:
    """Turn the engine's word, numpy seconds and a leading space, into ours."""
    return Word(
        text=word.word.strip(),
        start_ms=offset_ms + s_to_ms(float(word.start)),
        end_ms=offset_ms + s_to_ms(float(word.end)),
        confidence=min(1.0, max(0.0, float(word.probability))),
    )
