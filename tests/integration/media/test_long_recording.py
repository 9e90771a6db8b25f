"""Three hours of recording through inspection, voice track and mix: nothing is held whole."""

import json
import subprocess
import sys
from pathlib import Path

import psutil

from resources.media.ffmpeg import Ffmpeg, name_file
from tests.support.audio import run_tool
from tests.support.long_recording import LENGTH_S, RATE_HZ

MEMORY_LIMIT_MB = 300
SAMPLING_S = 0.1


def test_three_hours_take_no_more_memory_than_a_minute(ffmpeg: Ffmpeg, tmp_path: Path):
    noise = ["-f", "lavfi", "-i", f"anoisesrc=r={RATE_HZ}:d={LENGTH_S}:a=0.1", "-c:a", "pcm_mulaw", "-f", "wav"]
    run_tool(ffmpeg, [*noise, name_file(tmp_path / "recording")])
    program = [sys.executable, "-m", "tests.support.long_recording", str(tmp_path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as process:
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
