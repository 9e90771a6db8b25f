"""Recordings that are refused: each with its own reason, without opening anything else, at little cost."""

import os
import resource
import socket
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dubbing.errors import (
    DubbingError,
    EmptyFileError,
    FileMissingError,
    InputError,
    NoAudioStreamError,
    NotMediaError,
    SilentAudioError,
    TooLongError,
    TruncatedMediaError,
    UnsafeMediaError,
)
from resources.media.containers import build_whitelists
from resources.media.ffmpeg import Ffmpeg, name_file, start_ffmpeg
from resources.media.inspection import SourceAudio, inspect_media
from tests.support.audio import (
    JPEG_HEAD,
    PNG,
    build_box,
    build_playlists,
    build_wav,
    encode,
    make_noise,
    make_tone,
    put_sound_outside,
    run_tool,
)

LIMIT_MS = 3_600_000
LENGTH_MS = 20_000
PLAYLIST_NAMES = list(build_playlists("http://localhost/"))
VIDEO = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=20", "-map", "0:a", "-map", "1:v", "-c:v", "mpeg4"]

CUTTABLE = {
    "wav": ["-f", "wav"],
    "wav, RF64": ["-f", "wav", "-rf64", "always"],
    "w64": ["-f", "w64"],
    "aiff": ["-f", "aiff"],
    "caf": ["-f", "caf"],
    "au": ["-f", "au"],
    "flac": ["-f", "flac"],
    "mp3": ["-f", "mp3"],
    "m4a, index at the end": ["-f", "ipod"],
    "m4a, index in front": ["-f", "ipod", "-movflags", "+faststart"],
    "mp4 in fragments": ["-f", "mp4", "-movflags", "+frag_keyframe+empty_moov"],
    "mp4 with pictures": [*VIDEO, "-f", "mp4"],
    "mkv with pictures": [*VIDEO, "-f", "matroska", "-c:a", "aac"],
    "webm": ["-f", "webm", "-c:a", "libopus"],
    "ogg": ["-f", "ogg", "-c:a", "libvorbis"],
    "opus": ["-f", "ogg", "-c:a", "libopus"],
    "avi": [*VIDEO, "-f", "avi", "-c:a", "mp3"],
}


@pytest.fixture(scope="module")
def nothing() -> Ffmpeg:
    """An ffmpeg that cannot be started: what is refused with it is refused before anything runs."""
    return Ffmpeg(Path("/nonexistent/ffmpeg"), Path("/nonexistent/ffprobe"), has_rubberband=False)


