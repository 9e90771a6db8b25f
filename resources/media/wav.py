"""Takes on disk: mono 16-bit WAV, small enough to be read whole."""

import wave
from pathlib import Path

import numpy as np

from dubbing.engines import Samples

FULL_SCALE = 32767


def write_wav(path: Path, samples: Samples, rate_hz: int) -> None:
    """Write mono samples; louder than full scale is clipped."""
    integers = np.round(np.clip(samples, -1.0, 1.0) * FULL_SCALE).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(integers.tobytes())


def read_wav(path: Path) -> tuple[Samples, int]:
    """Read what `write_wav` wrote: samples and their rate."""
    with wave.open(str(path), "rb") as source:
        integers = np.frombuffer(source.readframes(source.getnframes()), dtype="<i2")
        return (integers / FULL_SCALE).astype(np.float32), source.getframerate()
