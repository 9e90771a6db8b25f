"""Kokoro-82M (int8): the neural voice of the local engine.

Of kokoro-onnx we use the phoneme vocabulary and the phoneme chunker; the phonemes come from espeak-ng by phonemizer.
"""

import logging
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubbing.engines import Samples, Speech
from dubbing.errors import SynthesisError, ToolMissingError
from dubbing.units import ms_to_frames
from resources.local.packages import import_package
from resources.local.readings import NotSpeechError, require_speech, trim_silence
from resources.local.weights import WeightsStore

RATE_HZ = 24_000

MIN_SPEED, MAX_SPEED = 0.5, 2.0
"""What the model was exported for."""

CHUNK_PHONEMES = 200
"""Longest stretch spoken in one go. The model takes 510, but memory grows with it: 240 MB at 200, 510 MB at 510."""

SENTENCE_PAUSE_MS = 350
CLAUSE_PAUSE_MS = 150
"""Silence between two stretches at normal speed, ms: about what the model itself leaves inside a stretch."""

MAX_DATA_PATH_BYTES = 240
"""espeak-ng ends the whole process when the path of its data is longer than its buffer."""

_STYLE_SHAPE = (510, 256)
"""A voice: a row of 256 numbers for each count of phonemes."""


@dataclass(frozen=True, slots=True)
class _Model:
    """What is loaded once: the session, how to run it, and the number of each phoneme."""

    session: Any
    run_options: Any
    vocabulary: dict[str, int]


class Kokoro:
    """The model, its voices and its phonemisers, each loaded at first use and kept; callable from any thread.

    Args:
        weights: where model and voices come from.
        threads: of the processor, for one reading.
    """

    def __init__(self, weights: WeightsStore, *, threads: int) -> None:
        self._weights = weights
        self._threads = threads
        self._loading = threading.Lock()
        self._phonemizing = threading.Lock()
        self._model: _Model | None = None
        self._styles: dict[str, NDArray[np.float32]] = {}
        self._phonemizers: dict[str, Any] = {}

    def read(self, text: str, *, voice: str, accent: str, speed: float) -> Speech:
        """Read a text aloud; the same arguments give the same samples, whatever the number of threads.

        Args:
            text: prepared: one line, nothing in it that is not said.
            voice: name of a voice file.
            accent: espeak-ng's name of the language, such as ``pt-br``.
            speed: `MIN_SPEED` to `MAX_SPEED`.

        Raises:
            SynthesisError: the model failed.
            NotSpeechError: what it gave is no reading of this text.
        """
        model = self._load_model()
        phonemes = "".join(filter(model.vocabulary.__contains__, self._phonemize(text, accent)))
        chunker = import_package("kokoro_onnx.chunker")
        chunks = chunker.split_phonemes(" ".join(phonemes.split()), CHUNK_PHONEMES)
        if not chunks:
            raise NotSpeechError("The text has no sound in this language.")
        pauses_ms = [chunker.pause_after(chunk, SENTENCE_PAUSE_MS, CLAUSE_PAUSE_MS) for chunk in chunks[:-1]]
        pieces: list[Samples] = []
        for chunk, pause_ms in zip(chunks, [*pauses_ms, 0], strict=True):
            pause_frames = ms_to_frames(round(pause_ms / speed), RATE_HZ)
            pieces += [self._speak(model, chunk, voice, speed), np.zeros(pause_frames, dtype=np.float32)]
        samples = np.concatenate(pieces)
        require_speech(samples, RATE_HZ, speed=speed, symbols=len(phonemes))
        return Speech(samples, RATE_HZ)

    def _speak(self, model: _Model, phonemes: str, voice: str, speed: float) -> Samples:
        """Run the model over one stretch."""
        tokens = [model.vocabulary[phoneme] for phoneme in phonemes]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self._get_style(voice)[len(tokens) - 1][np.newaxis],
            "speed": np.array([speed], dtype=np.float32),
        }
        native = import_package("onnxruntime.capi.onnxruntime_pybind11_state")
        try:
            (audio,) = model.session.run(None, feed, model.run_options)
        except (native.Fail, native.RuntimeException, native.InvalidArgument) as error:
            raise SynthesisError("The local voice failed on this text; try again.") from error
        return trim_silence(np.asarray(audio, dtype=np.float32).ravel(), RATE_HZ)

    def _load_model(self) -> _Model:
        """Return the model, loaded once however many threads ask first."""
        with self._loading:
            if self._model is None:
                runtime = import_package("onnxruntime")
                vocabulary = import_package("kokoro_onnx.config").DEFAULT_VOCAB
                options = runtime.SessionOptions()
                options.intra_op_num_threads = self._threads
                # Threads that wait must not spin: other languages are being spoken at the same time.
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
                run_options = runtime.RunOptions()
                run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
                path = str(self._weights.get_kokoro_model())
                session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
                self._model = _Model(session, run_options, vocabulary)
            return self._model

    def _get_style(self, voice: str) -> NDArray[np.float32]:
        if voice not in self._styles:
            content = self._weights.get_voice_style(voice)
            self._styles[voice] = np.frombuffer(content, dtype="<f4").reshape(_STYLE_SHAPE)
        return self._styles[voice]

    def _phonemize(self, text: str, accent: str) -> str:
        """Write a text in phonemes. espeak-ng keeps its state in global variables, so one thread at a time."""
        with self._phonemizing:
            if accent not in self._phonemizers:
                self._phonemizers[accent] = _load_phonemizer(accent)
            (phonemes,) = self._phonemizers[accent].phonemize([text])
        return str(phonemes)


def _load_phonemizer(accent: str) -> Any:
    """Load espeak-ng for one language.

    The flags it puts around foreign words, “(en)”, are taken out: Kokoro would read them aloud.
    """
    espeak = import_package("espeakng_loader")
    wrapper = import_package("phonemizer.backend.espeak.wrapper").EspeakWrapper
    data_path = espeak.get_data_path()
    if len(data_path.encode()) > MAX_DATA_PATH_BYTES:
        raise ToolMissingError("espeak-ng cannot work from a path this long; install Dubline in a shorter one.")
    wrapper.set_library(espeak.get_library_path())
    wrapper.set_data_path(data_path)
    quiet = logging.getLogger(f"{__name__}.phonemizer")
    quiet.setLevel(logging.ERROR)
    return import_package("phonemizer.backend").EspeakBackend(
        accent, preserve_punctuation=True, with_stress=True, language_switch="remove-flags", logger=quiet
    )
