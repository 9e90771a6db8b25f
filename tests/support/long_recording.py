"""Inspects, voices and mixes a long recording: run as a program, so that its memory can be watched from outside.

Usage: python -m tests.support.long_recording FOLDER
"""

import json
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from dubbing.mixing import PRESETS, plan_mix
from resources.media.bed import prepare_bed
from resources.media.codecs import CODECS, Tags
from resources.media.ffmpeg import find_ffmpeg
from resources.media.inspection import inspect_media
from resources.media.mix_graph import MixInputs
from resources.media.mixing import finish_dub, render_mix
from resources.media.voice_track import PlacedSpeech, write_voice_track
from resources.separation.deepfilter import DeepFilterSeparator

LENGTH_S = 3 * 3600
RATE_HZ = 8_000
"""The whole chain works at this rate, to be done in a minute or two; what is held in memory are blocks of frames, whose
number does not depend on it."""


def main() -> None:
    """Dub ``FOLDER/recording`` and print what came of it."""
    folder, ffmpeg = Path(sys.argv[1]), find_ffmpeg()
    recording = folder / "recording"
    laps = [time.monotonic()]
    source = inspect_media(recording, ffmpeg, max_duration_ms=4 * 3_600_000)
    laps.append(time.monotonic())
    bed = prepare_bed(
        recording,
        source,
        "duck",
        [],
        ffmpeg,
        rate_hz=RATE_HZ,
        channels=1,
        out=folder / "bed.wav",
        separator=DeepFilterSeparator,
    )
    laps.append(time.monotonic())
    track = write_voice_track(
        place_takes(), ffmpeg, total_ms=source.duration_ms, rate_hz=RATE_HZ, out=folder / "voice.wav"
    )
    laps.append(time.monotonic())
    plan = plan_mix(source.loudness, track.loudness, rate_hz=RATE_HZ, source_channels=1, preset=PRESETS["ebu_r128"])
    mix = render_mix(MixInputs(bed, "duck", track, plan), folder / "mix.wav", ffmpeg)
    loudness = finish_dub(mix, CODECS["m4a"], folder / "dub.m4a", ffmpeg, tags=Tags("T", "por")).loudness
    laps.append(time.monotonic())
    seconds = [round(end - start) for start, end in pairwise(laps)]
    facts = {"duration_ms": source.duration_ms, "lufs": loudness.integrated_lufs}
    json.dump(facts | dict(zip(("inspect_s", "bed_s", "track_s", "mix_s"), seconds, strict=True)), sys.stdout)


def place_takes() -> Iterator[PlacedSpeech]:
    """Five seconds of noise every nine."""
    noise = np.random.default_rng(0)
    for start_ms in range(5_000, LENGTH_S * 1000 - 10_000, 9_000):
        yield PlacedSpeech(start_ms, 0.1 * noise.standard_normal(5 * RATE_HZ, dtype=np.float32), RATE_HZ)


if __name__ == "__main__":
    main()