class Listener:
    """A server on this machine that counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.visitors = 0
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visitors += 1
            visitor.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def inspect(ffmpeg: Ffmpeg, file: Path, limit_ms: int = LIMIT_MS) -> SourceAudio:
    return inspect_media(file, ffmpeg, max_duration_ms=limit_ms)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def check_refused(ffmpeg: Ffmpeg, file: Path, error: type[DubbingError], limit_ms: int = LIMIT_MS) -> None:
    with pytest.raises(error) as caught:
        inspect(ffmpeg, file, limit_ms)
    message = caught.value.message
    assert type(caught.value) is error
    assert message.endswith(".")
    assert len(message) < 200
    assert str(file) not in message
    assert file.name not in message


def test_an_empty_file(nothing: Ffmpeg, tmp_path: Path):
    check_refused(nothing, write(tmp_path / "merger.wav", b""), EmptyFileError)


def test_a_file_that_is_not_there(nothing: Ffmpeg, tmp_path: Path):
    check_refused(nothing, tmp_path / "secret.wav", FileMissingError)


def test_a_folder(nothing: Ffmpeg, tmp_path: Path):
    (tmp_path / "folder.wav").mkdir()
    check_refused(nothing, tmp_path / "folder.wav", FileMissingError)


def test_a_pipe_is_not_waited_for(nothing: Ffmpeg, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.wav")
    check_refused(nothing, tmp_path / "pipe.wav", FileMissingError)


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "a text": b"Dear Sir or Madam,\n" * 100,
        "a text that begins like a box": b"I'm free to talk tomorrow.\n" * 100,
        "subtitles": b"1\n00:00:01,000 --> 00:00:02,000\nHello.\n\n",
        "web subtitles": b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n",
        "a page": b"<!DOCTYPE html><html><body>Not found</body></html>",
        "a PNG": PNG,
        "a JPEG": JPEG_HEAD + bytes(2000),
        "a GIF": b"GIF89a" + bytes(100),
        "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(500),
        "a program": b"\x7fELF\x02\x01\x01" + bytes(500),
        "noughts": bytes(5000),
        "one byte": b"R",
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>',
        "a WebP": b"RIFF\x24\0\0\0WEBPVP8 " + bytes(30),
    }.items(),
)
def test_what_is_not_media_is_refused_before_anything_runs(nothing: Ffmpeg, tmp_path: Path, name: str, data: bytes):
    check_refused(nothing, write(tmp_path / "recording.mp3", data), NotMediaError)


def test_an_archive(nothing: Ffmpeg, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "merger.wav", "w") as archive:
        archive.writestr("a.txt", "text")
    check_refused(nothing, tmp_path / "merger.wav", NotMediaError)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfb\x90\x00",
        b"\xff\xf1\x50\x80",
        b"ID3\x04\0\0\0\0\0\0",
        b"OggS",
        b"\x1a\x45\xdf\xa3",
        b"fLaC",
        b"G",
    ],
)
def test_random_bytes_with_the_first_bytes_of_media(ffmpeg: Ffmpeg, tmp_path: Path, head: bytes):
    with pytest.raises((NotMediaError, TruncatedMediaError)):
        inspect(ffmpeg, write(tmp_path / "a.mp3", head + np.random.default_rng(7).bytes(200_000)))


@pytest.mark.parametrize("name", PLAYLIST_NAMES)
def test_a_playlist_is_refused_before_anything_runs(nothing: Ffmpeg, tmp_path: Path, listener: Listener, name: str):
    for target in (f"http://{listener.address}/a.wav", str(tmp_path / "secret.wav")):
        playlists = build_playlists(target)
        if name in playlists:
            check_refused(nothing, write(tmp_path / name, playlists[name]), UnsafeMediaError)
    assert listener.visitors == 0


@pytest.mark.parametrize("name", PLAYLIST_NAMES)
def test_a_playlist_that_slipped_through_would_still_open_nothing(
    ffmpeg: Ffmpeg, tmp_path: Path, listener: Listener, name: str
):
    """The second wall: the options that every file is opened with, here without the look at its first bytes."""
    file = write(tmp_path / name, build_playlists(f"http://{listener.address}/a.wav")[name])
    for container in ("wav", "mov", "matroska", "mp3", "avi"):
        options = [word for option, value in build_whitelists(container).items() for word in (f"-{option}", value)]
        with (
            pytest.raises(DubbingError),
            start_ffmpeg(ffmpeg, [*options, "-i", name_file(file), "-f", "null", "pipe:1"], purpose="open it"),
        ):
            pass
    assert listener.visitors == 0


def test_the_listener_would_notice(ffmpeg: Ffmpeg, tmp_path: Path, listener: Listener):
    file = write(tmp_path / "a.m3u8", build_playlists(f"http://{listener.address}/a.ts")["hls.m3u8"])
    careless = [str(ffmpeg.path), "-v", "error", "-protocol_whitelist", "file,http,tcp", "-i", str(file)]
    subprocess.run(
        [*careless, "-f", "null", "-"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
    )
    assert listener.visitors > 0


def test_a_film_whose_sound_is_in_another_file(nothing: Ffmpeg, ffmpeg: Ffmpeg, tmp_path: Path, listener: Listener):
    movie = encode(ffmpeg, make_noise(1000, 48_000), 48_000, tmp_path / "a.mov", "-f", "mov", "-movflags", "+faststart")
    for target in (f"http://{listener.address}/a.wav", "file:///etc/passwd"):
        outside = write(tmp_path / "merger.mov", put_sound_outside(movie.read_bytes(), target))
        check_refused(nothing, outside, UnsafeMediaError)
    assert listener.visitors == 0


def test_a_film_without_sound(ffmpeg: Ffmpeg, tmp_path: Path):
    file = tmp_path / "silent film"
    run_tool(ffmpeg, ["-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=2", "-c:v", "mpeg4", "-f", "mp4", name_file(file)])
    check_refused(ffmpeg, file, NoAudioStreamError)


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_recording_cut_short(ffmpeg: Ffmpeg, tmp_path: Path, name: str):
    whole = encode(ffmpeg, make_noise(LENGTH_MS, 16_000), 16_000, tmp_path / "merger", *CUTTABLE[name]).read_bytes()
    for share in (0.1, 0.6, 0.95):
        check_refused(ffmpeg, write(tmp_path / "merger 2", whole[: int(len(whole) * share)]), TruncatedMediaError)


def test_a_header_that_claims_more_than_there_is(nothing: Ffmpeg, tmp_path: Path):
    five_hours = 8000 * 2 * 3600 * 5
    check_refused(
        nothing, write(tmp_path / "merger", build_wav(bytes(1000), declared_bytes=five_hours)), TruncatedMediaError
    )


@pytest.mark.parametrize(
    "data", [b"RIFF\x24\0\0\0WAVE", b"RIFF\x24\0\0\0WAVEfmt ", build_wav(b""), b"FORM\0\0\0\x04AIFF"]
)
def test_a_header_without_sound(ffmpeg: Ffmpeg, tmp_path: Path, data: bytes):
    with pytest.raises(InputError):
        inspect(ffmpeg, write(tmp_path / "merger.wav", data))


BEYOND = 2**63 - 1


@pytest.mark.parametrize(
    "data",
    [
        b"caff\0\1\0\0" + struct.pack(">4sq", b"info", BEYOND - 4) + bytes(100),
        b"caff\0\1\0\0" + struct.pack(">4sq", b"info", 2**62) + bytes(100),
        build_box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"free", BEYOND) + build_box(b"moov"),
        build_box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"moov", 2**64 - 1) + build_box(b"trak", bytes(8)),
        b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\xff" + bytes(100),
    ],
)
def test_sizes_beyond_any_file(nothing: Ffmpeg, tmp_path: Path, data: bytes):
    """Found by changing bytes at random: places in a file that cannot even be sought."""
    check_refused(nothing, write(tmp_path / "merger", data), TruncatedMediaError)


@pytest.mark.parametrize("options", [["-f", "wav"], ["-f", "flac"], ["-f", "ogg", "-c:a", "libopus"], ["-f", "adts"]])
def test_a_recording_longer_than_the_limit(ffmpeg: Ffmpeg, tmp_path: Path, options: list[str]):
    file = encode(ffmpeg, make_noise(LENGTH_MS, 16_000), 16_000, tmp_path / "merger", *options)
    check_refused(ffmpeg, file, TooLongError, limit_ms=LENGTH_MS - 1000)


def test_a_recording_one_frame_longer_than_the_limit_in_milliseconds(ffmpeg: Ffmpeg, tmp_path: Path):
    file = encode(ffmpeg, make_noise(1001, 16_000), 16_000, tmp_path / "merger", "-f", "adts")
    check_refused(ffmpeg, file, TooLongError, limit_ms=1000)


@pytest.mark.parametrize("options", [["-f", "wav"], ["-f", "mp3"], ["-f", "flac"], ["-f", "ipod"]])
def test_nothing_but_silence(ffmpeg: Ffmpeg, tmp_path: Path, options: list[str]):
    for samples in (np.zeros(48_000, np.float32), make_noise(1000, 48_000, rms_dbfs=-85)):
        check_refused(ffmpeg, encode(ffmpeg, samples, 48_000, tmp_path / "merger", *options), SilentAudioError)


def test_what_no_ear_hears_is_silence(ffmpeg: Ffmpeg, tmp_path: Path):
    rumble = make_tone(4, 5000, 48_000, peak_dbfs=-30)
    check_refused(ffmpeg, encode(ffmpeg, rumble, 48_000, tmp_path / "merger", "-f", "wav"), SilentAudioError)


@pytest.fixture(scope="module")
def bomb(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five hours of silence in a few kilobytes."""
    file = tmp_path_factory.mktemp("bomb") / "a.flac"
    silence = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=18000", "-frame_size", "65535", "-f", "flac"]
    run_tool(ffmpeg, [*silence, name_file(file)])
    assert file.stat().st_size < 100_000
    return file


