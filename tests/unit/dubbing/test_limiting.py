"""Limiting: ceilings that hold between the samples too, and nothing touched far from a peak."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from dubbing.limiting import EASE_MS, limit_peaks

RATE_HZ = 48_000
BLOCK = 4_096
CEILING_DBTP = -1.0


def make_bursts(frames: int = 50_000, channels: int = 2) -> np.ndarray:
    """Quiet noise with peaks far above the ceiling here and there, some at the edges of blocks."""
    random = np.random.default_rng(1)
    noise = 0.2 * random.standard_normal((frames + 2, channels))
    sound = noise[:-2] / 4 + noise[1:-1] / 2 + noise[2:] / 4  # as little near half of the rate as real sound has
    for start in (0, 4_090, 20_000, frames - 40):
        sound[start : start + 40, 0] *= 30
    return sound.astype(np.float32)


def limit(sound: np.ndarray, block: int = BLOCK) -> tuple[np.ndarray, np.ndarray]:
    pieces = list(limit_peaks((sound[at : at + block] for at in range(0, len(sound), block)), CEILING_DBTP, RATE_HZ))
    gains = [np.ones(len(piece), np.float32) if gain is None else gain for piece, gain in pieces]
    return np.concatenate([piece for piece, _ in pieces]), np.concatenate(gains)


def measure_peak_dbtp(sound: np.ndarray) -> float:
    return 20 * float(np.log10(np.abs(resample_poly(sound.astype(np.float64), 8, 1, axis=0)).max()))


@pytest.mark.parametrize("channels", [1, 2])
def test_no_peak_passes_the_ceiling(channels: int) -> None:
    limited, _ = limit(make_bursts(channels=channels))
    assert 20 * np.log10(np.abs(limited).max()) <= CEILING_DBTP + 1e-4
    assert measure_peak_dbtp(limited) <= CEILING_DBTP + 0.2


def test_a_peak_between_samples_is_held_too() -> None:
    """A sine of a quarter of the rate whose samples all lie 3 dB below its crest."""
    sine = np.sin(np.pi / 2 * np.arange(20_000) + np.pi / 4).astype(np.float32)[:, None]
    assert np.abs(sine).max() < 0.71
    limited, _ = limit(sine)
    assert measure_peak_dbtp(limited[2_000:-2_000]) == pytest.approx(CEILING_DBTP, abs=0.15)


def test_far_from_peaks_not_a_bit_is_changed() -> None:
    sound = make_bursts()
    limited, gains = limit(sound)
    reach = 2 * EASE_MS * RATE_HZ // 1000 + 32
    touched = np.flatnonzero(np.abs(sound).max(axis=1) > 0.8)
    far = np.ones(len(sound), bool)
    for frame in touched:
        far[max(0, frame - reach) : frame + reach] = False
    assert far.sum() > len(sound) / 2
    assert np.array_equal(limited[far], sound[far])
    assert (gains[far] == 1.0).all()


def test_what_was_done_is_told() -> None:
    sound = make_bursts()
    limited, gains = limit(sound)
    assert np.array_equal(limited, sound * gains[:, None])
    assert gains.min() < 0.5
    assert gains.max() <= 1.0


def test_the_gain_comes_and_goes_gently() -> None:
    _, gains = limit(make_bursts())
    assert np.abs(np.diff(gains)).max() < 2 / (EASE_MS * RATE_HZ / 1000)


def test_blocks_do_not_matter() -> None:
    sound = make_bursts()
    assert np.allclose(limit(sound, 4_096)[0], limit(sound, 50_000)[0], atol=1e-6)


@pytest.mark.parametrize("frames", [1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_every_length_comes_out_as_it_was(frames: int) -> None:
    sound = np.full((frames, 2), 2.0, np.float32)
    limited, _ = limit(sound)
    assert limited.shape == sound.shape
    assert np.abs(limited).max() <= 10 ** (CEILING_DBTP / 20) + 1e-6


def test_nothing_gives_nothing() -> None:
    assert list(limit_peaks([], CEILING_DBTP, RATE_HZ)) == []
