"""How the emulator speaks: espeak-ng with a voice of its own for each of the vendors', or a tone for benchmarks.

The same request gives the same bytes. Filipino is read as Indonesian, and Chinese characters in Japanese by the names
that espeak-ng has for them, because it knows no better.
"""

import subprocess
import sys
import zlib
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vendor_emulator.voices import Timbre

Mode = Literal["espeak", "tone"]

_MORE_ESPEAK_VOICES = {"en": "en-us", "ja": "ja", "zh": "cmn", "pt": "pt-br", "no": "nb", "fil": "id", "ta": "ta"}

_SCRIPTS = {
    (0xAC00, 0xD7AF): "ko",
    (0x3040, 0x30FF): "ja",
    (0x4E00, 0x9FFF): "zh",
    (0x0400, 0x04FF): "ru",
    (0x0600, 0x06FF): "ar",
    (0x0900, 0x097F): "hi",
    (0x0B80, 0x0BFF): "ta",
    (0x0370, 0x03FF): "el",
    (0x0590, 0x05FF): "he",
}
"""Languages that can be told from their letters, in the order in which they are looked for."""

_READINGS_KEPT = 256
_TIMEOUT_S = 120

_TONE_RATE_HZ = 22_050
_TONE_CHARACTERS_PER_S = 15
_TONE_SYLLABLES_PER_S = 4
_TONE_SHORTEST_S = 0.3
_TONE_AMPLITUDE = 12_000

Integers = NDArray[np.int16]


class Speaking:
    """The voices, and the mode that they speak in."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Speak really."""
        self.mode: Mode = "espeak"

    def speak(self, text: str, *, timbre: Timbre, language: str, rate_hz: int, speed: float = 1.0) -> bytes:
        """Say a text.

        Args:
            language: BCP 47 tag.
            rate_hz: of the samples wanted.
            speed: > 1 is faster.

        Returns:
            Mono samples, 16 bits, little endian.
        """
        if self.mode == "tone":
            return _resample(_hum(text, timbre, speed), _TONE_RATE_HZ, rate_hz)
        samples, native_hz = _read(text, timbre, _get_espeak_voice(language), speed)
        return _resample(samples, native_hz, rate_hz)


def guess_language(text: str, default: str) -> str:
    """Tell a language by its letters, as far as that goes.

    >>> guess_language("안녕하세요", "en")
    'ko'
    """
    for (first, last), language in _SCRIPTS.items():
        if any(first <= ord(character) <= last for character in text):
            return language
    return default


def _get_espeak_voice(language: str) -> str:
    from resources.local.espeak import ESPEAK_VOICES

    base = language.partition("-")[0]
    for known in (ESPEAK_VOICES, _MORE_ESPEAK_VOICES):
        if (voice := known.get(language) or known.get(base)) is not None:
            return voice
    return "en-us"


@lru_cache(maxsize=_READINGS_KEPT)
def _read(text: str, timbre: Timbre, espeak_voice: str, speed: float) -> tuple[Integers, int]:
    """Let espeak-ng read; the pitch is made by claiming another rate for its samples, the tempo put right before."""
    from resources.local import espeak_process
    from resources.local.espeak import RATE_HZ, WORDS_PER_MINUTE
    from resources.local.packages import import_package

    loader = import_package("espeakng_loader")
    words_per_minute = str(round(WORDS_PER_MINUTE * speed / timbre.pitch))
    files = [loader.get_library_path(), loader.get_data_path()]
    voice = f"{espeak_voice}+{timbre.variant}"
    command = [sys.executable, "-I", "-S", espeak_process.__file__, *files, voice, words_per_minute]
    done = subprocess.run(
        command, input=text.encode(errors="replace"), capture_output=True, timeout=_TIMEOUT_S, check=True
    )
    return np.frombuffer(done.stdout, dtype="<i2"), round(RATE_HZ * timbre.pitch)


def _hum(text: str, timbre: Timbre, speed: float) -> Integers:
    """Make a tone that lasts as long as the text would, louder and softer as syllables are."""
    length_s = max(_TONE_SHORTEST_S, len(text) / _TONE_CHARACTERS_PER_S) / speed
    times = np.arange(round(length_s * _TONE_RATE_HZ)) / _TONE_RATE_HZ
    tone_hz = (100 + zlib.crc32(timbre.variant.encode()) % 150) * timbre.pitch
    loudness = 0.55 - 0.45 * np.cos(2 * np.pi * _TONE_SYLLABLES_PER_S * times)
    return (_TONE_AMPLITUDE * loudness * np.sin(2 * np.pi * tone_hz * times)).astype(np.int16)


def _resample(samples: Integers, from_hz: int, to_hz: int) -> bytes:
    """Interpolate on a line: enough for speech that only has to be told apart."""
    if from_hz == to_hz:
        return samples.astype("<i2").tobytes()
    times = np.arange(len(samples) * to_hz // from_hz) * (from_hz / to_hz)
    resampled: Integers = np.interp(times, np.arange(len(samples)), samples).round().astype("<i2")
    return resampled.tobytes()
