"""Running ffmpeg: found or missed with a reason, never left behind, never heard."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from dubbing.errors import DiskFullError, MediaError, ToolMissingError
from resources.media import ffmpeg as module
from resources.media.ffmpeg import Ffmpeg, find_ffmpeg, name_file, start_ffmpeg, stop_running_ffmpeg, written_whole
from tests.support.processes import list_ffmpeg

ENDLESS = ["-re", "-f", "lavfi", "-i", "anullsrc", "-f", "null", "pipe:1"]
DEADLINE_S = 20


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def write_script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, for us and our children: what a full disk is, on every machine."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write_noise(ffmpeg: Ffmpeg, out: Path) -> None:
    noise = ["-f", "lavfi", "-i", "anoisesrc=d=60", "-f", "wav"]
    with written_whole(out) as part, start_ffmpeg(ffmpeg, [*noise, name_file(part)], purpose="write noise"):
        pass


def test_an_ffmpeg_is_found_and_described(ffmpeg: Ffmpeg):
    assert ffmpeg.path.exists()
    assert find_ffmpeg() is ffmpeg


def test_the_systems_ffmpeg_comes_first(ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = write_script(tmp_path / "ffmpeg", f'exec "{ffmpeg.path}" "$@"')
    write_script(tmp_path / "ffprobe", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = find_ffmpeg.__wrapped__()
    assert (found.path, found.probe_path) == (own, tmp_path / "ffprobe")


def test_an_ffmpeg_that_does_not_run_is_passed_over(ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    broken = write_script(tmp_path / "ffmpeg", "exit 127")
    monkeypatch.setattr(module, "_list_candidates", lambda: iter([broken, ffmpeg.path]))
    assert find_ffmpeg.__wrapped__() == ffmpeg


def test_a_build_without_rubberband_is_recognised(ffmpeg: Ffmpeg, tmp_path: Path):
    poor = write_script(tmp_path / "ffmpeg", f'"{ffmpeg.path}" "$@" | grep -v rubberband')
    assert not find_ffmpeg(poor).has_rubberband
    assert ffmpeg.has_rubberband


def test_a_missing_ffmpeg_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_list_candidates", lambda: iter(()))
    with pytest.raises(ToolMissingError, match="apt-get install ffmpeg"):
        find_ffmpeg.__wrapped__()


def test_a_wrong_path_in_the_settings_is_not_replaced_by_another_ffmpeg(tmp_path: Path):
    with pytest.raises(ToolMissingError, match="settings"):
        find_ffmpeg(tmp_path / "none")


def test_an_error_never_quotes_the_name_of_a_file(ffmpeg: Ffmpeg, tmp_path: Path):
    secret = tmp_path / "merger with ACME.wav"
    secret.write_bytes(b"RIFF\0\0\0\0WAVE")
    arguments = ["-i", name_file(secret), "-f", "null", "pipe:1"]
    with pytest.raises(MediaError) as caught, start_ffmpeg(ffmpeg, arguments, purpose="read a file") as running:
        pass
    assert "ACME" in running.report
    assert "ACME" not in str(caught.value)
    assert "could not read a file" in caught.value.message


@pytest.mark.parametrize("name", ["-i.wav", "http:colon.wav", "a%03d.wav", "pipe:0", "quote'\" .wav", "ünï\n.wav"])
def test_a_name_of_a_file_is_never_taken_for_anything_else(ffmpeg: Ffmpeg, tmp_path: Path, name: str):
    write_noise(ffmpeg, tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_the_report_stays_small_however_much_ffmpeg_complains(ffmpeg: Ffmpeg, tmp_path: Path):
    chatty = write_script(tmp_path / "ffmpeg", 'yes "$(printf %01000d 7)" | head -c 30000000 >&2')
    with start_ffmpeg(Ffmpeg(chatty, None, False), [], purpose="complain") as running:
        pass
    assert len(running.report) == module.REPORT_BYTES


def test_leaving_the_block_by_an_exception_ends_ffmpeg(ffmpeg: Ffmpeg):
    seen: list[int] = []

    def interrupt() -> None:
        with start_ffmpeg(ffmpeg, ENDLESS, purpose="wait") as running:
            assert not is_gone(running.pid)
            seen.append(running.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert not psutil.pid_exists(seen[0])


def test_an_ffmpeg_that_stops_reading_is_an_error_and_not_a_broken_pipe(ffmpeg: Ffmpeg):
    arguments = ["-f", "f32le", "-ar", "8000", "-ac", "1", "-i", "pipe:0", "-t", "0.1", "-f", "null", "pipe:1"]

    def write_forever() -> None:
        with start_ffmpeg(ffmpeg, arguments, purpose="read it all", stdin=True) as running:
            while True:
                running.stdin.write(bytes(1 << 16))

    with pytest.raises(MediaError, match="could not read it all"):
        write_forever()


def test_what_runs_in_other_threads_can_be_stopped(ffmpeg: Ffmpeg):
    def wait() -> None:
        with start_ffmpeg(ffmpeg, ENDLESS, purpose="wait for ever"):
            pass

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(wait) for _ in range(2)]
        wait_until(lambda: len(module._RUNNING) == 2)
        stop_running_ffmpeg()
        for future in waiting:
            with pytest.raises(MediaError, match="wait for ever"):
                future.result(DEADLINE_S)
    assert list_ffmpeg() == []


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ffmpeg_ends_with_us_however_we_are_ended(end: signal.Signals):
    """A process of its own starts an endless ffmpeg, names it, and is ended; only that process gets the signal."""
    program = (
        "from resources.media.ffmpeg import find_ffmpeg, start_ffmpeg\n"
        f"with start_ffmpeg(find_ffmpeg(), {ENDLESS!r}, purpose='wait', stdout=True) as running:\n"
        "    print(running.pid, flush=True)\n"
        "    running.stdout.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path.cwd()
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.send_signal(end)
        parent.wait(DEADLINE_S)
    wait_until(lambda: is_gone(pid))


def test_no_space_on_the_device_is_a_full_disk(ffmpeg: Ffmpeg):
    arguments = ["-f", "lavfi", "-i", "anoisesrc=d=9", "-f", "wav", "/dev/full"]
    with pytest.raises(DiskFullError) as caught, start_ffmpeg(ffmpeg, arguments, purpose="write noise"):
        pass
    assert caught.value.retryable


def test_a_few_bytes_that_do_not_fit_are_a_full_disk_too(ffmpeg: Ffmpeg):
    """They are written only when the file is closed."""
    arguments = ["-f", "lavfi", "-i", "anoisesrc=d=0.01", "-f", "wav", "/dev/full"]
    with pytest.raises(DiskFullError), start_ffmpeg(ffmpeg, arguments, purpose="write noise"):
        pass


def test_an_ffmpeg_that_ends_well_on_a_full_disk_is_not_believed(tmp_path: Path):
    """As 5.1 does when only the last bytes do not fit."""
    liar = write_script(tmp_path / "ffmpeg", "echo 'Error writing trailer: No space left on device' >&2")
    with pytest.raises(DiskFullError), start_ffmpeg(Ffmpeg(liar, None, False), [], purpose="write noise"):
        pass


def test_a_full_disk_leaves_nothing_behind(ffmpeg: Ffmpeg, tmp_path: Path):
    with largest_file(100_000), pytest.raises(DiskFullError):
        write_noise(ffmpeg, tmp_path / "noise.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_what_was_there_before(ffmpeg: Ffmpeg, tmp_path: Path):
    out = tmp_path / "noise.wav"
    out.write_bytes(b"before")
    with largest_file(100_000), pytest.raises(DiskFullError):
        write_noise(ffmpeg, out)
    assert out.read_bytes() == b"before"
