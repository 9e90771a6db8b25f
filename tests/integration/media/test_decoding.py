"""Decoding block by block."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dubbing.errors import InputError, MediaError
from resources.media.decoding import decode_blocks
from resources.media.ffmpeg import Ffmpeg
from tests.support.audio import encode, make_noise, make_tone, measure_rms_db
from tests.support.processes import list_ffmpeg

RATE_HZ = 16_000


def decode(file: Path, ffmpeg: Ffmpeg, *, channels: int = 1, rate_hz: int = RATE_HZ) -> Iterator[np.ndarray]:
    return decode_blocks(file, ffmpeg, rate_hz=rate_hz, channels=channels, block_frames=4096)


def test_blocks_together_are_the_recording(ffmpeg: Ffmpeg, tmp_path: Path):
    noise = make_noise(5000, RATE_HZ)
    file = encode(ffmpeg, noise, RATE_HZ, tmp_path / "a", "-f", "wav", "-c:a", "pcm_f32le")
    blocks = list(decode(file, ffmpeg))
    assert {block.shape for block in blocks[:-1]} == {(4096, 1)}
    assert blocks[0].dtype == np.float32
    assert np.array_equal(np.concatenate(blocks)[:, 0], noise)


def test_a_block_may_be_written_to(ffmpeg: Ffmpeg, tmp_path: Path):
    file = encode(ffmpeg, make_noise(500, RATE_HZ), RATE_HZ, tmp_path / "a", "-f", "wav")
    for block in decode(file, ffmpeg):
        block *= 0.5


def test_stereo_becomes_mono_and_mono_stereo(ffmpeg: Ffmpeg, tmp_path: Path):
    tones = np.stack([make_tone(1000, 1000, 48_000), make_tone(1000, 1000, 48_000)], axis=1)
    stereo = encode(ffmpeg, tones, 48_000, tmp_path / "a", "-f", "wav")
    mono = encode(ffmpeg, tones[:, 0], 48_000, tmp_path / "b", "-f", "wav")
    folded = np.concatenate(list(decode(stereo, ffmpeg)))
    spread = np.concatenate(list(decode(mono, ffmpeg, channels=2)))
    assert folded.shape == (RATE_HZ, 1)
    assert spread.shape == (RATE_HZ, 2)
    assert measure_rms_db(folded) == pytest.approx(measure_rms_db(tones), abs=0.1)
    assert np.array_equal(spread[:, 0], spread[:, 1])


def test_samples_that_are_no_numbers_or_garbage_become_silence(ffmpeg: Ffmpeg, tmp_path: Path):
    noise = make_noise(500, RATE_HZ)
    noise[[10, 20, 30, 40]] = [np.nan, np.inf, -1e30, 100.0]
    file = encode(ffmpeg, noise, RATE_HZ, tmp_path / "a", "-f", "wav", "-c:a", "pcm_f32le")
    noise[[10, 20, 30, 40]] = 0
    assert np.array_equal(np.concatenate(list(decode(file, ffmpeg)))[:, 0], noise)


def test_leaving_early_ends_ffmpeg(ffmpeg: Ffmpeg, tmp_path: Path):
    file = encode(ffmpeg, make_noise(60_000, RATE_HZ), RATE_HZ, tmp_path / "a", "-f", "wav")
    blocks = decode(file, ffmpeg)
    next(blocks)
    assert list_ffmpeg()
    blocks.close()
    assert not list_ffmpeg()


def test_a_file_that_was_changed_into_a_playlist_is_refused(ffmpeg: Ffmpeg, tmp_path: Path):
    (tmp_path / "a").write_bytes(b"#EXTM3U\nhttp://localhost/\n")
    with pytest.raises(InputError):
        next(decode(tmp_path / "a", ffmpeg))


def test_an_ffmpeg_that_fails_half_way_is_an_error_and_not_the_end(ffmpeg: Ffmpeg, tmp_path: Path):
    file = encode(ffmpeg, make_noise(5000, RATE_HZ), RATE_HZ, tmp_path / "a", "-f", "wav")
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nhead -c 65536 /dev/zero\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(MediaError, match="could not decode the recording"):
        list(decode(file, dataclasses.replace(ffmpeg, path=broken)))
