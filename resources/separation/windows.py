"""Where speech is taken out, and what a separator has to hear for that: pure decisions on frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubbing.units import ms_to_frames

PAD_MS = 300
"""Taken out before and after speech too, ms: a recogniser's times are about 100 ms off, and breaths and echoes reach
further."""

FADE_MS = 20
"""Length of the cross-fade at the edges of a window, ms, within the padding."""

LEAD_MS = 1_000
"""Heard before a window, ms: a separator has to get used to the sound, and what it gives there is not used."""

TAIL_MS = 200
"""Heard behind a window, ms: separators look ahead, and spectra reach over the edge."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames from ``start`` up to and without ``end``; ``start`` may be negative."""

    start: int
    end: int


def plan_windows(speech: Sequence[tuple[int, int]], rate_hz: int) -> tuple[Stretch, ...]:
    """Plan where speech is taken out: around every span, in order, apart from each other.

    Args:
        speech: (start, end) in ms, in any order.

    >>> plan_windows([(1000, 2000), (2500, 3000)], 1000)
    (Stretch(start=700, end=3300),)
    """
    return _merge(
        Stretch(ms_to_frames(start, rate_hz) - ms_to_frames(PAD_MS, rate_hz), ms_to_frames(end + PAD_MS, rate_hz))
        for start, end in speech
    )


def plan_stretches(windows: Sequence[Stretch], rate_hz: int, frames: int) -> tuple[Stretch, ...]:
    """Plan what is heard for the windows, within a sound of so many frames."""
    lead, tail = ms_to_frames(LEAD_MS, rate_hz), ms_to_frames(TAIL_MS, rate_hz)
    heard = (Stretch(max(0, window.start - lead), min(frames, window.end + tail)) for window in windows)
    return _merge(stretch for stretch in heard if stretch.start < stretch.end)


def measure_weights(windows: Sequence[Stretch], rate_hz: int, start: int, frames: int) -> NDArray[np.float32]:
    """Say how much of each frame is replaced: 1 in a window, 0 outside, rising and falling at its edges.

    >>> measure_weights([Stretch(700, 3300)], 1000, 690, 40)[::10].tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    fade = ms_to_frames(FADE_MS, rate_hz)
    knots = [knot for w in windows for knot in ((w.start, 0), (w.start + fade, 1), (w.end - fade, 1), (w.end, 0))]
    if not knots:
        return np.zeros(frames, np.float32)
    at, weights = zip(*knots, strict=True)
    measured: NDArray[np.float32] = np.interp(np.arange(start, start + frames), at, weights).astype(np.float32)
    return measured


def _merge(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """Put stretches in order and join those that touch."""
    merged: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda stretch: stretch.start):
        if merged and stretch.start <= merged[-1].end:
            merged[-1] = Stretch(merged[-1].start, max(merged[-1].end, stretch.end))
        else:
            merged.append(stretch)
    return tuple(merged)
