"""Sending samples in memory through an ffmpeg filter, for what is seconds long."""

import numpy as np

from dubbing.engines import Samples
from resources.media.ffmpeg import Ffmpeg, start_ffmpeg


def filter_samples(samples: Samples, rate_hz: int, filters: str, ffmpeg: Ffmpeg, *, purpose: str) -> Samples:
    """Send mono samples through a chain of filters.

    Args:
        filters: in ffmpeg's words; may change the rate.
        purpose: completes "could not …" in the error.

    Raises:
        MediaError: ffmpeg failed.
    """
    layout = ["-f", "f32le", "-ar", str(rate_hz), "-ac", "1"]
    arguments = [*layout, "-i", "pipe:0", "-af", filters, "-f", "f32le", "pipe:1"]
    with start_ffmpeg(ffmpeg, arguments, purpose=purpose, stdin=True, stdout=True) as running:
        answer = running.exchange(samples.astype("<f4").tobytes())
    return np.frombuffer(answer, dtype="<f4").astype(np.float32)


def resample(samples: Samples, rate_hz: int, to_rate_hz: int, ffmpeg: Ffmpeg) -> Samples:
    """Bring mono samples to another rate."""
    if rate_hz == to_rate_hz:
        return samples
    return filter_samples(samples, rate_hz, f"aresample={to_rate_hz}", ffmpeg, purpose="resample a take")
