"""The local engine with its real models, built once for all tests of a session."""

import functools
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dubbing.engines import Samples, Voice
from dubbing.transcript import Transcript
from resources.local.recognizer import RATE_HZ, LocalRecognizer
from resources.local.synthesizer import LocalSynthesizer
from resources.local.translator import LocalTranslator
from resources.local.weights import WeightsStore

THREADS = 2

_CACHE = tempfile.TemporaryDirectory(prefix="dubline-test-weights-")


def decode_wav(path: Path) -> Iterator[Samples]:
    """Give a 16 kHz mono WAV in blocks of a second, as the media decoder would."""
    with wave.open(str(path), "rb") as source:
        assert (source.getframerate(), source.getnchannels()) == (RATE_HZ, 1)
        while block := source.readframes(RATE_HZ):
            yield (np.frombuffer(block, dtype="<i2") / 32768).astype(np.float32)


def write_beginning(source: Path, target: Path, length_ms: int) -> Path:
    """Copy the beginning of a WAV."""
    with wave.open(str(source), "rb") as whole, wave.open(str(target), "wb") as out:
        out.setparams(whole.getparams())
        out.writeframes(whole.readframes(whole.getframerate() * length_ms // 1000))
    return target


def write_speech(path: Path, samples: Samples, rate_hz: int) -> Path:
    """Write mono samples as a 16 kHz WAV, by linear interpolation: good enough to be recognised."""
    times = np.arange(int(len(samples) * RATE_HZ / rate_hz)) * rate_hz / RATE_HZ
    integers = np.round(np.interp(times, np.arange(len(samples)), samples).clip(-1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(integers.tobytes())
    return path


def join_words(transcript: Transcript) -> str:
    return " ".join(word.text for word in transcript.words)


def get_cache_dir() -> Path:
    return Path(_CACHE.name)


@functools.cache
def get_weights() -> WeightsStore:
    return WeightsStore(get_cache_dir())


@functools.cache
def get_recognizer() -> LocalRecognizer:
    return LocalRecognizer(get_weights(), decode_wav, threads=THREADS)


@functools.cache
def get_translator() -> LocalTranslator:
    return LocalTranslator(get_weights())


@functools.cache
def get_synthesizer() -> LocalSynthesizer:
    return LocalSynthesizer(get_weights(), threads=THREADS)


def get_voice(name: str) -> Voice:
    return next(voice for voice in get_synthesizer().list_voices() if voice.name == name)
