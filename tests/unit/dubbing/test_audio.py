"""Takes in memory."""

import numpy as np
import pytest

from dubbing.audio import PRE_ROLL_MS, apply_edge_fades, find_speech_span, trim_silence
from dubbing.units import frames_to_ms
from tests.support.audio import make_noise, make_tone

RATE_HZ = 24_000


def build_take(before_ms: int, after_ms: int) -> np.ndarray:
    hiss = [make_noise(ms, RATE_HZ, rms_dbfs=-65, seed=ms) for ms in (before_ms, after_ms)]
    return np.concatenate([hiss[0], make_tone(200, 400, RATE_HZ), hiss[1]])


@pytest.mark.parametrize(("before_ms", "after_ms"), [(500, 300), (1000, 0), (200, 2000)])
def test_the_silence_around_speech_is_taken_off_but_for_the_rolls(before_ms: int, after_ms: int):
    start, end = find_speech_span(build_take(before_ms, after_ms), RATE_HZ)
    assert frames_to_ms(start, RATE_HZ) == pytest.approx(before_ms - PRE_ROLL_MS, abs=10)
    assert frames_to_ms(end, RATE_HZ) == pytest.approx(before_ms + 400 + min(after_ms, 50), abs=10)


def test_speech_without_silence_around_it_is_left_whole():
    tone = make_tone(200, 400, RATE_HZ)
    assert np.array_equal(trim_silence(tone, RATE_HZ), tone)


def test_a_pause_within_speech_is_kept():
    take = np.concatenate([make_tone(200, 100, RATE_HZ), np.zeros(RATE_HZ, np.float32), make_tone(200, 100, RATE_HZ)])
    assert len(trim_silence(take, RATE_HZ)) == len(take)


@pytest.mark.parametrize(
    "take", [np.zeros(RATE_HZ, np.float32), np.zeros(0, np.float32), make_noise(300, RATE_HZ, rms_dbfs=-65)]
)
def test_silence_has_no_speech(take: np.ndarray):
    assert find_speech_span(take, RATE_HZ) == (0, 0)
    assert not len(trim_silence(take, RATE_HZ))


def test_fades_touch_only_the_edges():
    tone = make_tone(200, 400, RATE_HZ)
    faded = apply_edge_fades(tone, RATE_HZ, fade_ms=12)
    edge = 12 * RATE_HZ // 1000
    assert np.array_equal(faded[edge:-edge], tone[edge:-edge])
    assert faded[0] == faded[-1] == 0
    assert np.all(np.abs(faded) <= np.abs(tone))


def test_fading_leaves_the_original_alone():
    ones = np.ones(RATE_HZ, np.float32)
    apply_edge_fades(ones, RATE_HZ)
    assert np.all(ones == 1)


@pytest.mark.parametrize("frames", [0, 1, 2, 100])
def test_a_take_shorter_than_two_fades_is_faded_all_the_same(frames: int):
    faded = apply_edge_fades(np.ones(frames, np.float32), RATE_HZ)
    assert len(faded) == frames
    assert frames < 2 or faded[0] == faded[-1] == 0
