"""The null test: that a dub is its original times one gain wherever the dub does not speak."""

import math
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubbing.limiting import Block, Limited
from dubbing.mixing import DUCK_HOLD_MS, DUCK_LEAD_MS, DUCK_RELEASE_MS, Master
from dubbing.units import db_to_gain, frames_to_ms, ms_to_frames
from resources.media.decoding import decode_blocks
from resources.media.ffmpeg import Ffmpeg
from resources.media.mixing import BLOCK_FRAMES, Mix, master_blocks

MARGIN_MS = 20
"""Left out around what is not free, ms: filters ring before and after what they filter."""

SHORTEST_MS = 100
"""A stretch that is shorter proves nothing, ms."""

LOWEST_RESIDUAL_DB = -150.0
"""Said where nothing is left at all, dB."""

Spans = Sequence[tuple[int, int]]
"""Stretches of time, (start, end) in ms."""


@dataclass(frozen=True, slots=True)
class NullTest:
    """What is left of a dub when its original, times the gain, is taken away.

    Attributes:
        residual_db: relative to the original times the gain, over all free stretches together but for where the
            limiter was at work.
        gain_db: the one gain.
        free_ms: how much was looked at.
        limited_ms: how much more is free, but was limited.
    """

    residual_db: float
    gain_db: float
    free_ms: int
    limited_ms: int


def find_free_spans(takes: Spans, total_ms: int, *, changed: Spans = ()) -> list[tuple[int, int]]:
    """Find when the original is heard alone and at its own level.

    Args:
        takes: when the dub speaks.
        changed: when the bed is not the original.

    >>> find_free_spans([(2000, 3000)], 5000)
    [(0, 1780), (3420, 5000)]
    """
    before_ms, after_ms = DUCK_LEAD_MS + MARGIN_MS, DUCK_HOLD_MS + DUCK_RELEASE_MS + MARGIN_MS
    busy = [(start - before_ms, end + after_ms) for start, end in takes]
    busy += [(start - MARGIN_MS, end + MARGIN_MS) for start, end in changed]
    free, free_from = [], 0
    for start, end in [*sorted(busy), (total_ms, total_ms)]:
        if start - free_from >= SHORTEST_MS:
            free.append((free_from, start))
        free_from = max(free_from, end)
    return free


def run_null_test(recording: Path, mix: Mix, master: Master, free: Spans, ffmpeg: Ffmpeg) -> NullTest | None:
    """Compare a mastered mix, before any codec, with its recording, which is decoded once more for it.

    Args:
        recording: the file that the bed was made of.
        free: as `find_free_spans` gives.

    Returns:
        None where there is no free stretch, or nothing but silence in it.

    Raises:
        MediaError: the recording cannot be decoded.
    """
    if not free:
        return None
    layout = {"rate_hz": mix.rate_hz, "channels": mix.channels, "block_frames": BLOCK_FRAMES}
    with (
        closing(decode_blocks(recording, ffmpeg, **layout)) as originals,
        closing(master_blocks(mix, master)) as finished,
    ):
        return compare(originals, finished, master.gain_db, free, mix.rate_hz)


def compare(
    originals: Iterable[Block], finished: Iterable[Limited], gain_db: float, free: Spans, rate_hz: int
) -> NullTest | None:
    """Take the original times a gain from a finished sound and measure what is left.

    Args:
        originals, finished: blocks of the same lengths, but for the last.
        free: in order.
    """
    gain = np.float32(db_to_gain(gain_db))
    expected, left, frames, limited = 0.0, 0.0, 0, 0
    for original, sound, gains in _cut_free(originals, finished, [_to_frames(span, rate_hz) for span in free]):
        wanted, heard = original * gain, sound
        if gains is not None:
            wanted, heard = wanted[gains == 1.0], heard[gains == 1.0]
        expected += _measure_energy(wanted)
        left += _measure_energy(heard - wanted)
        frames += len(heard)
        limited += len(sound) - len(heard)
    if not expected:
        return None
    residual_db = 10 * math.log10(left / expected) if left else LOWEST_RESIDUAL_DB
    return NullTest(
        max(LOWEST_RESIDUAL_DB, residual_db), gain_db, frames_to_ms(frames, rate_hz), frames_to_ms(limited, rate_hz)
    )


def _cut_free(
    originals: Iterable[Block], finished: Iterable[Limited], free: Spans
) -> Generator[tuple[Block, Block, NDArray[np.float32] | None], None, None]:
    """Give the free pieces of both, side by side."""
    position, first = 0, 0
    for original, (sound, gains) in zip(originals, finished, strict=False):
        end = position + min(len(original), len(sound))
        while first < len(free) and free[first][1] <= position:
            first += 1
        for start_frame, end_frame in free[first:]:
            if start_frame >= end:
                break
            piece = slice(max(start_frame, position) - position, min(end_frame, end) - position)
            yield original[piece], sound[piece], None if gains is None else gains[piece]
        position = end


def _to_frames(span: tuple[int, int], rate_hz: int) -> tuple[int, int]:
    return ms_to_frames(span[0], rate_hz), ms_to_frames(span[1], rate_hz)


def _measure_energy(block: Block) -> float:
    flat = block.ravel()
    return float(np.dot(flat, flat))
