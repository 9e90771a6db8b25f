"""Time-stretch: the planned length to the frame, and no word lost."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from dubbing.audio import find_speech_span, trim_silence
from resources.media.ffmpeg import Ffmpeg
from resources.media.filtering import resample
from resources.media.stretching import stretch
from resources.media.wav import read_wav
from tests.support.audio import make_noise, make_tone, measure_rms_db

RATE_HZ = 24_000


@pytest.fixture(params=["rubberband", "atempo"])
def stretcher(request: pytest.FixtureRequest, ffmpeg: Ffmpeg) -> Ffmpeg:
    return dataclasses.replace(ffmpeg, has_rubberband=request.param == "rubberband")


@pytest.fixture(scope="session")
def speech(ffmpeg: Ffmpeg, samples: Path) -> np.ndarray:
    """Four seconds of a real reading."""
    recording, rate_hz = read_wav(samples / "sense_and_sensibility.wav")
    return trim_silence(resample(recording[: 4 * rate_hz], rate_hz, RATE_HZ, ffmpeg), RATE_HZ)


@pytest.mark.parametrize("speed", [0.85, 0.97, 1.1, 1.3, 1.7])
def test_a_take_is_as_long_as_planned(stretcher: Ffmpeg, speech: np.ndarray, speed: float):
    frames = round(len(speech) / speed)
    stretched = stretch(speech, RATE_HZ, stretcher, speed=speed, frames=frames)
    assert len(stretched) == frames
    assert stretched.dtype == np.float32
    assert np.isfinite(stretched).all()


@pytest.mark.parametrize("duration_ms", [80, 150, 300, 700])
@pytest.mark.parametrize("speed", [0.85, 1.02, 1.3])
def test_the_shortest_takes_come_out_as_planned_too(stretcher: Ffmpeg, duration_ms: int, speed: float):
    tone = make_tone(180, duration_ms, RATE_HZ)
    frames = round(len(tone) / speed)
    stretched = stretch(tone, RATE_HZ, stretcher, speed=speed, frames=frames)
    assert len(stretched) == frames
    assert measure_rms_db(stretched) > measure_rms_db(tone) - 3


def test_more_room_than_needed_is_silence_at_the_end(stretcher: Ffmpeg, speech: np.ndarray):
    frames = round(len(speech) / 1.2)
    stretched = stretch(speech, RATE_HZ, stretcher, speed=1.2, frames=frames + RATE_HZ)
    assert len(stretched) == frames + RATE_HZ
    _, end = find_speech_span(stretched, RATE_HZ)
    assert end <= frames + RATE_HZ // 10


def test_the_last_sound_of_a_take_is_not_cut_where_the_stretcher_is_not_exact(ffmpeg: Ffmpeg):
    """`atempo` makes this take 7 ms longer than asked for, which is half of its last sound."""
    take = make_tone(180, 2345, RATE_HZ) + make_noise(2345, RATE_HZ, rms_dbfs=-40)
    last = make_tone(3000, 15, RATE_HZ, peak_dbfs=0)
    take[-len(last) :] += last
    frames = round(len(take) / 1.3)
    stretched = stretch(take, RATE_HZ, dataclasses.replace(ffmpeg, has_rubberband=False), speed=1.3, frames=frames)
    assert np.sum(stretched[-RATE_HZ // 20 :] ** 2) > 0.9 * np.sum(take[-RATE_HZ // 20 :] ** 2)


def test_a_speed_of_one_changes_nothing(ffmpeg: Ffmpeg, speech: np.ndarray):
    padded = stretch(speech, RATE_HZ, ffmpeg, speed=1.0, frames=len(speech) + 100)
    assert np.array_equal(padded[: len(speech)], speech)
    assert not padded[len(speech) :].any()


def test_silence_at_the_end_may_be_cut(ffmpeg: Ffmpeg):
    take = np.concatenate([make_tone(200, 500, RATE_HZ), np.zeros(RATE_HZ, np.float32)])
    assert len(stretch(take, RATE_HZ, ffmpeg, speed=1.0, frames=RATE_HZ // 2)) == RATE_HZ // 2


def test_a_plan_that_would_cut_words_is_refused(stretcher: Ffmpeg, speech: np.ndarray):
    with pytest.raises(ValueError, match="cut words"):
        stretch(speech, RATE_HZ, stretcher, speed=1.2, frames=round(len(speech) / 1.3))


@pytest.mark.parametrize("speed", [0.0, 0.4, 2.1, float("nan")])
def test_a_speed_beyond_reason_is_refused(ffmpeg: Ffmpeg, speech: np.ndarray, speed: float):
    with pytest.raises(ValueError, match="speed"):
        stretch(speech, RATE_HZ, ffmpeg, speed=speed, frames=len(speech))


def test_an_empty_take_stays_empty(ffmpeg: Ffmpeg):
    empty = np.zeros(0, np.float32)
    assert len(stretch(empty, RATE_HZ, ffmpeg, speed=1.2, frames=0)) == 0
    assert not stretch(empty, RATE_HZ, ffmpeg, speed=1.2, frames=50).any()


def test_the_same_take_gives_the_same_samples(stretcher: Ffmpeg, speech: np.ndarray):
    first, second = (stretch(speech, RATE_HZ, stretcher, speed=1.15, frames=len(speech)) for _ in range(2))
    assert np.array_equal(first, second)
