"""The voice track of a dub: every take at its place, and beside it the key that ducks the original.

A WAV of 32-bit floats with two channels: 0 is the voice, 1 the key: full scale where the original is down, silence
where it is free. Floats, because speakers who talk at the same time add up to more than full scale; the mix brings
them down. Takes are written one by one; only what may still be added to is in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from dubbing.engines import Samples
from dubbing.mixing import DUCK_DB, DUCK_RELEASE_MS, Loudness, plan_duck_threshold, plan_gap_ducking
from dubbing.units import db_to_gain, frames_to_ms, ms_to_frames
from resources.media.ffmpeg import Ffmpeg, name_file, start_ffmpeg, written_whole
from resources.media.filtering import resample
from resources.media.loudness import LOUDNESS_SCANNER, parse_loudness
from resources.media.pcm_file import PCM_OPTIONS

BLOCK_FRAMES = 65_536
"""Silence is written in blocks of this length, frames."""

KEY_FLOOR = db_to_gain(plan_duck_threshold(DUCK_DB))
"""Level of the key at which the original just begins to sink; the lead rises from here to full scale."""


@dataclass(frozen=True, slots=True)
class PlacedSpeech:
    """A take and the time it begins in the dub."""

    start_ms: int
    samples: Samples
    rate_hz: int


@dataclass(frozen=True, slots=True)
class VoiceTrack:
    """A finished track.

    Attributes:
        speech_end_ms: when the last voice ends, which may be behind the end of the recording; 0 without takes.
        loudness: of the voice, in its one channel; the peak is that of the samples and may be above full scale.
    """

    path: Path
    rate_hz: int
    speech_end_ms: int
    loudness: Loudness


def write_voice_track(
    placed: Iterable[PlacedSpeech],
    ffmpeg: Ffmpeg,
    *,
    total_ms: int,
    rate_hz: int,
    out: Path,
    kept: Sequence[tuple[int, int]] = (),
) -> VoiceTrack:
    """Write the takes of a dub at their places and measure the voice on the way.

    Args:
        placed: in order of ``start_ms``; those that overlap are heard together. Asked for one by one.
        total_ms: of the recording; a last take may run over it.
        rate_hz: of the track. Takes at one common rate are resampled together, which is best.
        kept: when the source's own speech stays, (start, end) in ms: unless a take sounds, the original is free then.

    Raises:
        ValueError: takes that are out of order.
        DiskFullError, MediaError: nothing is left behind.
    """
    pipe_rate_hz, takes = _find_rate(placed, default_hz=rate_hz)
    with (
        written_whole(out) as part,
        start_ffmpeg(
            ffmpeg,
            _build_arguments(pipe_rate_hz, rate_hz, part),
            purpose="write the voice track",
            stdin=True,
            log_level="info",
        ) as running,
    ):
        writer = _TrackWriter(running.stdin, pipe_rate_hz, kept)
        for take in takes:
            writer.write_take(take.start_ms, resample(take.samples, take.rate_hz, pipe_rate_hz, ffmpeg))
        speech_end_frames = writer.write_rest(ms_to_frames(total_ms, pipe_rate_hz))
    return VoiceTrack(
        path=out,
        rate_hz=rate_hz,
        speech_end_ms=frames_to_ms(speech_end_frames, pipe_rate_hz),
        loudness=parse_loudness(running.report),
    )


def _find_rate(placed: Iterable[PlacedSpeech], *, default_hz: int) -> tuple[int, Iterator[PlacedSpeech]]:
    """Look at the first take's rate, and give all takes back; none is held on to."""
    takes = iter(placed)
    for first in takes:
        return first.rate_hz, chain([first], takes)
    return default_hz, takes


def _build_arguments(pipe_rate_hz: int, rate_hz: int, part: Path) -> list[str]:
    graph = f"[0:a]aresample={rate_hz},asplit[track][m];[m]pan=mono|c0=c0,{LOUDNESS_SCANNER},anullsink"
    return [
        *("-f", "f32le", "-ar", str(pipe_rate_hz), "-ac", "2", "-i", "pipe:0"),
        *("-filter_complex", graph, "-map", "[track]", *PCM_OPTIONS, name_file(part)),
    ]


class _TrackWriter:
    """Writes voice and key side by side, from the beginning to the end.

    What sounds from the latest start on is held back, because another voice may join it.
    """

    def __init__(self, pipe: IO[bytes], rate_hz: int, kept: Sequence[tuple[int, int]]) -> None:
        self._pipe = pipe
        self._rate_hz = rate_hz
        self._kept = kept
        self._position_frames = 0
        self._held: Samples = np.zeros(0, np.float32)

    def write_take(self, start_ms: int, samples: Samples) -> None:
        start = ms_to_frames(start_ms, self._rate_hz) - self._position_frames
        if start < 0:
            raise ValueError(f"the take at {start_ms} ms begins before the one before it")
        self._write_held(min(start, len(self._held)))
        if not len(self._held):
            self._write_gap(ms_to_frames(start_ms, self._rate_hz) - self._position_frames, is_before_take=True)
        joined = np.zeros(max(len(self._held), len(samples)), np.float32)
        joined[: len(self._held)] = self._held
        joined[: len(samples)] += samples
        self._held = joined

    def write_rest(self, total_frames: int) -> int:
        """Write what is left, up to the end of the recording; returns where the last voice ended."""
        self._write_held(len(self._held))
        speech_end = self._position_frames
        self._write_gap(max(0, total_frames - speech_end), is_before_take=False)
        return speech_end

    def _write_held(self, frames: int) -> None:
        self._write(self._held[:frames], np.float32(1.0))
        self._held = self._held[frames:]

    def _write_gap(self, frames: int, *, is_before_take: bool) -> None:
        gap_ms = frames_to_ms(frames, self._rate_hz)
        plan = plan_gap_ducking(
            gap_ms,
            is_after_take=self._position_frames > 0,
            is_before_take=is_before_take,
            open_ms=self._find_open(gap_ms),
        )
        hold = min(frames, ms_to_frames(plan.hold_ms, self._rate_hz))
        lead = min(frames - hold, ms_to_frames(plan.lead_ms, self._rate_hz))
        self._write_silence(hold, key=1.0)
        self._write_silence(frames - hold - lead, key=0.0)
        self._write(np.zeros(lead, np.float32), np.geomspace(KEY_FLOOR, 1.0, max(lead, 1), dtype=np.float32)[:lead])

    def _find_open(self, gap_ms: int) -> tuple[int, int] | None:
        """Find from when to when in the gap that begins here the original is free, so that kept speech is not ducked.

        It is free early enough to have come up when that speech begins.
        """
        at_ms = frames_to_ms(self._position_frames, self._rate_hz)
        kept = [(start - at_ms, end - at_ms) for start, end in self._kept if start < at_ms + gap_ms and end > at_ms]
        if not kept:
            return None
        first_ms, last_ms = min(start for start, _ in kept), max(end for _, end in kept)
        return max(0, first_ms - DUCK_RELEASE_MS), min(gap_ms, last_ms)

    def _write_silence(self, frames: int, *, key: float) -> None:
        for start in range(0, frames, BLOCK_FRAMES):
            self._write(np.zeros(min(BLOCK_FRAMES, frames - start), np.float32), np.float32(key))

    def _write(self, voice: Samples, key: NDArray[np.float32] | np.float32) -> None:
        block = np.empty((len(voice), 2), dtype="<f4")
        block[:, 0] = voice
        block[:, 1] = key
        self._pipe.write(block.tobytes())
        self._position_frames += len(voice)
