"""Time-stretch: a take made faster or slower at its own pitch, and exactly as long as planned."""

import numpy as np

from dubbing.audio import SILENCE_DBFS, apply_edge_fades
from dubbing.engines import Samples
from dubbing.units import db_to_gain, ms_to_frames
from resources.media.ffmpeg import Ffmpeg
from resources.media.filtering import filter_samples

SPEED_RANGE = (0.5, 2.0)
"""Speeds that both stretchers do in one step."""

TAIL_TOLERANCE_MS = 5
"""How much of a tail that is not silent may be faded away, ms. Source: less than one period of a low voice; no
sound of speech is that short."""

PLAN_TOLERANCE = 1.02
"""By how much a take at its speed may be longer than its plan: lengths in the plan are rounded."""

MAX_SHIFT_MS = 30
"""Most that a take out of ``atempo`` is moved to put its first sound where the speed puts it, ms. Source: it makes
what follows a silence 11 to 28 ms early (measured). ``rubberband`` is right within 7 ms, and its soft pre-echo would
be taken for the first sound."""

MAX_ATTEMPTS = 3
"""How often a take is stretched, each time slightly faster, because it came out too long. Source: ``rubberband`` is
exact and ``atempo`` up to 7 ms longer than asked for (measured); the second attempt nearly always fits."""


def stretch(samples: Samples, rate_hz: int, ffmpeg: Ffmpeg, *, speed: float, frames: int) -> Samples:
    """Change the speed of a take and bring it to its planned length, without cutting words.

    Its first sound comes when the speed puts it. What comes out too long loses only silence, or is made again
    slightly faster; too short is padded with silence.

    Args:
        samples: mono.
        speed: > 1 is faster; 1 leaves the sound alone.
        frames: planned length; about ``len(samples) / speed`` or more.

    Returns:
        Exactly ``frames`` frames.

    Raises:
        ValueError: a speed out of range, or a plan that would cut words.
        MediaError: ffmpeg failed.
    """
    if not SPEED_RANGE[0] <= speed <= SPEED_RANGE[1]:
        raise ValueError(f"speed {speed} is not within {SPEED_RANGE}")
    longest = frames + ms_to_frames(TAIL_TOLERANCE_MS, rate_hz)
    spoken = _measure_sound_frames(samples)
    if spoken / speed > longest * PLAN_TOLERANCE:
        raise ValueError(f"{frames} frames would cut words: {spoken} are spoken, at speed {speed}")
    for _ in range(MAX_ATTEMPTS):
        stretched = _change_tempo(samples, rate_hz, ffmpeg, speed)
        spoken = _measure_sound_frames(stretched)
        if spoken <= longest:
            break
        speed *= spoken / frames
    return _fit_length(stretched, rate_hz, frames, is_cut=spoken > frames)


def _change_tempo(samples: Samples, rate_hz: int, ffmpeg: Ffmpeg, speed: float) -> Samples:
    if speed == 1.0 or not len(samples):
        return samples
    if ffmpeg.has_rubberband:
        filters = f"rubberband=tempo={speed:.6f}:formant=preserved:pitchq=quality"
        return filter_samples(samples, rate_hz, filters, ffmpeg, purpose="change the speed of a take")
    early = filter_samples(samples, rate_hz, f"atempo={speed:.6f}", ffmpeg, purpose="change the speed of a take")
    return _align_onset(early, samples, rate_hz, speed)


def _align_onset(stretched: Samples, samples: Samples, rate_hz: int, speed: float) -> Samples:
    """Add or take off silence at the beginning, so that the first sound is where the speed puts it."""
    limit = ms_to_frames(MAX_SHIFT_MS, rate_hz)
    onset = _measure_lead_frames(stretched)
    shift = max(-limit, min(limit, round(_measure_lead_frames(samples) / speed) - onset))
    if shift > 0:
        return np.concatenate([np.zeros(shift, dtype=np.float32), stretched])
    return stretched[-shift:] if shift < 0 else stretched


def _measure_lead_frames(samples: Samples) -> int:
    """Length of the silence before the first sound, frames; 0 where all is silence."""
    loud = np.abs(samples) > db_to_gain(SILENCE_DBFS)
    return int(np.argmax(loud)) if len(loud) else 0


def _measure_sound_frames(samples: Samples) -> int:
    """Length up to the last sample that is not silence, frames."""
    loud = np.flatnonzero(np.abs(samples) > db_to_gain(SILENCE_DBFS))
    return int(loud[-1]) + 1 if len(loud) else 0


def _fit_length(samples: Samples, rate_hz: int, frames: int, *, is_cut: bool) -> Samples:
    """Cut or add silence at the end; where a little sound is cut, it is faded first."""
    kept = samples[:frames]
    if is_cut:
        return apply_edge_fades(kept, rate_hz, fade_ms=TAIL_TOLERANCE_MS)
    return np.concatenate([kept, np.zeros(frames - len(kept), dtype=np.float32)])
