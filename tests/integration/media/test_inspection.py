"""Recordings that are accepted: every container, odd layouts, and what is measured of them."""

import dataclasses
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from resources.media import av_probe
from resources.media.ffmpeg import Ffmpeg, name_file
from resources.media.inspection import SourceAudio, inspect_media, parse_source_audio
from tests.support.audio import PNG, encode, make_noise, make_tone

LIMIT_MS = 600_000
LENGTH_MS = 5_000
VIDEO = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=9", "-map", "0:a", "-map", "1:v", "-shortest", "-c:v", "mpeg4"]

CONTAINERS = {
    "wav": ["-f", "wav"],
    "wav of 8 bits": ["-f", "wav", "-c:a", "pcm_u8"],
    "wav of 24 bits": ["-f", "wav", "-c:a", "pcm_s24le"],
    "wav of floats": ["-f", "wav", "-c:a", "pcm_f32le"],
    "wav of doubles": ["-f", "wav", "-c:a", "pcm_f64le"],
    "wav, A-law": ["-f", "wav", "-c:a", "pcm_alaw"],
    "wav, RF64": ["-f", "wav", "-rf64", "always"],
    "w64": ["-f", "w64"],
    "aiff": ["-f", "aiff"],
    "caf": ["-f", "caf"],
    "au": ["-f", "au"],
    "flac": ["-f", "flac"],
    "mp3": ["-f", "mp3"],
    "mp3 without a length": ["-f", "mp3", "-write_xing", "0", "-id3v2_version", "0"],
    "m4a": ["-f", "ipod"],
    "m4a, index in front": ["-f", "ipod", "-movflags", "+faststart"],
    "mp4 in fragments": ["-f", "mp4", "-movflags", "+frag_keyframe+empty_moov"],
    "mov": ["-f", "mov", "-c:a", "pcm_s16le"],
    "mp4 with pictures": [*VIDEO, "-f", "mp4"],
    "mkv with pictures": [*VIDEO, "-f", "matroska", "-c:a", "aac"],
    "webm": ["-f", "webm", "-c:a", "libopus"],
    "ogg": ["-f", "ogg", "-c:a", "libvorbis"],
    "opus": ["-f", "ogg", "-c:a", "libopus", "-b:a", "8k"],
    "aac": ["-f", "adts"],
    "avi": [*VIDEO, "-f", "avi", "-c:a", "mp3"],
    "mpeg-ts": [*VIDEO, "-f", "mpegts", "-c:a", "aac"],
}
EXACT = {"wav", "w64", "aiff", "caf", "au", "flac", "mov", "mp3"}


def inspect(ffmpeg: Ffmpeg, file: Path, limit_ms: int = LIMIT_MS) -> SourceAudio:
    return inspect_media(file, ffmpeg, max_duration_ms=limit_ms)


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_is_read_whatever_the_file_is_called(ffmpeg: Ffmpeg, tmp_path: Path, name: str):
    tone = make_tone(1000, LENGTH_MS, 48_000, peak_dbfs=-20)
    file = encode(ffmpeg, tone, 48_000, tmp_path / "document.txt", *CONTAINERS[name])
    source = inspect(ffmpeg, file)
    assert abs(source.duration_ms - LENGTH_MS) <= (1 if name in EXACT else 120)
    assert source.has_video == (CONTAINERS[name][: len(VIDEO)] == VIDEO)
    assert source.loudness.integrated_lufs == pytest.approx(-23.0, abs=1)


