"""Measuring loudness by EBU R128 with ffmpeg's scanner, on the way through a graph or of a file."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from dubbing.errors import MediaError
from dubbing.mixing import LOUDNESS_FLOOR_LUFS, Loudness
from dubbing.true_peak import Block, measure_true_peak
from dubbing.units import gain_to_db
from resources.media.containers import build_input_arguments
from resources.media.ffmpeg import Ffmpeg, start_ffmpeg

SCANNER = "ebur128"
SCANNER_OPTIONS = {"peak": "sample", "framelog": "verbose"}
"""The filter whose summary `parse_loudness` reads; it is said at log level "info". Its own look between the samples
takes twice the time of all the rest, so that peaks are of samples here."""

LOUDNESS_SCANNER = f"{SCANNER}=" + ":".join(f"{name}={value}" for name, value in SCANNER_OPTIONS.items())
"""The same in ffmpeg's words."""

BLOCK_BYTES = 1 << 18
"""How much of a file is looked at once, bytes a channel."""

PEAK_FLOOR_DBTP = -120.0
"""Peak of digital silence, dBTP; below the noise of 20-bit sound."""

_SUMMARY = re.compile(
    r"Integrated loudness:\s+I:\s+(?P<integrated>\S+) LUFS.*?"
    r"Loudness range:\s+LRA:\s+(?P<range>\S+) LU\b.*?"
    r"Sample peak:\s+Peak:\s+(?P<peak>\S+) dBFS",
    re.DOTALL,
)


def parse_loudness(report: str) -> Loudness:
    """Read the scanner's summary: the last one, since a file's tags may hold the like.

    Raises:
        MediaError: there is none.
    """
    summaries = list(_SUMMARY.finditer(report))
    if not summaries:
        raise MediaError("ffmpeg did not report the loudness; install another version of it.")
    found = summaries[-1]
    return Loudness(
        integrated_lufs=_floor(found["integrated"], LOUDNESS_FLOOR_LUFS),
        true_peak_dbtp=_floor(found["peak"], PEAK_FLOOR_DBTP),
        range_lu=_floor(found["range"], 0.0),
    )


def measure_loudness(path: Path, channels: int, ffmpeg: Ffmpeg) -> Loudness:
    """Decode a file that we made and measure it, its peak between the samples too.

    Args:
        channels: that the file has.

    Raises:
        MediaError: it cannot be decoded.
    """
    arguments = [*build_input_arguments(path), "-map", "0:a:0", "-af", LOUDNESS_SCANNER, "-f", "f32le", "pipe:1"]
    with start_ffmpeg(ffmpeg, arguments, purpose="measure the loudness", stdout=True, log_level="info") as running:
        peak = measure_true_peak(_read_blocks(running.stdout, channels))
    return replace(parse_loudness(running.report), true_peak_dbtp=max(PEAK_FLOOR_DBTP, gain_to_db(peak)))


def _read_blocks(stream: IO[bytes], channels: int) -> Iterator[Block]:
    while data := stream.read(BLOCK_BYTES * channels):
        yield np.frombuffer(data, dtype="<f4").reshape(-1, channels)


def _floor(reading: str, floor: float) -> float:
    value = float(reading)
    return max(floor, value) if math.isfinite(value) else floor
