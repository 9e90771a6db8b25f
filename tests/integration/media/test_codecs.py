"""Every format of a dub: playable as what it says it is, with what it has to say about itself."""

import hashlib
import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from dubbing.delivery import AUDIO_FORMATS, AudioFormat
from dubbing.errors import ToolMissingError
from dubbing.mixing import PRESETS, Loudness
from resources.media import av_probe
from resources.media.codecs import CODECS, SYNTHETIC_SPEECH_NOTE, Tags, check_encoders, list_encoders
from resources.media.ffmpeg import Ffmpeg, name_file
from resources.media.inspection import inspect_media
from resources.media.mixing import Finished, Mix, finish_dub
from tests.support.audio import encode, make_noise

LENGTH_MS = 3_000
TITLE = "-i 'Ünï: [a];b,c=d' | $(x)"
TAGS = Tags(TITLE, "por")
FRAMES_OFF = {"m4a": 1024, "mp3": 1152, "opus": 960, "wav": 0, "flac": 0}
"""By how much a lossy codec may miss the length: its own frame."""


def build_mix(ffmpeg: Ffmpeg, folder: Path, *, rate_hz: int = 44_100, channels: int = 2) -> Mix:
    noise = np.stack([make_noise(LENGTH_MS, rate_hz, rms_dbfs=-20, seed=n) for n in range(channels)], axis=1)
    smooth = (noise[:-2] + 2 * noise[1:-1] + noise[2:]) / 4
    file = encode(ffmpeg, smooth, rate_hz, folder / "mix.wav", "-f", "wav", "-c:a", "pcm_f32le")
    return Mix(file, rate_hz, channels, len(smooth), Loudness(-22.0, -8.0, 1.0), PRESETS["podcast"])


def write(ffmpeg: Ffmpeg, folder: Path, form: AudioFormat, **more: int) -> tuple[Path, Finished]:
    out = folder / f"dub.{form}"
    return out, finish_dub(build_mix(ffmpeg, folder, **more), CODECS[form], out, ffmpeg, tags=TAGS)


def read_tags(file: Path) -> dict[str, str]:
    """The tags of the file and of its sound, by names in small letters."""
    with av.open(str(file)) as container:
        tags = {**container.metadata, **container.streams.audio[0].metadata}
    return {name.lower(): text for name, text in tags.items()}


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_a_format_says_what_it_is_and_in_which_language(ffmpeg: Ffmpeg, tmp_path: Path, form: AudioFormat) -> None:
    out, _ = write(ffmpeg, tmp_path, form)
    tags = read_tags(out)
    assert tags["title"] == TITLE
    assert tags["comment"] == SYNTHETIC_SPEECH_NOTE
    assert tags["language"] == "por"


@pytest.mark.parametrize(
    ("form", "container", "codec", "rate_hz"),
    [
        ("m4a", "mov", "aac", 44_100),
        ("mp3", "mp3", "mp3", 44_100),
        ("opus", "ogg", "opus", 48_000),
        ("wav", "wav", "pcm_s24le", 44_100),
        ("flac", "flac", "flac", 44_100),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_format_is_what_its_name_says_and_keeps_rate_and_channels(
    ffmpeg: Ffmpeg, tmp_path: Path, form: AudioFormat, container: str, codec: str, rate_hz: int, channels: int
) -> None:
    out, _ = write(ffmpeg, tmp_path, form, channels=channels)
    dub = inspect_media(out, ffmpeg, max_duration_ms=60_000)
    assert (dub.container, dub.codec, dub.rate_hz, dub.channels) == (container, codec, rate_hz, channels)
    expected = (LENGTH_MS * 44_100 // 1000 - 2) * rate_hz / 44_100
    assert abs(dub.frames - expected) <= FRAMES_OFF[form] + (rate_hz != 44_100)


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_a_format_is_as_loud_as_promised_after_decoding(ffmpeg: Ffmpeg, tmp_path: Path, form: AudioFormat) -> None:
    out, finished = write(ffmpeg, tmp_path, form)
    assert finished.loudness.integrated_lufs == pytest.approx(-16, abs=0.5)
    assert finished.loudness.true_peak_dbtp <= -1
    reference = scan(ffmpeg, out)
    assert finished.loudness.integrated_lufs == pytest.approx(float(reference["I"]), abs=0.1)
    assert finished.loudness.true_peak_dbtp == pytest.approx(float(reference["Peak"]), abs=0.15)


def scan(ffmpeg: Ffmpeg, file: Path) -> dict[str, str]:
    """What ffmpeg's own meter says, which looks between all samples."""
    command = [ffmpeg.path, "-nostdin", "-i", file, "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]
    report = subprocess.run(command, capture_output=True, check=True, text=True).stderr
    return dict(re.findall(r"^ +(I|Peak): +(\S+) ", report, re.MULTILINE))


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_a_format_has_the_same_bytes_every_time(ffmpeg: Ffmpeg, tmp_path: Path, form: AudioFormat) -> None:
    digests = {hashlib.sha256(write(ffmpeg, tmp_path, form)[0].read_bytes()).hexdigest() for _ in range(2)}
    assert len(digests) == 1


def test_a_wav_tells_programs_that_know_only_its_own_tags(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    data = write(ffmpeg, tmp_path, "wav")[0].read_bytes()
    assert b"INAM" in data
    assert b"ICMT" in data
    assert SYNTHETIC_SPEECH_NOTE.encode() in data


def test_the_probe_that_intake_trusts_takes_every_format(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    for form in AUDIO_FORMATS:
        out, _ = write(ffmpeg, tmp_path, form)
        command = [sys.executable, av_probe.__file__, "{}", name_file(out)]
        assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def test_this_ffmpeg_writes_every_format(ffmpeg: Ffmpeg) -> None:
    check_encoders(ffmpeg, AUDIO_FORMATS)
    assert "libx264" not in list_encoders(ffmpeg)  # only those of sound


def test_a_format_that_ffmpeg_cannot_write_is_refused_with_what_to_install(tmp_path: Path) -> None:
    lean = tmp_path / "ffmpeg"
    lean.write_text("#!/bin/sh\nprintf ' A..... = Audio\\n A....D aac   AAC\\n A....D flac  FLAC\\n'\n")
    lean.chmod(lean.stat().st_mode | stat.S_IXUSR)
    without = Ffmpeg(lean, None, has_rubberband=False)
    check_encoders(without, ["m4a", "flac"])
    with pytest.raises(ToolMissingError, match=r"cannot write mp3, opus: .*libmp3lame, libopus.*install"):
        check_encoders(without, ["m4a", "mp3", "opus"])
