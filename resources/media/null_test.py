"""The null test: that a dub is its original times one gain wherever the dub does not speak."""

import math
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubbing.limiting import Limited
from dubbing.mixing import DUCK_HOLD_MS, DUCK_LEAD_MS, DUCK_RELEASE_MS, Master
from dubbing.true_peak import Block
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

FAILED_RESIDUAL_DB = 0.0
"""Said where a dub is shorter than it must be, or is no sound at all, dB: as much is left as there was."""

Spans = Sequence[tuple[int, int]]
"""Stretches of time, (start, end) in ms."""


@dataclass(frozen=True, slots=True)
class NullTest:
    """What is left of a dub when its original, times the gain, is taken away.

    Attributes:
        residual_db: relative to the original times the gain, over all free stretches together but for where the
            limiter was at work.
        gain_db: the gain that the original has in the dub, by the least squares; at least `LOWEST_RESIDUAL_DB`.
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
        None where there is no free stretch, or nothing in it but silence and what was limited: that proves nothing.

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

    Returns:
        As `run_null_test` does; `FAILED_RESIDUAL_DB` where a sound ends before the free stretches do.
    """
    spans = [_to_frames(span, rate_hz) for span in free]
    sums = _Sums()
    for original, sound, gains in _cut_free(originals, finished, spans):
        sums.add(original, sound, gains, float(np.float32(db_to_gain(gain_db))))
    lacking = sum(end - start for start, end in spans) - sums.frames - sums.limited
    is_whole = lacking <= ms_to_frames(MARGIN_MS, rate_hz)
    if is_whole and not sums.expected:
        return None
    return NullTest(
        sums.measure_residual() if is_whole else FAILED_RESIDUAL_DB,
        sums.measure_gain(),
        frames_to_ms(sums.frames, rate_hz),
        frames_to_ms(sums.limited, rate_hz),
    )


@dataclass(slots=True)
class _Sums:
    """Energies of what was compared so far, in double precision: no sound of floats is beyond that."""

    original: float = 0.0
    common: float = 0.0
    expected: float = 0.0
    left: float = 0.0
    frames: int = 0
    limited: int = 0

    def add(self, original: Block, sound: Block, gains: NDArray[np.float32] | None, gain: float) -> None:
        whole = len(sound)
        if gains is not None:
            original, sound = original[gains == 1.0], sound[gains == 1.0]
        before, heard = original.ravel().astype(np.float64), sound.ravel().astype(np.float64)
        with np.errstate(invalid="ignore"):  # what is infinite or no number fails in the end
            energy, left = float(before @ before), heard - before * gain
            self.original += energy
            self.common += float(before @ heard)
            self.expected += energy * gain**2
            self.left += float(left @ left)
        self.frames += len(sound)
        self.limited += whole - len(sound)

    def measure_residual(self) -> float:
        ratio = self.left / self.expected
        if not math.isfinite(ratio):
            return FAILED_RESIDUAL_DB
        return max(LOWEST_RESIDUAL_DB, 10 * math.log10(ratio)) if ratio else LOWEST_RESIDUAL_DB

    def measure_gain(self) -> float:
        gain = self.common / self.original if self.original else 0.0
        if not math.isfinite(gain) or gain <= 0.0:
            return LOWEST_RESIDUAL_DB
        return max(LOWEST_RESIDUAL_DB, 20 * math.log10(gain))


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
