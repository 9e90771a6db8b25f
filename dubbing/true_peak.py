"""True peak: how high a sound rises, between its samples too."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from dubbing.units import db_to_gain

Block = NDArray[np.float32]

BETWEEN_SAMPLES_DB = 3.1
"""How far a peak may rise above the samples beside it, dB. Source: 3.01 dB, a sine of a quarter of the rate; what is
nearer to half of the rate could rise further is hardly in speech or music."""

OVERSAMPLING = 4
"""Between two samples so many points less one are looked at. Source: ITU-R BS.1770-5, annex 2."""

TAPS = 16
"""Samples that a point between two of them is found from."""


def measure_true_peak(blocks: Iterable[Block]) -> float:
    """Find the highest level of a sound, full scale 1.0; 0 for silence.

    Between samples is looked only where, by the samples, a peak could be higher than the highest yet.

    Args:
        blocks: shape (frames, channels), of any lengths.
    """
    peak = 0.0
    for sound in _join(blocks):
        levels = np.abs(sound)
        peak = max(peak, float(levels.max()))
        loud = np.flatnonzero(levels > peak / db_to_gain(BETWEEN_SAMPLES_DB)) // sound.shape[1]
        peak = max(peak, _find_between(sound, loud))
    return peak


def _join(blocks: Iterable[Block]) -> Iterator[Block]:
    """Give each block behind the end of the one before it; silence before the first and after the last."""
    before = None
    for block in blocks:
        if before is None:
            before = np.zeros((TAPS, block.shape[1]), np.float32)
        sound = np.concatenate([before, block])
        yield sound
        before = sound[-TAPS:]
    if before is not None:
        yield np.concatenate([before, np.zeros_like(before)])


def _find_between(sound: Block, frames: NDArray[np.int64]) -> float:
    """Find the highest level on both sides of some frames, as far as there are samples around it."""
    places = np.union1d(frames - TAPS // 2, frames - TAPS // 2 + 1)
    near = sliding_window_view(sound, TAPS, axis=0)
    found = near[places[(places >= 0) & (places < len(near))]] @ INTERPOLATORS.T
    return float(np.abs(found).max(initial=0.0))


def _build_interpolator(fraction: float) -> NDArray[np.float32]:
    """Build the weights that find the value so far behind the middle one of `TAPS` samples: a windowed sinc."""
    offsets = np.arange(TAPS) - (TAPS // 2 - 1) - fraction
    taps = np.sinc(offsets) * np.kaiser(TAPS, 5.0)
    weights: NDArray[np.float32] = (taps / taps.sum()).astype(np.float32)
    return weights


INTERPOLATORS = np.stack([_build_interpolator(step / OVERSAMPLING) for step in range(1, OVERSAMPLING)])
"""The weights for each point between two samples, shape (OVERSAMPLING - 1, TAPS)."""
