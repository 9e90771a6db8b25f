"""Takes in memory: where the speech is, and edges without clicks. A take is seconds long and may be held whole."""

import numpy as np

from dubbing.engines import Samples
from dubbing.units import db_to_gain, ms_to_frames

SILENCE_DBFS = -50.0
"""A stretch whose root mean square is below this is silence, dBFS. Source: noise of synthesised speech is below -60."""

WINDOW_MS = 10
"""Length of the stretches looked at, ms."""

PRE_ROLL_MS = 50
"""Kept before the speech, ms: soft consonants begin below the threshold. Source: peers."""

POST_ROLL_MS = 50
"""Kept behind the speech, ms: the end of a word decays below the threshold."""

EDGE_FADE_MS = 12
"""Length of the fade at both edges of a take, ms. Source: 10-15 ms removes the click and is not heard as a fade."""


def find_speech_span(samples: Samples, rate_hz: int, *, silence_dbfs: float = SILENCE_DBFS) -> tuple[int, int]:
    """Find the speech of a take within the silence around it.

    Args:
        samples: mono, shape (frames,).
        rate_hz: frames per second.

    Returns:
        First frame and the frame after the last, the rolls included; ``(0, 0)`` if all is silence.
    """
    window = max(1, ms_to_frames(WINDOW_MS, rate_hz))
    starts = np.arange(0, len(samples), window)
    if not len(starts):
        return 0, 0
    sums = np.add.reduceat(np.square(samples, dtype=np.float64), starts)
    loud = np.flatnonzero(sums >= window * db_to_gain(silence_dbfs) ** 2)
    if not len(loud):
        return 0, 0
    start = int(loud[0]) * window - ms_to_frames(PRE_ROLL_MS, rate_hz)
    end = (int(loud[-1]) + 1) * window + ms_to_frames(POST_ROLL_MS, rate_hz)
    return max(0, start), min(len(samples), end)


def trim_silence(samples: Samples, rate_hz: int, *, silence_dbfs: float = SILENCE_DBFS) -> Samples:
    """Take off the silence around a take, but for the rolls of `find_speech_span`.

    Returns:
        A view of ``samples``; empty if all is silence.
    """
    start, end = find_speech_span(samples, rate_hz, silence_dbfs=silence_dbfs)
    return samples[start:end]


def apply_edge_fades(samples: Samples, rate_hz: int, *, fade_ms: int = EDGE_FADE_MS) -> Samples:
    """Fade a take in and out with half a cosine; a take shorter than two fades gets shorter ones.

    Returns:
        A copy; its first and last frames are 0.
    """
    faded = samples.copy()
    frames = min(ms_to_frames(fade_ms, rate_hz), len(samples) // 2)
    if frames:
        rise = (0.5 - 0.5 * np.cos(np.pi * np.arange(frames) / frames)).astype(np.float32)
        faded[:frames] *= rise
        faded[-frames:] *= rise[::-1]
    return faded