def forget_length(flac: bytes) -> bytes:
    """Take the number of samples out of a FLAC's header: "not known" is allowed."""
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


def test_hours_in_a_few_kilobytes_are_too_long_by_their_header(ffmpeg: Ffmpeg, bomb: Path):
    check_refused(ffmpeg, bomb, TooLongError)


def test_hours_of_silence_within_the_limit_are_silence_and_cost_little(ffmpeg: Ffmpeg, bomb: Path, tmp_path: Path):
    file = write(tmp_path / "merger", forget_length(bomb.read_bytes()))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    check_refused(ffmpeg, file, SilentAudioError, limit_ms=36_000_000)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 10


def test_hours_of_sound_in_a_few_kilobytes_are_damage(ffmpeg: Ffmpeg, bomb: Path, tmp_path: Path):
    """The header alone claims what the bytes cannot hold."""
    check_refused(ffmpeg, bomb, TruncatedMediaError, limit_ms=36_000_000)


def test_a_hole_of_hours_in_the_timestamps_takes_no_memory(ffmpeg: Ffmpeg, tmp_path: Path):
    """Without a limit ffmpeg gathers the silence for the hole in memory: 3 GB for two hours."""
    hole = ["-af", "asetpts=if(gt(T\\,2)\\,PTS+7200/TB\\,PTS)", "-c:a", "aac", "-f", "matroska"]
    file = encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "merger", *hole)
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom resources.media.ffmpeg import find_ffmpeg\n"
        "from resources.media.inspection import inspect_media\nfrom dubbing.errors import InputError\n"
        "try:\n    inspect_media(Path(sys.argv[1]), find_ffmpeg(), max_duration_ms=36_000_000)\n"
        "except InputError as error:\n    print(type(error).__name__)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True)
    name, peak_mb = answer.stdout.split()
    assert name == "TruncatedMediaError"
    assert int(peak_mb) < 300


@pytest.mark.parametrize("rate_hz", [1, 2_000_000_000])
def test_an_absurd_rate(ffmpeg: Ffmpeg, tmp_path: Path, rate_hz: int):
    with pytest.raises(InputError):
        inspect(ffmpeg, write(tmp_path / "merger", build_wav(bytes(20_000), rate_hz=rate_hz)))


def test_more_channels_than_anybody_can_place(ffmpeg: Ffmpeg, tmp_path: Path):
    samples = np.stack([make_noise(500, 8000)] * 12, axis=1)
    check_refused(ffmpeg, encode(ffmpeg, samples, 8000, tmp_path / "merger", "-f", "wav"), InputError)
