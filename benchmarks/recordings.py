"""The recordings that are measured with."""

import wave
from pathlib import Path

SAMPLE = Path(__file__).parents[1] / "samples" / "sense_and_sensibility.wav"
REPEATS = 24
"""The sample this often is ten minutes."""


def repeat_sample(out: Path) -> Path:
    """Write the sample many times over."""
    with wave.open(str(SAMPLE), "rb") as sample, wave.open(str(out), "wb") as long:
        long.setparams(sample.getparams())
        frames = sample.readframes(sample.getnframes())
        for _ in range(REPEATS):
            long.writeframes(frames)
    return out
