"""Probers at work: what they may use and say, and what a hostile header makes of them."""

import dataclasses
import json
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from time import monotonic

import pytest

from dubbing.errors import NotMediaError, ToolMissingError
from resources.media import av_probe, confined, probing
from resources.media.ffmpeg import Ffmpeg, name_file
from resources.media.inspection import measure_declared_ms
from tests.support.audio import build_wav

LENGTH_MS = 3000
MANY_BYTES = 100_000_000


def build_element(name: str, *parts: bytes | int) -> bytes:
    """An EBML element; numbers are stored in four bytes."""
    body = b"".join(part if isinstance(part, bytes) else struct.pack(">I", part) for part in parts)
    return bytes.fromhex(name) + struct.pack(">Q", len(body) | 1 << 56) + body


def build_matroska(*tags: bytes) -> bytes:
    """Three seconds of PCM at 8 kHz in as many tracks as there are tags ``DURATION``."""
    length = build_element("4489", struct.pack(">d", LENGTH_MS))
    info = build_element("1549A966", build_element("2AD7B1", 1_000_000), length)
    sound = build_element("E1", build_element("B5", struct.pack(">d", 8000)), build_element("6264", 16))
    tracks, lengths = b"", b""
    for number, text in enumerate(tags, 1):
        names = build_element("D7", number) + build_element("73C5", number) + build_element("83", 2)
        tracks += build_element("AE", names, build_element("86", b"A_PCM/INT/LIT"), sound)
        tag = build_element("67C8", build_element("45A3", b"DURATION"), build_element("4487", text))
        lengths += build_element("7373", build_element("63C0", build_element("63C5", number)), tag)
    blocks = [build_element("A3", struct.pack(">BhB", 0x81, at, 0x80), bytes(1600)) for at in range(0, LENGTH_MS, 100)]
    film = [info, build_element("1654AE6B", tracks), build_element("1254C367", lengths)]
    head = build_element("1A45DFA3", build_element("4282", b"matroska"))
    return head + build_element("18538067", *film, build_element("1F43B675", build_element("E7", 0), *blocks))


def write(folder: Path, data: bytes) -> Path:
    file = folder / "merger"
    file.write_bytes(data)
    return file


def measure(ffmpeg: Ffmpeg, file: Path) -> int | None:
    return measure_declared_ms(file, ffmpeg, max_duration_ms=3_600_000)


def measure_by(ffmpeg: Ffmpeg, folder: Path, script: str) -> int | None:
    """Measure a WAV by a prober of our own; it must become the program that it runs."""
    prober = folder / "ffprobe"
    prober.write_text(f"#!/bin/sh\n{script}\n")
    prober.chmod(0o755)
    return measure(dataclasses.replace(ffmpeg, probe_path=prober), write(folder, build_wav(bytes(16_000))))


def test_a_tag_states_the_length(ffmpeg: Ffmpeg, tmp_path: Path):
    assert measure(ffmpeg, write(tmp_path, build_matroska(b"00:00:02.500000000"))) == 2500


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_tag_of_hundreds_of_digits_is_damage(ffmpeg: Ffmpeg, tmp_path: Path, digits: int):
    with pytest.raises(NotMediaError):
        measure(ffmpeg, write(tmp_path, build_matroska(b"9" * digits + b":00:00")))


def test_long_tags_are_cut_where_they_are_read(tmp_path: Path):
    file = write(tmp_path, build_matroska(*[b"1" * 1_000_000] * 4))
    command = [sys.executable, av_probe.__file__, "{}", name_file(file)]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    assert len(json.loads(answer)["streams"]) == 4
    assert len(answer) < 2000


def test_a_prober_that_says_too_much_is_cut_off(ffmpeg: Ffmpeg, tmp_path: Path):
    tracemalloc.start()
    try:
        with pytest.raises(NotMediaError):
            measure_by(ffmpeg, tmp_path, f"exec head -c {MANY_BYTES} /dev/zero")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 10 * probing.MAX_ANSWER_BYTES


def test_a_prober_that_says_too_much_and_goes_on_is_ended(ffmpeg: Ffmpeg, tmp_path: Path):
    with pytest.raises(NotMediaError):
        measure_by(ffmpeg, tmp_path, "exec cat /dev/zero")


@pytest.mark.parametrize("script", ["exec sleep 30", "exec sleep 30 > /dev/null"])
def test_a_prober_that_hangs_is_not_waited_for_long(
    ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
):
    """Before it has answered, and after."""
    monkeypatch.setattr(probing, "PROBE_TIMEOUT_S", 0.3)
    start_s = monotonic()
    with pytest.raises(NotMediaError):
        measure_by(ffmpeg, tmp_path, script)
    assert monotonic() - start_s < 15


def test_a_prober_has_little_memory_and_time(ffmpeg: Ffmpeg, tmp_path: Path):
    limits = tmp_path / "limits"
    with pytest.raises(NotMediaError):
        measure_by(ffmpeg, tmp_path, f"(ulimit -v; ulimit -t; ulimit -c) > '{limits}'; exit 1")
    assert limits.read_text().split() == ["2097152", "30", "0"]


def test_the_stand_in_has_little_memory(ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "stand_in.py"
    program.write_text("import json\nbytes(3 * 1024**3)\nprint(json.dumps({}))\n")
    monkeypatch.setattr(av_probe, "__file__", str(program))
    with pytest.raises(NotMediaError):
        measure(dataclasses.replace(ffmpeg, probe_path=None), write(tmp_path, build_wav(bytes(16_000))))


def test_lower_limits_of_the_machine_stay():
    command = f"ulimit -v 1000000; exec '{sys.executable}' -I -S '{confined.__file__}' /bin/sh -c 'ulimit -v'"
    answer = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True)
    assert answer.stdout == b"1000000\n"


def test_a_prober_that_is_gone_is_no_fault_of_the_file(ffmpeg: Ffmpeg, tmp_path: Path):
    gone = dataclasses.replace(ffmpeg, probe_path=tmp_path / "ffprobe")
    with pytest.raises(ToolMissingError):
        measure(gone, write(tmp_path, build_wav(bytes(16_000))))
