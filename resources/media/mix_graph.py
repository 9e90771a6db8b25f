"""The filter graph of a mix, as ffmpeg's arguments.

    recording ─ timeline ─ layout ─ endless ─────────────┐
                                                         sidechaincompress ─┐
    track ─ endless ─┬─ channel 1, the key ──────────────┘                  amix ─ length ─ measured, or mastered
                     └─ channel 0, the voice ─ gain ────────────────────────┘

Both inputs are followed by endless silence and the mix is cut to its length: ``sidechaincompress`` throws away what
it has in hand of one input when the other ends (ffmpeg 5.1 to 9.0), and ``amix`` would gather what it cannot pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from dubbing.mixing import DUCK_ATTACK_MS, DUCK_RATIO, DUCK_RELEASE_MS, Master, MixPlan
from dubbing.units import db_to_gain, ms_to_frames
from resources.media.containers import build_input_options
from resources.media.decoding import INVALID_SAMPLES_AS_SILENCE, TIMELINE
from resources.media.ffmpeg import name_file
from resources.media.inspection import SourceAudio
from resources.media.loudness import SCANNER, SCANNER_OPTIONS
from resources.media.voice_track import VoiceTrack

OVERSAMPLING = 4
"""Peaks between samples are limited at this many times the rate. Source: ITU-R BS.1770-5, annex 2."""

LIMITER_ATTACK_MS = 5
LIMITER_RELEASE_MS = 50

_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class MixInputs:
    """What is mixed, and how."""

    recording: Path
    source: SourceAudio
    track: VoiceTrack
    plan: MixPlan

    @property
    def frames(self) -> int:
        """Length of the mix: the recording's, or the voice's where that runs over its end."""
        recorded = -(-self.source.frames * self.plan.rate_hz // self.source.rate_hz)
        return max(recorded, ms_to_frames(self.track.speech_end_ms, self.plan.rate_hz))


def build_measuring_arguments(inputs: MixInputs) -> list[str]:
    """Build the arguments that mix and measure, and write nothing."""
    measured = _mix(inputs).filter(SCANNER, **SCANNER_OPTIONS)
    return _compile(ffmpeg.output(measured, "pipe:1", f="null"))


def build_encoding_arguments(inputs: MixInputs, master: Master, out: Path, options: Mapping[str, str]) -> list[str]:
    """Build the arguments that mix, master and write a file with these output options."""
    mastered = _master(_mix(inputs), master, inputs.plan.rate_hz)
    return _compile(ffmpeg.output(mastered, name_file(out), **options))


def _mix(inputs: MixInputs) -> Any:
    plan = inputs.plan
    halves = _open(inputs.track.path).filter("apad").filter_multi_output("asplit")
    voice = halves[0].filter("channelmap", "|".join(f"0-{n}" for n in range(plan.channels)), _LAYOUTS[plan.channels])
    key = halves[1].filter("channelmap", "1-0", "mono")
    ducked = ffmpeg.filter(
        [_build_bed(inputs), key],
        "sidechaincompress",
        threshold=db_to_gain(plan.duck_threshold_db),
        ratio=DUCK_RATIO,
        attack=DUCK_ATTACK_MS,
        release=DUCK_RELEASE_MS,
        knee=1,
        detection="peak",
    )
    mix = ffmpeg.filter([ducked, _change_gain(voice, plan.voice_gain_db)], "amix", inputs=2, normalize=0)
    return mix.filter("atrim", end_sample=inputs.frames)


def _build_bed(inputs: MixInputs) -> Any:
    bed = _open(inputs.recording)
    if inputs.source.has_invalid_samples:
        bed = bed.filter("aeval", INVALID_SAMPLES_AS_SILENCE, c="same")
    resampled = bed.filter("aresample", inputs.plan.rate_hz, **TIMELINE)
    return resampled.filter("aformat", channel_layouts=_LAYOUTS[inputs.plan.channels]).filter("apad")


def _master(mix: Any, master: Master, rate_hz: int) -> Any:
    """Apply the gain, and hold the peaks between samples too, which is why the limiter works at a higher rate."""
    louder = _change_gain(mix, master.gain_db)
    if not master.is_limited:
        return louder
    limited = louder.filter("aresample", rate_hz * OVERSAMPLING).filter(
        "alimiter",
        limit=db_to_gain(master.ceiling_dbtp),
        attack=LIMITER_ATTACK_MS,
        release=LIMITER_RELEASE_MS,
        level=0,
        latency=1,
    )
    return limited.filter("aresample", rate_hz)


def _open(path: Path) -> Any:
    return ffmpeg.input(name_file(path), **build_input_options(path))["a:0"]


def _change_gain(stream: Any, gain_db: float) -> Any:
    return stream.filter("volume", f"{gain_db:.3f}dB")


def _compile(output: Any) -> list[str]:
    return [str(word) for word in ffmpeg.get_args(output)]
