"""Inspecting an upload: every file is hostile until it has been decoded once from end to end.

Refusals come in the order of their cost: first bytes, structure, header, decoding. Decoding stops as soon as the
answer is known, so that a small file cannot make us work for hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubbing.errors import (
    MediaError,
    NotMediaError,
    SilentAudioError,
    TooLongError,
    TruncatedMediaError,
)
from dubbing.mixing import Loudness, plan_channels
from dubbing.units import frames_to_ms, gain_to_db, ms_to_s
from resources.hashing import measure_sha256
from resources.media.containers import build_input_arguments, get_container
from resources.media.decoding import (
    INVALID_SAMPLES_AS_SILENCE,
    SAMPLE_BYTES,
    VALID_BELOW,
    build_timeline_filter,
    silence_invalid_samples,
)
from resources.media.ffmpeg import Ffmpeg, start_ffmpeg
from resources.media.loudness import LOUDNESS_SCANNER, parse_loudness
from resources.media.probing import Header, probe_header
from resources.media.wholeness import check_is_whole

SILENCE_PEAK_DBFS = -60.0
"""A recording whose loudest sample is below this is silent, dBFS. Source: the noise of a cheap sound card's input."""

LOUDNESS_BLOCK_MS = 400
"""Shorter recordings have no loudness, ms. Source: ITU-R BS.1770-5, gating block."""

TRUNCATION_TOLERANCE_MS = 300
"""How much shorter than declared a recording may decode, ms: priming and padding of codecs are below 100."""

MIN_BYTES_PER_SECOND = 16
"""A file with less than this cannot hold speech, bytes per second: the leanest codec here takes 590 (AMR 4.75) and
Opus at 6 kbit/s 750, so that at 16 at most 3 % could be sound; even discontinuous transmission of pure silence takes
more. What decodes to more seconds is a decompression bomb or has forged timestamps."""

IMPLAUSIBLE_AFTER_MS = 60_000
"""Shorter recordings are never implausible, ms; they cost nothing."""

OVERRUN_MS = 1_000
"""How far past the limit is decoded to know that it is passed, ms."""

MIN_CPU_LIMIT_S = 120
SLOWEST_DECODING = 10
"""Decoding and measuring slower than this many times real time is an attack; it runs at 100 and more (measured)."""

BLOCK_FRAMES = 1 << 16

SILENCE_SENTENCE = "There is nothing but silence in the recording; check that the right track was exported."


@dataclass(frozen=True, slots=True)
class SourceAudio:
    """What an accepted recording is, as decoded; the header is not believed.

    Attributes:
        duration_ms, frames: of the first audio stream on the file's timeline, silence before a late start included.
        container, codec: ffmpeg's names.
        loudness: folded to stereo where there are more channels.
        has_video: moving pictures beside the sound.
        has_invalid_samples: holds floats that are no numbers or garbage; they count as silence.
        picture: which of its moving pictures is the film, counted from 0.
    """

    duration_ms: int
    frames: int
    rate_hz: int
    channels: int
    codec: str
    container: str
    size_bytes: int
    sha256: str
    loudness: Loudness
    has_video: bool
    has_invalid_samples: bool
    picture: int = 0


@dataclass(frozen=True, slots=True)
class _Limits:
    """What this file may decode to."""

    size_bytes: int
    max_duration_ms: int

    def check(self, duration_ms: int, *, is_silent: bool = False) -> None:
        """Refuse a length that is too long, or that so few bytes cannot hold."""
        if duration_ms > self.max_duration_ms:
            minutes = self.max_duration_ms // 60_000
            raise TooLongError(f"The recording is longer than {minutes} minutes; give a shorter part of it.")
        if duration_ms <= IMPLAUSIBLE_AFTER_MS or self.size_bytes >= MIN_BYTES_PER_SECOND * ms_to_s(duration_ms):
            return
        if is_silent:
            raise SilentAudioError(SILENCE_SENTENCE)
        raise TruncatedMediaError("The file holds far too little for the length it claims; export it again.")


@dataclass(slots=True)
class _Tally:
    """What has been decoded so far."""

    frames: int = 0
    peak: float = 0.0
    has_invalid_samples: bool = False

    @property
    def is_silent(self) -> bool:
        return gain_to_db(self.peak) < SILENCE_PEAK_DBFS

    def add(self, block: NDArray[np.float32]) -> None:
        self.frames += len(block)
        peak = float(np.max(np.abs(block)))
        if not peak < VALID_BELOW:  # what is no number is not below either
            self.has_invalid_samples = True
            peak = float(np.max(np.abs(silence_invalid_samples(block))))
        self.peak = max(self.peak, peak)


