"""Limiting: peaks held under a ceiling, between the samples too, and nothing else touched.

Every gain is known from the sound around it, so that a recording of any length passes block by block and a sound
without peaks comes out bit for bit as it went in.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dubbing.true_peak import BETWEEN_SAMPLES_DB, INTERPOLATORS, TAPS, Block
from dubbing.units import db_to_gain, ms_to_frames

EASE_MS = 10
"""Over how long the gain falls before a peak and comes back after it, twice, ms. Source: within the 20 ms in which a
louder sound masks what came before it; a shorter fall would be heard as distortion."""


class Limited(NamedTuple):
    """A block with its peaks lowered.

    Attributes:
        gains: what each frame was multiplied with, at most 1; None where nothing was touched.
    """

    block: Block
    gains: NDArray[np.float32] | None


def limit_peaks(blocks: Iterable[Block], ceiling_dbtp: float, rate_hz: int) -> Iterator[Limited]:
    """Lower a sound around its peaks so that none passes a ceiling.

    Args:
        blocks: shape (frames, channels), all of one length but the last; at least 25 ms.
        ceiling_dbtp: highest peak let through.

    Yields:
        As many blocks, each as long as it was.
    """
    ceiling = db_to_gain(ceiling_dbtp)
    ease = ms_to_frames(EASE_MS, rate_hz)
    reach = 2 * ease + TAPS
    quiet = ceiling / db_to_gain(BETWEEN_SAMPLES_DB)
    for before, block, after in _surround(blocks, reach):
        parts = (before, block, after)
        if max(_find_peak(part) for part in parts) <= quiet:
            yield Limited(block, None)
            continue
        gains = _plan_gains(np.concatenate(parts), ceiling, quiet, ease)
        yield Limited(block, None) if gains is None else Limited(block * gains[:, None], gains)


def _surround(blocks: Iterable[Block], reach: int) -> Iterator[tuple[Block, Block, Block]]:
    """Give each block with what is around it; silence before the first and after the last."""
    iterator = iter(blocks)
    block = next(iterator, None)
    if block is None:
        return
    silence = np.zeros((reach, block.shape[1]), np.float32)
    before = silence
    for following in chain(iterator, [silence]):
        yield before, block, np.concatenate([following[:reach], silence])[:reach]
        before, block = np.concatenate([before, block])[-reach:], following


def _plan_gains(sound: Block, ceiling: float, quiet: float, ease: int) -> NDArray[np.float32] | None:
    """Plan the gains of the middle of a sound; None where nothing has to be lowered.

    The gain at a peak is the least that is needed within ``ease`` of it, averaged over no more than that: it is down
    in time, and never too little.
    """
    peaks = _measure_peaks(sound, quiet)
    if peaks.max() <= ceiling:
        return None
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, ceiling))
    lowest = _slide_minimum(needed, 2 * ease + 1)
    return _slide_mean(_slide_mean(lowest, ease + 1), ease + 1).astype(np.float32)


def _measure_peaks(sound: Block, quiet: float) -> NDArray[np.float32]:
    """Highest level at each frame and on the way to the next, over all channels; `TAPS` frames shorter at each end.

    Between the samples is looked only from the first that is not quiet to the last.
    """
    channels = [np.ascontiguousarray(sound[:, number]) for number in range(sound.shape[1])]
    levels: NDArray[np.float32] = np.maximum.reduce([np.abs(channel) for channel in channels])
    loud = np.flatnonzero(levels > quiet)
    first, last = max(TAPS, loud[0] - TAPS), min(len(sound) - TAPS, loud[-1] + TAPS)
    for channel in channels:
        near = channel[first - TAPS // 2 + 1 : last + TAPS // 2]
        for weights in INTERPOLATORS:
            between = np.abs(np.correlate(near, weights, "valid"))
            np.maximum(levels[first:last], between, out=levels[first:last])
    return levels[TAPS:-TAPS]


def _slide_minimum(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Take the least of every so many neighbours, by doubling."""
    reached = 1
    while reached < width:
        step = min(reached, width - reached)
        values = np.minimum(values[:-step], values[step:])
        reached += step
    return values


def _slide_mean(values: NDArray[np.floating], width: int) -> NDArray[np.float64]:
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    means: NDArray[np.float64] = (sums[width:] - sums[:-width]) / width
    return means


def _find_peak(block: Block) -> float:
    return float(max(block.max(), -block.min())) if block.size else 0.0
