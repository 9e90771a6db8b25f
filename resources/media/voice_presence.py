"""Whether a voice is heard in its mix: how far it stands above what else sounds while it speaks."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubbing.audio import SILENCE_DBFS
from dubbing.units import db_to_gain, ms_to_frames
from resources.media.mixing import Mix
from resources.media.pcm_file import PcmFile
from resources.media.voice_reading import TRACK_CHANNELS

MAX_TAKES = 20
"""Most takes that are looked at; they are spread over the dub."""

MAX_TAKE_MS = 10_000
"""How much of a take is looked at, ms."""

HIGHEST_DB = 100.0
"""Said where nothing but the voice is heard, dB; where no voice is, its negative."""


def measure_voice_over_bed(mix: Mix, track: Path, takes: Sequence[tuple[int, int]]) -> float | None:
    """Measure how far the voice is above all else, by how much of the mix is like the voice.

    What is like it is found by least squares: other sounds do not follow a voice sample by sample.

    Args:
        track: of two channels, voice and key, as `write_voice_track` wrote it; at the rate of the mix, and in time.
        takes: when the dub speaks, (start, end) in ms.

    Returns:
        Of the take where that is least, dB; None where the track has no voice that could be looked for.
    """
    spans = [(ms_to_frames(start, mix.rate_hz), ms_to_frames(end, mix.rate_hz)) for start, end in _spread(takes)]
    levels_db: list[float] = []
    with PcmFile(track, TRACK_CHANNELS) as voices, PcmFile(mix.path, mix.channels) as sounds:
        for start, end in spans:
            voice = _read(voices, start, end - start)[:, 0]
            if np.sqrt(np.mean(np.square(voice))) >= db_to_gain(SILENCE_DBFS):
                levels_db.append(_compare(voice, _read(sounds, start, end - start).mean(axis=1)))
    return min(levels_db, default=None)


def _spread(takes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    count = min(MAX_TAKES, len(takes))
    chosen = [takes[(2 * n + 1) * len(takes) // (2 * count)] for n in range(count)]
    return [(start, min(end, start + MAX_TAKE_MS)) for start, end in chosen]


def _read(file: PcmFile, start: int, frames: int) -> NDArray[np.float64]:
    """Read samples; behind the end of a file is silence."""
    found = file.read(min(start, file.frames), frames)
    return np.pad(found.astype(np.float64), ((0, frames - len(found)), (0, 0)))


def _compare(voice: NDArray[np.float64], sound: NDArray[np.float64]) -> float:
    with np.errstate(invalid="ignore"):  # what is no number is no voice
        like = max(0.0, float(voice @ sound) / float(voice @ voice)) * voice
        rest = sound - like
        own, others = float(like @ like), float(rest @ rest)
    if not own > 0 or not math.isfinite(others):
        return -HIGHEST_DB
    return max(-HIGHEST_DB, min(HIGHEST_DB, 10 * math.log10(own / others) if others else HIGHEST_DB))
