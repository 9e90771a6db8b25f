"""Onsets: when a voice is first heard, found in the level of the sound."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dubbing.envelope import WINDOW_MS, Envelope
from dubbing.transcript import Segment

SUSTAINED_WINDOWS = 3
"""Speech is as loud as this for so many windows; a click or a tap of 20 ms is not. Source: the shortest syllable
takes some 80 ms, and a vowel has 40 of it."""

FLOOR_PERCENTILE = 10
"""Percentile of the levels around that counts as the noise floor, per cent. Source: a tenth of even dense speech is
pauses and closures of plosives."""

FLOOR_CONTEXT_MS = 1_000
"""How much before the place in question belongs to its surroundings, ms: the breath that nearly every onset follows."""

ABOVE_FLOOR_DB = 10.0
"""Speech is so far above the floor, dB. Source: 10 ms windows of steady noise stay within 3 dB of their mean; a
recognisable voice has a signal-to-noise ratio of 10 dB and more."""

BELOW_SPEECH_DB = 25.0
"""Speech begins at most so far below its own loudest syllable, dB. Source: weak fricatives are some 20 dB below
vowels; room noise and breaths are further down."""

MIN_SNAP_MS = 150
"""A segment's start is not moved by less, ms. Source: peers; below lies the accuracy of the recognisers."""

MAX_SNAP_MS = 1_500
"""A segment's start is not moved by more, ms. Source: peers; a longer silence is no inaccuracy."""

MIN_LEFT_MS = 200
"""Least that is left of a segment when its start is moved, ms: one short word."""


def find_speech_onset(envelope: Envelope, from_ms: int, to_ms: int) -> int | None:
    """Find when somebody is first heard.

    The threshold is set by what is around: `ABOVE_FLOOR_DB` over the noise floor and within `BELOW_SPEECH_DB` of the
    loudest there is, whichever is higher.

    Args:
        from_ms, to_ms: where to look; who speaks there should be much of it.

    Returns:
        Start of the first window that is loud and stays so, ``from_ms`` at least; None where nothing stands out.

    >>> levels = np.array([-60] * 30 + [-20] * 20, np.float32)
    >>> find_speech_onset(Envelope(levels), 100, 500)
    300
    """
    first, last = max(0, from_ms) // WINDOW_MS, -(-max(0, to_ms) // WINDOW_MS)
    sustained = _erode(envelope.levels_dbfs[first:last])
    if not len(sustained):
        return None
    around = envelope.levels_dbfs[max(0, first - FLOOR_CONTEXT_MS // WINDOW_MS) : last]
    floor, loudest = float(np.percentile(around, FLOOR_PERCENTILE)), float(sustained.max())
    loud = np.flatnonzero(sustained >= max(floor + ABOVE_FLOOR_DB, loudest - BELOW_SPEECH_DB))
    return max(from_ms, (first + int(loud[0])) * WINDOW_MS) if len(loud) else None


def snap_onsets(segments: Sequence[Segment], envelope: Envelope) -> tuple[Segment, ...]:
    """Move the start of each segment to where its voice begins: recognisers often put it into the pause before.

    Only forward, by `MIN_SNAP_MS` to `MAX_SNAP_MS`, and never so far that the order of the segments changes or less
    than `MIN_LEFT_MS` is left.

    Args:
        segments: in order of ``start_ms``.
        envelope: of the recording.
    """
    limits_ms = [following.start_ms for _, following in pairwise(segments)] + [envelope.duration_ms]
    return tuple(_snap(segment, envelope, limit_ms) for segment, limit_ms in zip(segments, limits_ms, strict=False))


def _snap(segment: Segment, envelope: Envelope, limit_ms: int) -> Segment:
    onset_ms = find_speech_onset(envelope, segment.start_ms, segment.end_ms)
    if onset_ms is None or not MIN_SNAP_MS <= onset_ms - segment.start_ms <= MAX_SNAP_MS:
        return segment
    return replace(segment, start_ms=onset_ms) if onset_ms <= min(limit_ms, segment.end_ms - MIN_LEFT_MS) else segment


def _erode(levels_dbfs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the lowest of each `SUSTAINED_WINDOWS` levels that follow one another."""
    if len(levels_dbfs) < SUSTAINED_WINDOWS:
        return levels_dbfs[:0]
    lowest: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(levels_dbfs, SUSTAINED_WINDOWS).min(axis=1)
    return lowest
