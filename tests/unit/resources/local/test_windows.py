import numpy as np
import pytest

from resources.local.windows import PAUSE_MS, find_cut_frame, iterate_windows

RATE_HZ = 1000
"""A frame a millisecond keeps the numbers readable."""


def make_speech(length_ms: int, pauses: list[tuple[int, int]]) -> np.ndarray:
    samples = np.random.default_rng(3).normal(0, 0.2, length_ms).astype(np.float32)
    for start_ms, end_ms in pauses:
        samples[start_ms:end_ms] *= 0.001
    return samples


def cut(samples: np.ndarray, block_frames: int) -> list[np.ndarray]:
    return [samples[i : i + block_frames] for i in range(0, len(samples), block_frames)]


@pytest.mark.parametrize("block_frames", [1, 7, 1000, 100_000])
def test_windows_give_the_recording_back_whatever_the_blocks(block_frames):
    samples = make_speech(9_000, [(1_500, 2_200), (4_000, 4_700)])
    windows = list(iterate_windows(cut(samples, block_frames), RATE_HZ, window_ms=3_000))
    assert np.array_equal(np.concatenate([window.samples for window in windows]), samples)
    starts = np.cumsum([0, *(len(window.samples) for window in windows)])
    assert [window.start_frame for window in windows] == list(starts[:-1])
    assert max(len(window.samples) for window in windows) <= 3_000


def test_a_recording_of_one_window_is_not_cut():
    samples = make_speech(3_000, [(1_000, 2_000)])
    (window,) = iterate_windows(cut(samples, 100), RATE_HZ, window_ms=3_000)
    assert np.array_equal(window.samples, samples)


def test_no_sound_gives_no_window():
    assert list(iterate_windows([], RATE_HZ, window_ms=3_000)) == []
    assert list(iterate_windows([np.zeros(0, np.float32)], RATE_HZ, window_ms=3_000)) == []


def test_the_cut_lies_in_the_pause():
    samples = make_speech(120_000, [(100_000, 101_000)])
    assert 100_000 + PAUSE_MS // 2 <= find_cut_frame(samples, RATE_HZ) <= 101_000 - PAUSE_MS // 2


def test_a_pause_far_from_the_end_is_left_alone():
    samples = make_speech(120_000, [(10_000, 12_000), (110_000, 110_600)])
    assert 110_000 < find_cut_frame(samples, RATE_HZ) < 110_600


def test_the_quietest_place_is_taken_where_music_plays_on():
    samples = make_speech(120_000, [])
    samples[90_000:91_000] *= 0.5
    assert 90_000 < find_cut_frame(samples, RATE_HZ) < 91_000


def test_no_more_than_a_window_and_a_block_is_held():
    held = 0

    def count(blocks):
        nonlocal held
        for block in blocks:
            held += len(block)
            yield block

    samples = make_speech(60_000, [])
    for window in iterate_windows(count(cut(samples, 500)), RATE_HZ, window_ms=3_000):
        assert held <= 3_000 + 500
        held -= len(window.samples)
