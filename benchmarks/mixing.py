"""How fast an hour is mixed into one language, and beside it ten minutes by a script as most people write it.

Run alone with ``python -m benchmarks.mixing``. Each of the two runs as a program of its own, so that its memory and
the time of its processors are its own; inspecting the recording is part of the processors' time of ours.
"""

import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from dubbing.engines import Samples
from dubbing.mixing import PRESETS, plan_channels, plan_mix, plan_rate
from dubbing.units import ms_to_frames, ms_to_s
from resources.media.bed import prepare_bed
from resources.media.codecs import CODECS, Tags
from resources.media.ffmpeg import find_ffmpeg
from resources.media.inspection import inspect_media
from resources.media.mix_graph import MixInputs
from resources.media.mixing import finish_dub, render_mix, settle_master
from resources.media.null_test import find_free_spans, run_null_test
from resources.media.voice_track import PlacedSpeech, write_voice_track
from resources.separation.port import Separator

HOUR_MS = 3_600_000
REFERENCE_MS = 600_000
"""Length of what the reference mixes, ms: each overlay copies the whole, so that an hour takes 36 times as long."""

RATE_HZ = 48_000
TAKE_RATE_HZ = 24_000
TAKES_MS = tuple((start, start + 3_000) for start in range(0, HOUR_MS - 4_000, 4_000))
"""A take of three seconds every four, (start, end) in ms."""

BLOCK_S = 10
WATCH_S = 0.2
DUCK_DB = -12.0


def main() -> None:
    """Print the figures, or be one of the two programs."""
    programs = {"ours": mix_hour, "reference": mix_as_most_do}
    if len(sys.argv) > 1:
        programs[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
        return
    for name, value in measure_mixing().items():
        sys.stdout.write(f"{name.replace('_', ' '):45} {value:10.1f}\n")


def measure_mixing() -> dict[str, float]:
    """Mix in one channel and in two: times real time, seconds of processor for an hour, most memory in MB."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="dubline-bench-") as name:
        for channels, layout in ((1, "mono"), (2, "stereo")):
            for program, length_ms in (("ours", HOUR_MS), ("reference", REFERENCE_MS)):
                recording = write_recording(Path(name) / f"{layout}.wav", channels, length_ms)
                wall_s, cpu_s, peak_mb = watch([program, str(recording), name])
                figures |= {
                    f"mixing_{layout}_{program}_x_real_time": ms_to_s(length_ms) / wall_s,
                    f"mixing_{layout}_{program}_cpu_s_per_hour": cpu_s * HOUR_MS / length_ms,
                    f"mixing_{layout}_{program}_peak_mb": peak_mb,
                }
    return figures


def mix_hour(recording: Path, folder: Path) -> None:
    """Mix as the line does: bed, voice track, mix, master, M4A, measuring the file and the null test."""
    ffmpeg = find_ffmpeg()
    source = inspect_media(recording, ffmpeg, max_duration_ms=2 * HOUR_MS)
    begin = time.perf_counter()
    rate_hz, channels = plan_rate(source.rate_hz), plan_channels(source.channels)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        out = Path(name)
        bed = prepare_bed(
            recording, source, "duck", [], ffmpeg, rate_hz=rate_hz, channels=channels, out=out / "bed.wav",
            separator=_refuse,
        )  # fmt: skip
        track = write_voice_track(
            place_takes(), ffmpeg, total_ms=source.duration_ms, rate_hz=rate_hz, out=out / "track.wav"
        )
        plan = plan_mix(
            source.loudness, track.loudness, rate_hz=rate_hz, source_channels=channels, preset=PRESETS["podcast"]
        )
        mix = render_mix(MixInputs(bed, "duck", track, plan), out / "mix.wav", ffmpeg)
        codec, free = CODECS["m4a"], find_free_spans(TAKES_MS, source.duration_ms)
        master = settle_master(mix, codec, ffmpeg)
        with ThreadPoolExecutor(1) as pool:
            tested = pool.submit(run_null_test, recording, mix, master, free, ffmpeg)
            finish_dub(mix, codec, out / "dub.m4a", ffmpeg, tags=Tags("", "por"), master=master)
            tested.result()
    sys.stdout.write(str(time.perf_counter() - begin))


def mix_as_most_do(recording: Path, folder: Path) -> None:
    """Mix as scripts for dubbing do: everything in memory, one overlay for each take, no loudness, no limiter."""
    from pydub import AudioSegment  # type: ignore[import-untyped]

    AudioSegment.converter = str(find_ffmpeg().path)
    begin = time.perf_counter()
    bed = AudioSegment.from_wav(recording) + DUCK_DB
    samples = (next(make_takes()) * 32767).astype("<i2").tobytes()
    take = AudioSegment(samples, sample_width=2, frame_rate=TAKE_RATE_HZ, channels=1)
    for start_ms, _ in TAKES_MS:
        if start_ms < len(bed):
            bed = bed.overlay(take, position=start_ms)
    bed.export(folder / "reference.m4a", format="ipod", codec="aac", bitrate="160k" if bed.channels == 2 else "96k")
    sys.stdout.write(str(time.perf_counter() - begin))


def watch(words: list[str]) -> tuple[float, float, float]:
    """Run one of the two programs: seconds as it counts them, of processor, and its most memory, children included."""
    command = [sys.executable, "-m", "benchmarks.mixing", *words]
    peak_bytes = 0
    before = _count_children_s()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        family = psutil.Process(process.pid)
        while process.poll() is None:
            peak_bytes = max(peak_bytes, _measure_bytes(family))
            time.sleep(WATCH_S)
        output, _ = process.communicate()
        wall_s = float(output)
    return wall_s, _count_children_s() - before, peak_bytes / 2**20


def write_recording(out: Path, channels: int, length_ms: int) -> Path:
    """Write hum and noise, block by block."""
    noise = np.random.default_rng(0)
    time_s = np.arange(RATE_HZ * BLOCK_S) / RATE_HZ
    hum = 0.05 * np.sin(2 * np.pi * 220 * time_s)[:, None]
    with wave.open(str(out), "wb") as file:
        file.setparams((channels, 2, RATE_HZ, 0, "NONE", ""))
        for _ in range(length_ms // 1000 // BLOCK_S):
            block = hum + 0.02 * noise.standard_normal((len(hum), channels))
            file.writeframes((block * 32767).astype("<i2").tobytes())
    return out


def place_takes() -> Iterator[PlacedSpeech]:
    """Put a take at each of its places."""
    for (start_ms, _), samples in zip(TAKES_MS, make_takes(), strict=False):
        yield PlacedSpeech(start_ms, samples, TAKE_RATE_HZ)


def make_takes() -> Iterator[Samples]:
    """A tone that swells like syllables, for ever."""
    time_s = np.arange(ms_to_frames(3_000, TAKE_RATE_HZ)) / TAKE_RATE_HZ
    tone = 0.2 * np.sin(2 * np.pi * 200 * time_s) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s))
    while True:
        yield tone.astype(np.float32)


def _refuse() -> Separator:
    raise RuntimeError("nothing is separated here")


def _count_children_s() -> float:
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


def _measure_bytes(program: psutil.Process) -> int:
    total = 0
    try:
        for process in (program, *program.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


if __name__ == "__main__":
    main()
