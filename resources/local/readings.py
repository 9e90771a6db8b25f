"""What a reading must be before it is believed: sound, finite, not silent, of a length its text could have."""

import numpy as np

from dubbing.engines import Samples
from dubbing.errors import SynthesisError
from dubbing.units import db_to_gain, ms_to_frames

FRAME_MS = 10
"""Length of the frames in which loudness is looked at, ms."""

EDGE_DB = -50.0
"""A frame this far below the loudest counts as silence at the edges, dB: under it Kokoro's padding, over it breath."""

MARGIN_MS = 20
"""Kept around what is not silence, ms."""

MIN_RMS_DB = -60.0
"""A reading quieter than this over its loudest frame is silence, dB re full scale."""

MIN_MS_PER_SYMBOL = 15
MAX_MS_PER_SYMBOL = 350
"""Wide bounds on the time that a phoneme or a letter takes at normal speed, ms; measured: 40 to 90."""

SLACK_MS = 1500
"""Added to the upper bound, ms: single words come slowly."""


class NotSpeechError(SynthesisError):
    """What came out is no reading of the text; trying again gives the same, another voice may not."""


def trim_silence(samples: Samples, rate_hz: int) -> Samples:
    """Take off the silence before and after; silence alone gives nothing back."""
    rms = _measure_rms(samples, rate_hz)
    loud = np.flatnonzero(rms > rms.max(initial=0.0) * db_to_gain(EDGE_DB))
    if not len(loud):
        return samples[:0]
    frame, margin = ms_to_frames(FRAME_MS, rate_hz), ms_to_frames(MARGIN_MS, rate_hz)
    start = max(0, int(loud[0]) * frame - margin)
    return samples[start : (int(loud[-1]) + 1) * frame + margin]


def require_speech(
    samples: Samples, rate_hz: int, *, speed: float, symbols: int, most_symbols: int | None = None
) -> None:
    """Refuse what cannot be a reading of a text.

    Args:
        samples: trimmed.
        rate_hz: frames per second.
        speed: asked for; > 1 is faster.
        symbols: phonemes or letters of the text.
        most_symbols: how many it may be when digits are spelt out, where that is not known; `symbols` by default.

    Raises:
        NotSpeechError: says what is wrong.
    """
    if not np.isfinite(samples).all():
        raise NotSpeechError("The synthesiser gave samples that are no numbers.")
    if _measure_rms(samples, rate_hz).max(initial=0.0) < db_to_gain(MIN_RMS_DB):
        raise NotSpeechError("The synthesiser gave silence.")
    length_ms = len(samples) * 1000 / rate_hz * speed
    longest_ms = (most_symbols or symbols) * MAX_MS_PER_SYMBOL + SLACK_MS
    if not symbols * MIN_MS_PER_SYMBOL <= length_ms <= longest_ms:
        raise NotSpeechError(f"The synthesiser gave {length_ms:.0f} ms for {symbols} symbols, which no voice speaks.")


def _measure_rms(samples: Samples, rate_hz: int) -> Samples:
    """Measure the level of each frame of `FRAME_MS`; the last, shorter one is filled with silence."""
    frame = ms_to_frames(FRAME_MS, rate_hz)
    padded = np.pad(samples, (0, -len(samples) % frame)).reshape(-1, frame)
    rms: Samples = np.sqrt(np.mean(np.square(padded), axis=1))
    return rms
