"""Three hours of recording through inspection, voice track and mix: nothing is held whole."""

import json
import subprocess
import sys
from pathlib import Path

import psutil

from resources.media.ffmpeg import Ffmpeg, name_file
from tests.support.audio import run_tool

LENGTH_S = 3 * 3600
RATE_HZ = 8_000
"""The whole chain works at this rate here, to be done in a minute; what is held in memory are blocks of frames,
whose number does not depend on it."""

MEMORY_LIMIT_MB = 300
SAMPLING_S = 0.1

PROGRAM = f"""
import json, sys, time
from pathlib import Path
import numpy as np
from dubbing.mixing import PRESETS, plan_mix
from resources.media.ffmpeg import find_ffmpeg
from resources.media.inspection import inspect_media
from resources.media.mixing import render_mix
from resources.media.voice_track import PlacedSpeech, write_voice_track

def place():
    noise = np.random.default_rng(0)
    for start_ms in range(5_000, {LENGTH_S} * 1000 - 10_000, 9_000):
        take = 0.1 * noise.normal(size=5 * {RATE_HZ}).astype(np.float32)
        yield PlacedSpeech(start_ms, take, {RATE_HZ})

folder, ffmpeg, times = Path(sys.argv[1]), find_ffmpeg(), {{}}
started = time.monotonic()

def lap(name):
    global started
    times[name], started = round(time.monotonic() - started, 1), time.monotonic()

source = inspect_media(folder / "recording", ffmpeg, max_duration_ms=4 * 3_600_000)
lap("inspect")
track = write_voice_track(place(), ffmpeg, total_ms=source.duration_ms, rate_hz={RATE_HZ}, out=folder / "voice.flac")
lap("track")
plan = plan_mix(source.loudness, track.loudness, rate_hz={RATE_HZ}, source_channels=source.channels, preset=PRESETS["ebu_r128"])
loudness = render_mix(
    folder / "recording", source, track, plan, folder / "dub.m4a", ffmpeg, title="T", language_iso639_2="por"
)
lap("mix")
print(json.dumps({{"duration_ms": source.duration_ms, "lufs": loudness.integrated_lufs, "seconds": times}}))
"""


def test_three_hours_take_no_more_memory_than_a_minute(ffmpeg: Ffmpeg, tmp_path: Path):
    noise = ["-f", "lavfi", "-i", f"anoisesrc=r={RATE_HZ}:d={LENGTH_S}:a=0.1", "-c:a", "pcm_mulaw", "-f", "wav"]
    run_tool(ffmpeg, [*noise, name_file(tmp_path / "recording")])
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE) as process:
        peak_mb = watch_memory_mb(process)
        assert process.stdout is not None
        measured = json.load(process.stdout)
    print(f"at most {peak_mb} MB, ours and ffmpeg's together; {measured}")
    assert process.returncode == 0
    assert measured["duration_ms"] == LENGTH_S * 1000
    assert abs(measured["lufs"] + 23) <= 0.5
    assert peak_mb < MEMORY_LIMIT_MB


def watch_memory_mb(process: subprocess.Popen[bytes]) -> int:
    """The most that a process and its children held at one time until it ended."""
    peak_bytes = 0
    while True:
        try:
            process.wait(SAMPLING_S)
        except subprocess.TimeoutExpired:
            peak_bytes = max(peak_bytes, sum(map(measure_rss_bytes, list_family(process.pid))))
        else:
            return peak_bytes // 2**20


def list_family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def measure_rss_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
