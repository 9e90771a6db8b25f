"""Lines that keep the source's own voice: the original put into a bed that has lost it."""

from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from dubbing.true_peak import Block
from dubbing.units import ms_to_frames
from resources.media.bed import Bed
from resources.media.decoding import decode_blocks
from resources.media.ffmpeg import Ffmpeg

FADE_MS = 20
"""How long the bed turns into the original, and back, outside of the line, ms: shorter would be heard as a click."""

BLOCK_FRAMES = 1 << 16


def splice_original(bed: Bed, kept: Sequence[tuple[int, int]], ffmpeg: Ffmpeg) -> Generator[Block, None, None]:
    """Give the bed block by block, with the original in its place for a while.

    Args:
        bed: made with ``keeps_original``.
        kept: when the original is heard, (start, end) in ms, in order.

    Yields:
        Shape (frames, channels).

    Raises:
        ValueError: the bed was made without the original.
        MediaError: it cannot be decoded.
    """
    if bed.original_path is None:
        raise ValueError("the bed was made without the original")
    layout = {"rate_hz": bed.rate_hz, "channels": bed.channels, "block_frames": BLOCK_FRAMES}
    spans = [(ms_to_frames(start, bed.rate_hz), ms_to_frames(end, bed.rate_hz)) for start, end in kept]
    fade = ms_to_frames(FADE_MS, bed.rate_hz)
    with (
        closing(decode_blocks(bed.path, ffmpeg, **layout)) as beds,
        closing(decode_blocks(bed.original_path, ffmpeg, **layout)) as originals,
    ):
        start = 0
        for under, original in zip(beds, originals, strict=False):
            frames = min(len(under), len(original))
            share = plan_shares(spans, start, frames, fade)[:, None]
            yield under[:frames] + share * (original[:frames] - under[:frames])
            start += frames


def widen_spans(
    kept: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]], pad_ms: int
) -> tuple[tuple[int, int], ...]:
    """Widen spans at both ends, but with their fades not into any other: those are other people's words.

    A recogniser's times are not exact, and speech is taken out of a bed some way beyond them.

    Args:
        kept: (start, end) in ms.
        others: the same, in any order.

    >>> widen_spans([(1000, 2000), (5000, 6000)], [(0, 900), (2010, 3000)], 300)
    ((920, 2000), (4700, 6300))
    """
    widened = []
    for start, end in kept:
        before = [min(other_end + FADE_MS, start) for other_start, other_end in others if other_start < start]
        after = [max(other_start - FADE_MS, end) for other_start, other_end in others if other_end > end]
        widened.append((max([0, start - pad_ms, *before]), min([end + pad_ms, *after])))
    return tuple(widened)


def plan_shares(spans: Sequence[tuple[int, int]], start: int, frames: int, fade: int) -> NDArray[np.float32]:
    """Plan how much of the original is heard at each frame of a block, 0-1.

    >>> plan_shares([(4, 6)], 0, 10, 2).tolist()
    [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0]
    """
    shares = np.zeros(frames, np.float32)
    for begin, end in spans:
        first, last = max(0, begin - fade - start), min(frames, end + fade - start)
        if first < last:
            at = np.arange(first, last) + start
            ramp = np.clip(1 - np.maximum(begin - at, at - end) / fade, 0.0, 1.0)
            shares[first:last] = np.maximum(shares[first:last], ramp)
    return shares
