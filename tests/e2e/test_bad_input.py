"""What a user gives by mistake, or a stranger on purpose: one sentence, one code, nothing left behind."""

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cli.exit_codes import EXIT_CODES
from resources.media.ffmpeg import find_ffmpeg
from tests.e2e.conftest import Machine
from tests.support.audio import encode, make_noise, run_tool

RATE_HZ = 16_000
FFMPEG = find_ffmpeg()


def write(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def write_film_without_sound(file: Path) -> Path:
    run_tool(FFMPEG, ["-f", "lavfi", "-i", "testsrc=size=64x64:duration=3", str(file)])
    return file


def write_bomb(file: Path) -> Path:
    """Five hours in some kilobytes."""
    silence = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(5 * 3600)]
    run_tool(FFMPEG, [*silence, "-frame_size", "65535", str(file)])
    assert file.stat().st_size < 100_000
    return file


def write_noise(file: Path, duration_ms: int) -> Path:
    return encode(FFMPEG, make_noise(duration_ms, RATE_HZ), RATE_HZ, file)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "empty_file": lambda folder: write(folder / "empty.mp3", b""),
    "not_media": lambda folder: write(folder / "letter.wav", b"Dear Sir or Madam, " * 400),
    "no_audio_stream": lambda folder: write_film_without_sound(folder / "film.mp4"),
    "truncated_media": lambda folder: write(
        folder / "cut.wav", write_noise(folder / "a.wav", 9_000).read_bytes()[:100_000]
    ),
    "unsafe_media": lambda folder: write(
        folder / "list.mp3", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    ),
    "silent_audio": lambda folder: encode(FFMPEG, np.zeros(20 * RATE_HZ), RATE_HZ, folder / "silence.wav"),
    "too_long": lambda folder: write_bomb(folder / "bomb.flac"),
    "no_speech": lambda folder: write_noise(folder / "sea.wav", 15_000),
}


def check_refused(result: subprocess.CompletedProcess[str], code: str, machine: Machine) -> None:
    assert result.returncode == EXIT_CODES[code], result.stdout + result.stderr
    told = result.stderr.strip()
    assert len(told.splitlines()) == 1
    assert told.endswith(f"[{code}]")
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize("code", MAKERS)
def test_a_recording_that_cannot_be_dubbed_is_refused(machine: Machine, code: str) -> None:
    file = MAKERS[code](machine.folder)
    result = machine.run("dub", file, "--to", "pt-BR", "--from", "en", "--out", "out")
    check_refused(result, code, machine)
    assert not (machine.folder / "out").exists()
    if code != "no_speech":  # that is only known once the job was made and the recording heard
        assert not list(machine.data.glob("store/**/*"))


@pytest.mark.parametrize(
    ("to", "source", "code"),
    [
        ("klingonese", "en", "unknown_language"),
        ("fi", "en", "unsupported_language"),
        ("en", "en", "unsupported_language"),
        ("", "en", "unknown_language"),
        ("pt-BR", "nonsense", "unknown_language"),
    ],
)
def test_a_language_that_cannot_be_served_is_refused_before_any_work(
    machine: Machine, samples: Path, to: str, source: str, code: str
) -> None:
    result = machine.run("dub", samples / "sense_and_sensibility.wav", "--to", to, "--from", source, "--out", "out")
    check_refused(result, code, machine)
    assert not (machine.folder / "out").exists()
    assert not machine.data.exists()


def test_a_refused_target_is_answered_with_what_is_offered(machine: Machine, samples: Path) -> None:
    result = machine.run("dub", samples / "sense_and_sensibility.wav", "--to", "fi", "--from", "en")
    assert "pt-BR" in result.stderr


def test_a_file_that_is_not_there_is_named(machine: Machine) -> None:
    result = machine.run("dub", "nowhere.wav", "--to", "pt-BR")
    check_refused(result, "file_not_found", machine)
    assert "nowhere.wav" in result.stderr


def test_an_output_folder_that_cannot_be_written_is_refused_before_any_work(machine: Machine, samples: Path) -> None:
    (machine.folder / "file").write_text("in the way")
    result = machine.run("dub", samples / "sense_and_sensibility.wav", "--to", "pt-BR", "--out", "file/out")
    check_refused(result, "output_not_writable", machine)
    assert not machine.data.exists()


def test_a_setting_that_is_wrong_is_named(machine: Machine, samples: Path) -> None:
    machine.environment["DUBLINE_MAX_DURATION_MINUTES"] = "many"
    result = machine.run("dub", samples / "sense_and_sensibility.wav", "--to", "pt-BR")
    check_refused(result, "bad_settings", machine)
    assert "DUBLINE_MAX_DURATION_MINUTES" in result.stderr


def test_a_recording_longer_than_the_limit_is_refused(machine: Machine) -> None:
    machine.environment["DUBLINE_MAX_DURATION_MINUTES"] = "1"
    file = write_noise(machine.folder / "long.wav", 61_000)
    check_refused(machine.run("dub", file, "--to", "pt-BR"), "too_long", machine)


def test_what_the_store_keeps_is_readable_by_its_owner_only(machine: Machine) -> None:
    file = write_noise(machine.folder / "sea.wav", 15_000)
    machine.run("dub", file, "--to", "pt-BR", "--from", "en")
    kept = [path for path in machine.data.glob("store/**/*") if path.is_file()]
    assert kept
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in kept} == {0}
