"""espeak-ng: the robotic voice of last resort, for languages without a better one and for lines that Kokoro fails on.

Every reading is made by a process of its own: the library keeps state in global variables that changes the samples of
the next reading, and it ends its process on some errors.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

from dubbing.engines import Speech
from dubbing.errors import SynthesisError
from resources.local.packages import import_package
from resources.local.readings import require_speech, trim_silence

RATE_HZ = 22_050
FULL_SCALE = 32_768
"""Of the samples it gives, 16-bit integers."""

WORDS_PER_MINUTE = 175
"""espeak-ng's normal speed."""

TIMEOUT_S = 60
"""Longest one reading may take, s; an hour of speech takes about four."""

SYMBOLS_PER_DIGIT = 10
"""Letters that a digit may stand for when it is said."""

_CHILD = Path(__file__).with_name("espeak_process.py")

ESPEAK_VOICES = {
    "ar": "ar",
    "bg": "bg",
    "bn": "bn",
    "ca": "ca",
    "cs": "cs",
    "cy": "cy",
    "da": "da",
    "de": "de",
    "el": "el",
    "en": "en-us",
    "en-GB": "en",
    "es": "es",
    "et": "et",
    "eu": "eu",
    "fa": "fa",
    "fi": "fi",
    "fr": "fr",
    "ga": "ga",
    "he": "he",
    "hi": "hi",
    "hr": "hr",
    "hu": "hu",
    "id": "id",
    "is": "is",
    "it": "it",
    "ka": "ka",
    "ko": "ko",
    "lt": "lt",
    "lv": "lv",
    "mk": "mk",
    "ms": "ms",
    "nb": "nb",
    "nl": "nl",
    "pl": "pl",
    "pt-BR": "pt-br",
    "pt-PT": "pt",
    "ro": "ro",
    "ru": "ru",
    "sk": "sk",
    "sl": "sl",
    "sq": "sq",
    "sr": "sr",
    "sv": "sv",
    "sw": "sw",
    "ta": "ta",
    "tr": "tr",
    "uk": "uk",
    "ur": "ur",
    "vi": "vi",
}
"""espeak-ng's own name for each language that we offer, by canonical tag."""


def read_with_espeak(text: str, *, language: str, speed: float) -> Speech:
    """Read a text aloud; the same arguments give the same samples.

    Args:
        text: prepared: one line, nothing in it that is not said.
        language: a key of `ESPEAK_VOICES`.
        speed: > 1 is faster.

    Raises:
        SynthesisError: espeak-ng failed.
        NotSpeechError: what it gave is no reading of this text.
    """
    loader = import_package("espeakng_loader")
    words_per_minute = str(round(WORDS_PER_MINUTE * speed))
    files = [loader.get_library_path(), loader.get_data_path()]
    command = [sys.executable, "-I", "-S", str(_CHILD), *files, ESPEAK_VOICES[language], words_per_minute]
    try:
        answer = subprocess.run(command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise SynthesisError("espeak-ng failed on this text.") from error
    integers = np.frombuffer(answer.stdout, dtype="<i2")
    samples = trim_silence((integers / FULL_SCALE).astype(np.float32), RATE_HZ)
    spelt_out = sum(SYMBOLS_PER_DIGIT if character.isdigit() else 1 for character in text)
    require_speech(samples, RATE_HZ, speed=speed, symbols=len(text), most_symbols=spelt_out)
    return Speech(samples, RATE_HZ)