def test_amr_is_read(ffmpeg: Ffmpeg, tmp_path: Path):
    """Few builds write it: frames of the 12.2 kbit/s mode that hold noise."""
    noise = np.random.default_rng(0).bytes(250 * 31)
    file = tmp_path / "a"
    file.write_bytes(b"#!AMR\n" + b"".join(b"\x3c" + noise[at : at + 31] for at in range(0, len(noise), 31)))
    source = inspect(ffmpeg, file)
    assert (source.codec, source.rate_hz, source.duration_ms) == ("amr_nb", 8000, LENGTH_MS)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_rates_and_layouts_of_all_kinds_are_read_to_the_frame(
    ffmpeg: Ffmpeg, tmp_path: Path, rate_hz: int, channels: int
):
    noise = make_noise(1000, rate_hz)
    file = encode(ffmpeg, np.stack([noise] * channels, axis=1), rate_hz, tmp_path / "a", "-f", "wav")
    source = inspect(ffmpeg, file)
    assert (source.rate_hz, source.channels, source.frames, source.duration_ms) == (rate_hz, channels, rate_hz, 1000)


def test_facts_of_a_recording(ffmpeg: Ffmpeg, tmp_path: Path):
    tone = make_tone(1000, LENGTH_MS, 48_000, peak_dbfs=-20)
    file = encode(ffmpeg, tone, 48_000, tmp_path / "a", "-f", "flac")
    source = inspect(ffmpeg, file)
    assert (source.codec, source.container) == ("flac", "flac")
    assert source.size_bytes == file.stat().st_size
    assert source.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert source.loudness.integrated_lufs == pytest.approx(-23.0, abs=0.1)
    assert source.loudness.true_peak_dbtp == pytest.approx(-20.0, abs=0.1)
    assert not source.has_invalid_samples


def test_facts_survive_the_way_through_a_record(ffmpeg: Ffmpeg, tmp_path: Path):
    source = inspect(ffmpeg, encode(ffmpeg, make_noise(500, 8000), 8000, tmp_path / "a", "-f", "wav"))
    assert parse_source_audio(json.loads(json.dumps(dataclasses.asdict(source)))) == source


@pytest.mark.parametrize("invalid", [[np.nan, np.inf, -np.inf], [1e30] * 3, [100.0, -100.0, 64.0]])
def test_samples_that_are_no_numbers_or_garbage_count_as_silence(ffmpeg: Ffmpeg, tmp_path: Path, invalid: list[float]):
    noise = make_noise(LENGTH_MS, 48_000, rms_dbfs=-20)
    clean = inspect(ffmpeg, encode(ffmpeg, noise, 48_000, tmp_path / "a", "-f", "wav", "-c:a", "pcm_f32le"))
    noise[[5000, 6000, 7000]] = invalid
    source = inspect(ffmpeg, encode(ffmpeg, noise, 48_000, tmp_path / "b", "-f", "wav", "-c:a", "pcm_f32le"))
    assert source.has_invalid_samples
    assert source.loudness == clean.loudness


def test_the_cover_of_a_record_is_not_a_film(ffmpeg: Ffmpeg, tmp_path: Path):
    (tmp_path / "cover.png").write_bytes(PNG)
    cover = ["-i", name_file(tmp_path / "cover.png"), "-map", "0:a", "-map", "1:v", "-c:v", "copy"]
    for name, options in {"mp3": ["-f", "mp3"], "m4a": ["-f", "ipod", "-disposition:v:0", "attached_pic"]}.items():
        file = encode(ffmpeg, make_noise(LENGTH_MS, 44_100), 44_100, tmp_path / name, *cover, *options)
        source = inspect(ffmpeg, file)
        assert not source.has_video
        assert source.duration_ms == pytest.approx(LENGTH_MS, abs=20)


def test_the_first_of_several_sound_tracks_is_the_one(ffmpeg: Ffmpeg, tmp_path: Path):
    other = ["-f", "lavfi", "-i", "anoisesrc=d=2:r=48000", "-map", "0:a", "-map", "1:a", "-c:a", "pcm_s16le"]
    file = encode(ffmpeg, make_tone(1000, LENGTH_MS, 44_100), 44_100, tmp_path / "a", *other, "-f", "matroska")
    source = inspect(ffmpeg, file)
    assert (source.rate_hz, source.duration_ms) == (44_100, LENGTH_MS)


