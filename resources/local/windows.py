"""Cutting a long recording into windows that fit in memory, where nobody speaks if possible."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from dubbing.engines import Samples
from dubbing.units import ms_to_frames

WINDOW_MS = 300_000
"""Most of a recording that is held at once, ms. At 16 kHz mono five minutes are 19 MB."""

SEARCH_MS = 60_000
"""Length of a full window's end in which its cut is looked for, ms: nobody speaks a minute without a pause."""

PAUSE_MS = 500
"""Length of the quietest stretch in whose middle we cut, ms: shorter ones also occur inside words."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a recording: its samples, and where its first frame lies."""

    start_frame: int
    samples: Samples


def iterate_windows(blocks: Iterable[Samples], rate_hz: int, window_ms: int = WINDOW_MS) -> Iterator[Window]:
    """Gather streamed blocks into windows of at most ``window_ms``, cut in the quietest place near their end.

    The windows follow each other without gap or overlap. Blocks may be of any length.

    Args:
        blocks: mono, in order.
        rate_hz: frames per second.
        window_ms: longest window, at least twice `PAUSE_MS`.
    """
    longest_frames = ms_to_frames(window_ms, rate_hz)
    pending: list[Samples] = []
    pending_frames, start_frame = 0, 0
    for block in blocks:
        pending.append(block)
        pending_frames += len(block)
        while pending_frames > longest_frames:
            gathered = np.concatenate(pending)
            cut_frame = find_cut_frame(gathered[:longest_frames], rate_hz)
            yield Window(start_frame, gathered[:cut_frame])
            pending = [gathered[cut_frame:]]
            pending_frames -= cut_frame
            start_frame += cut_frame
    if pending_frames:
        yield Window(start_frame, np.concatenate(pending))


def find_cut_frame(samples: Samples, rate_hz: int) -> int:
    """Find the middle of the quietest stretch of `PAUSE_MS` near the end of ``samples``.

    Energy is enough here, and it also finds the least bad place where music plays on: a cut that is wrong costs one
    word, not the transcript.
    """
    pause_frames = ms_to_frames(PAUSE_MS, rate_hz)
    first_frame = max(0, len(samples) - ms_to_frames(SEARCH_MS, rate_hz))
    tail = samples[first_frame:].astype(np.float64)
    energy_before = np.concatenate(([0.0], np.cumsum(tail * tail)))
    stretch_energy = energy_before[pause_frames:] - energy_before[:-pause_frames]
    return first_frame + int(np.argmin(stretch_energy)) + pause_frames // 2
