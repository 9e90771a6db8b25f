"""Measuring loudness by EBU R128 with ffmpeg's scanner, on the way through a graph or of a file."""

import math
import re
from pathlib import Path

from dubbing.errors import MediaError
from dubbing.mixing import LOUDNESS_FLOOR_LUFS, Loudness
from resources.media.containers import build_input_arguments
from resources.media.ffmpeg import Ffmpeg, start_ffmpeg

SCANNER = "ebur128"
SCANNER_OPTIONS = {"peak": "true", "framelog": "verbose"}
"""The filter whose summary `parse_loudness` reads; it is said at log level "info"."""

LOUDNESS_SCANNER = f"{SCANNER}=" + ":".join(f"{name}={value}" for name, value in SCANNER_OPTIONS.items())
"""The same in ffmpeg's words."""

QUICK_LOUDNESS_SCANNER = LOUDNESS_SCANNER.replace("peak=true", "peak=sample")
"""The same where the peak does not matter: looking between the samples takes two thirds of the time."""

QUICK_SCANNER_OPTIONS = {**SCANNER_OPTIONS, "peak": "sample"}
"""The options of that."""

PEAK_FLOOR_DBTP = -120.0
"""Peak of digital silence, dBTP; below the noise of 20-bit sound."""

_SUMMARY = re.compile(
    r"Integrated loudness:\s+I:\s+(?P<integrated>\S+) LUFS.*?"
    r"Loudness range:\s+LRA:\s+(?P<range>\S+) LU\b.*?"
    r"(?:True|Sample) peak:\s+Peak:\s+(?P<peak>\S+) dBFS",
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


def measure_loudness(path: Path, ffmpeg: Ffmpeg) -> Loudness:
    """Decode a file that passed inspection, or that we made, and measure it.

    Raises:
        MediaError: it cannot be decoded.
    """
    arguments = [*build_input_arguments(path), "-map", "0:a:0", "-af", LOUDNESS_SCANNER, "-f", "null", "pipe:1"]
    with start_ffmpeg(ffmpeg, arguments, purpose="measure the loudness", log_level="info") as running:
        pass
    return parse_loudness(running.report)


def _floor(reading: str, floor: float) -> float:
    value = float(reading)
    return max(floor, value) if math.isfinite(value) else floor
