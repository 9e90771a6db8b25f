"""The envelope of a sound: its level over time, small enough to be held for hours of it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubbing.engines import Samples

WINDOW_MS = 10
"""Length of the stretches whose level is taken, ms. Source: short enough for onsets, two periods of a low voice."""

RATE_HZ = 16_000
"""Rate at which sound is looked at, Hz: speech needs no more, and a window is a whole number of its frames."""

FLOOR_DBFS = -100.0
"""Level of digital silence in an envelope, dBFS."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Levels of a sound, one for each `WINDOW_MS`.

    Attributes:
        levels_dbfs: root mean square of each window, shape (windows,), at least `FLOOR_DBFS`; the last window is filled
            with silence.
    """

    levels_dbfs: NDArray[np.float32]

    @property
    def duration_ms(self) -> int:
        """Length, up to the end of the last window."""
        return len(self.levels_dbfs) * WINDOW_MS


def build_envelope(blocks: Iterable[Samples], rate_hz: int = RATE_HZ) -> Envelope:
    """Take the levels of a sound that comes block by block.

    Args:
        blocks: mono, of any length.
        rate_hz: of which a window is a whole number of frames.

    >>> levels = build_envelope([np.full(200, 0.1, np.float32), np.zeros(120, np.float32)]).levels_dbfs
    >>> [round(float(level), 1) for level in levels]
    [-20.0, -26.0]
    """
    frames = rate_hz * WINDOW_MS // 1000
    if frames * 1000 != rate_hz * WINDOW_MS:
        raise ValueError(f"a window is not a whole number of frames at {rate_hz} Hz")
    levels: list[NDArray[np.float32]] = []
    rest = np.zeros(0, np.float32)
    for block in blocks:
        joined = np.concatenate([rest, block])
        whole = len(joined) // frames * frames
        levels.append(_measure_levels(joined[:whole].reshape(-1, frames)))
        rest = joined[whole:]
    if len(rest):
        levels.append(_measure_levels(np.pad(rest, (0, frames - len(rest))).reshape(1, frames)))
    return Envelope(np.concatenate(levels) if levels else np.zeros(0, np.float32))


def _measure_levels(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    mean_squares = np.mean(np.square(windows), axis=1)
    levels: NDArray[np.float32] = np.maximum(10 * np.log10(np.maximum(mean_squares, 1e-12)), FLOOR_DBFS)
    return levels.astype(np.float32)