def test_sound_that_begins_late_in_a_film_is_preceded_by_silence(ffmpeg: Ffmpeg, tmp_path: Path):
    late = ["-filter:a", "asetpts=PTS+2/TB"]
    file = encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", *VIDEO[:-3], *late, "-f", "matroska")
    assert inspect(ffmpeg, file).duration_ms == pytest.approx(LENGTH_MS + 2000, abs=120)


def test_a_hole_in_the_timestamps_becomes_silence(ffmpeg: Ffmpeg, tmp_path: Path):
    hole = ["-af", "asetpts=if(gt(T\\,2)\\,PTS+10/TB\\,PTS)", "-c:a", "aac", "-f", "matroska"]
    file = encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", *hole)
    assert inspect(ffmpeg, file).duration_ms == pytest.approx(LENGTH_MS + 10_000, abs=120)


def test_a_wav_written_into_a_pipe_has_no_length_and_is_read_to_its_end(ffmpeg: Ffmpeg, tmp_path: Path):
    file = encode(ffmpeg, make_noise(LENGTH_MS, 8000), 8000, tmp_path / "a", "-f", "wav")
    data = bytearray(file.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"
    file.write_bytes(data)
    assert inspect(ffmpeg, file).duration_ms == LENGTH_MS


def test_a_recording_too_short_for_a_loudness_is_accepted(ffmpeg: Ffmpeg, tmp_path: Path):
    file = encode(ffmpeg, make_noise(200, 48_000), 48_000, tmp_path / "a", "-f", "wav")
    assert not inspect(ffmpeg, file).loudness.has_level


def test_a_recording_of_exactly_the_limit_is_accepted(ffmpeg: Ffmpeg, tmp_path: Path):
    file = encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", "-f", "wav")
    assert inspect(ffmpeg, file, limit_ms=LENGTH_MS).duration_ms == LENGTH_MS


def test_speech_with_long_silence_at_the_lowest_bit_rate_is_plausible(ffmpeg: Ffmpeg, tmp_path: Path):
    """Nine parts of ten are silence and hardly cost a byte."""
    samples = np.zeros(16_000 * 180, dtype=np.float32)
    samples[: 16_000 * 18] = make_noise(18_000, 16_000, rms_dbfs=-20)
    options = ["-f", "ogg", "-c:a", "libopus", "-b:a", "6k", "-application", "voip"]
    file = encode(ffmpeg, samples, 16_000, tmp_path / "a", *options)
    assert inspect(ffmpeg, file).duration_ms == pytest.approx(180_000, abs=120)


def test_a_name_that_looks_like_an_option_or_an_address_is_only_a_name(ffmpeg: Ffmpeg, tmp_path: Path):
    for name in ("-i", "http:a.wav", "%d.wav", "concat:a|b", "ünï 'x'.wav"):
        file = encode(ffmpeg, make_noise(500, 8000), 8000, tmp_path / name, "-f", "wav")
        assert inspect(ffmpeg, file).duration_ms == 500


def test_a_build_with_ffprobe_gives_the_same_facts(ffmpeg: Ffmpeg, tmp_path: Path):
    """ffprobe itself may not be installed: the stand-in is called in its place, through the same words."""
    prober = tmp_path / "ffprobe"
    prober.write_text(
        f"#!{sys.executable}\nimport json, subprocess, sys\nw = sys.argv[1:]\n"
        "allowed = ('protocol_whitelist', 'format_whitelist', 'max_streams', 'enable_drefs', 'use_absolute_path')\n"
        "options = {n[1:]: v for n, v in zip(w, w[1:]) if n[1:] in allowed}\n"
        "assert w[w.index('-print_format') + 1] == 'json'\n"
        f"program = [sys.executable, {av_probe.__file__!r}, json.dumps(options), w[w.index('-i') + 1]]\n"
        "sys.exit(subprocess.call(program))\n"
    )
    prober.chmod(0o755)
    file = encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", "-f", "ipod")
    assert inspect(dataclasses.replace(ffmpeg, probe_path=prober), file) == inspect(ffmpeg, file)
