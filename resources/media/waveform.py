"""The picture of a dub: the levels of source and dub one above the other, and the lines between them as bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dubbing.envelope import WINDOW_MS, Envelope

WIDTH, HEIGHT = 1200, 220
"""Pixels."""

LANE_HEIGHT = 90
BAR_HEIGHT = 12
QUIETEST_DBFS = -60.0
"""A level that is drawn as silence, dBFS."""

BACKGROUND, SOURCE, DUB, BAR, ORIGINAL, OVERFLOW = range(6)
"""Places of the colours in the palette; few colours make a small file."""

PALETTE = (255, 255, 255, 148, 163, 184, 37, 99, 235, 15, 118, 110, 203, 213, 225, 220, 38, 38)


@dataclass(frozen=True, slots=True)
class Bar:
    """A line in the picture.

    Attributes:
        overflow_ms: how much of its end runs over.
        is_original: whether the source's own speech stays there.
    """

    start_ms: int
    end_ms: int
    overflow_ms: int = 0
    is_original: bool = False


def draw_waveform(source: Envelope, dub: Envelope, bars: Sequence[Bar], out: Path) -> None:
    """Draw a PNG of some ten kilobytes, however long the recording; there is no text in it.

    Args:
        source: of the recording, drawn above.
        dub: of its voice, drawn below.
        bars: the dub's lines; what runs over is red.
    """
    total_ms = max(source.duration_ms, dub.duration_ms, WINDOW_MS)
    picture = Image.new("P", (WIDTH, HEIGHT), BACKGROUND)
    picture.putpalette(PALETTE)
    draw = ImageDraw.Draw(picture)
    _draw_lane(draw, source, total_ms, middle=LANE_HEIGHT // 2, colour=SOURCE)
    _draw_lane(draw, dub, total_ms, middle=HEIGHT - LANE_HEIGHT // 2, colour=DUB)
    top = (HEIGHT - BAR_HEIGHT) // 2
    for bar in bars:
        start, turn, end = (ms * WIDTH // total_ms for ms in (bar.start_ms, bar.end_ms - bar.overflow_ms, bar.end_ms))
        colour = ORIGINAL if bar.is_original else BAR
        draw.rectangle((start, top, max(start, turn - 1), top + BAR_HEIGHT), fill=colour)
        if bar.overflow_ms:
            draw.rectangle((turn, top, max(turn, end), top + BAR_HEIGHT), fill=OVERFLOW)
    picture.save(out, format="PNG", optimize=True)


def _draw_lane(draw: ImageDraw.ImageDraw, envelope: Envelope, total_ms: int, *, middle: int, colour: int) -> None:
    """Draw one column a pixel, as high as the loudest of its windows."""
    windows = total_ms // WINDOW_MS
    levels = np.full(windows, QUIETEST_DBFS)
    levels[: len(envelope.levels_dbfs)] = envelope.levels_dbfs
    firsts = np.arange(WIDTH) * windows // WIDTH
    loudest = np.maximum.reduceat(levels, firsts)
    shares = np.clip(1 - loudest / QUIETEST_DBFS, 0.0, 1.0)
    for column, half in enumerate(np.round(shares * (LANE_HEIGHT // 2)).astype(int)):
        draw.line((column, middle - int(half), column, middle + int(half)), fill=colour)