def inspect_media(path: Path, ffmpeg: Ffmpeg, *, max_duration_ms: int) -> SourceAudio:
    """Decode an upload once from end to end and measure it, or refuse it with the reason.

    Args:
        path: content from a stranger; the name proves nothing.
        max_duration_ms: longest recording accepted.

    Raises:
        InputError: one of its kinds: empty, not media, unsafe, no sound, truncated, too long, silent.
        ToolMissingError: no prober is installed.
    """
    container = get_container(path)
    limits = _Limits(path.stat().st_size, max_duration_ms)
    header = _check_header(path, container, ffmpeg, limits)
    tally, loudness = _decode(path, ffmpeg, header, limits)
    duration_ms = frames_to_ms(tally.frames, header.rate_hz)
    if header.declared_ms is not None and header.declared_ms - duration_ms > TRUNCATION_TOLERANCE_MS:
        raise TruncatedMediaError("The file ends before the length it declares; upload the whole recording again.")
    if tally.is_silent or (not loudness.has_level and duration_ms >= LOUDNESS_BLOCK_MS):
        raise SilentAudioError(SILENCE_SENTENCE)
    return SourceAudio(
        duration_ms=duration_ms,
        frames=tally.frames,
        rate_hz=header.rate_hz,
        channels=header.channels,
        codec=header.codec,
        container=container,
        size_bytes=limits.size_bytes,
        sha256=measure_sha256(path),
        loudness=loudness,
        has_video=header.has_video,
        has_invalid_samples=tally.has_invalid_samples,
        picture=header.picture,
    )


def measure_declared_ms(path: Path, ffmpeg: Ffmpeg, *, max_duration_ms: int) -> int | None:
    """Check an upload by its first bytes, structure and header, without decoding: quick, and not yet the whole truth.

    Returns:
        The length its header states, ms; None where it states none.

    Raises:
        InputError: one of its kinds: empty, not media, unsafe, no sound, truncated, too long.
        ToolMissingError: no prober is installed.
    """
    limits = _Limits(path.stat().st_size, max_duration_ms)
    return _check_header(path, get_container(path), ffmpeg, limits).declared_ms


def parse_source_audio(record: Mapping[str, Any]) -> SourceAudio:
    """Read what ``dataclasses.asdict`` made of a `SourceAudio`."""
    return SourceAudio(**{**record, "loudness": Loudness(**record["loudness"])})


def _check_header(path: Path, container: str, ffmpeg: Ffmpeg, limits: _Limits) -> Header:
    check_is_whole(path, container)
    header = probe_header(path, container, ffmpeg)
    if header.declared_ms is not None:
        limits.check(header.declared_ms)
    return header


def _decode(path: Path, ffmpeg: Ffmpeg, header: Header, limits: _Limits) -> tuple[_Tally, Loudness]:
    """Decode once; a second time only where invalid samples have spoilt the measurement of loudness."""
    tally, report = _decode_once(path, ffmpeg, header, limits, has_invalid_samples=False)
    if tally.has_invalid_samples:
        _, report = _decode_once(path, ffmpeg, header, limits, has_invalid_samples=True)
    return tally, parse_loudness(report)


def _decode_once(
    path: Path, ffmpeg: Ffmpeg, header: Header, limits: _Limits, *, has_invalid_samples: bool
) -> tuple[_Tally, str]:
    channels = plan_channels(header.channels)
    arguments = _build_arguments(path, header, limits, has_invalid_samples=has_invalid_samples)
    tally = _Tally()
    try:
        with start_ffmpeg(ffmpeg, arguments, purpose="decode the recording", stdout=True, log_level="info") as running:
            while data := running.stdout.read(BLOCK_FRAMES * channels * SAMPLE_BYTES):
                tally.add(np.frombuffer(data, dtype="<f4").reshape(-1, channels))
                limits.check(frames_to_ms(tally.frames, header.rate_hz), is_silent=tally.is_silent)
    except MediaError as error:
        raise NotMediaError("The sound in the file cannot be decoded; export the recording again.") from error
    if not tally.frames:
        raise NotMediaError("There is no sound to decode in the file; export the recording again.")
    return tally, running.report


def _build_arguments(path: Path, header: Header, limits: _Limits, *, has_invalid_samples: bool) -> list[str]:
    graph = [build_timeline_filter(header.rate_hz)]
    if has_invalid_samples:
        graph.append(f"aeval=exprs='{INVALID_SAMPLES_AS_SILENCE}':c=same")
    if plan_channels(header.channels) != header.channels:
        graph.append("aformat=channel_layouts=stereo")
    limit_s = ms_to_s(limits.max_duration_ms + OVERRUN_MS)
    cpu_limit_s = MIN_CPU_LIMIT_S + round(limit_s / SLOWEST_DECODING)
    return [
        *("-timelimit", str(cpu_limit_s)),
        *build_input_arguments(path),
        *("-map", "0:a:0", "-af", ",".join([*graph, LOUDNESS_SCANNER])),
        *("-t", str(limit_s), "-f", "f32le", "pipe:1"),
    ]
