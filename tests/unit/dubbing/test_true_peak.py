"""True peak: what lies between samples is found, in blocks of any length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import resample_poly

from dubbing.true_peak import measure_true_peak
from dubbing.units import gain_to_db


def make_music(frames: int, seed: int) -> np.ndarray:
    """Noise with as little near half of the rate as real sound has, louder in one place than elsewhere."""
    noise = np.random.default_rng(seed).standard_normal((frames + 2, 2))
    sound = (noise[:-2] / 4 + noise[1:-1] / 2 + noise[2:] / 4) * 0.1
    sound[frames // 2 :] *= 3
    return sound.astype(np.float32)


@given(seed=st.integers(0, 1000), frames=st.integers(1, 3_000), block=st.integers(1, 700))
def test_the_peak_is_that_of_the_sound_at_eight_times_its_rate_however_it_is_cut(
    seed: int, frames: int, block: int
) -> None:
    sound = make_music(frames, seed)
    silence = np.zeros((64, 2))
    finer = resample_poly(np.concatenate([silence, sound, silence]), 8, 1, axis=0)
    peak = measure_true_peak(sound[at : at + block] for at in range(0, frames, block))
    assert gain_to_db(peak) == pytest.approx(gain_to_db(float(np.abs(finer).max())), abs=0.35)
    assert peak == measure_true_peak([sound])


@pytest.mark.parametrize("channels", [1, 2])
def test_a_crest_that_no_sample_meets_is_found(channels: int) -> None:
    sine = np.sin(np.pi / 2 * np.arange(4_800) + np.pi / 4) * np.hanning(4_800)
    sound = np.zeros((4_800, channels), np.float32)
    sound[:, -1] = 0.5 * sine
    assert np.abs(sound).max() < 0.36
    assert measure_true_peak([sound]) == pytest.approx(0.5, rel=0.01)


def test_a_peak_at_the_seam_of_two_blocks_counts() -> None:
    sine = (np.sin(np.pi / 2 * np.arange(64) + np.pi / 4) * np.hanning(64)).astype(np.float32)[:, None]
    whole = measure_true_peak([sine])
    assert whole > np.abs(sine).max() * 1.3
    assert all(measure_true_peak([sine[:at], sine[at:]]) == whole for at in range(64))


def test_silence_has_no_peak() -> None:
    assert measure_true_peak([np.zeros((100, 1), np.float32)]) == 0.0
    assert measure_true_peak([]) == 0.0
