"""The null test: it passes for what is the original times one gain, and for nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubbing.limiting import Limited
from dubbing.mixing import Master
from resources.media.ffmpeg import Ffmpeg
from resources.media.null_test import (
    FAILED_RESIDUAL_DB,
    LOWEST_RESIDUAL_DB,
    SHORTEST_MS,
    NullTest,
    compare,
    find_free_spans,
    run_null_test,
)
from tests.integration.media.test_mixing import LENGTH_MS, Scene
from tests.support.audio import encode, make_noise, make_tone

RATE_HZ = 8_000
TAKE = [(2_000, 3_000)]


def split(sound: np.ndarray, block: int = 1_000) -> list[np.ndarray]:
    return [sound[at : at + block, None] for at in range(0, len(sound), block)]


def compare_sounds(original: np.ndarray, sound: np.ndarray, free: list[tuple[int, int]]) -> NullTest | None:
    return compare(split(original), [Limited(block, None) for block in split(sound)], -6.0, free, RATE_HZ)


def test_what_is_the_original_times_the_gain_leaves_nothing() -> None:
    original = make_noise(4_000, RATE_HZ)
    result = compare_sounds(original, original * np.float32(10 ** (-6 / 20)), [(500, 1_500), (2_000, 4_000)])
    assert result == NullTest(
        residual_db=result.residual_db if result else 0, gain_db=pytest.approx(-6.0), free_ms=3_000, limited_ms=0
    )
    assert result.residual_db < -120


@pytest.mark.parametrize(("share", "residual_db"), [(0.01, -40.0), (0.1, -20.0)])
def test_what_does_not_belong_there_is_found(share: float, residual_db: float) -> None:
    original, alien = make_noise(4_000, RATE_HZ), make_noise(4_000, RATE_HZ, seed=1)
    result = compare_sounds(original, (original + share * alien) * np.float32(10 ** (-6 / 20)), [(0, 4_000)])
    assert result is not None
    assert result.residual_db == pytest.approx(residual_db, abs=0.3)


def test_another_gain_than_the_one_stated_is_found() -> None:
    original = make_noise(4_000, RATE_HZ)
    result = compare_sounds(original, original * np.float32(10 ** (-5.5 / 20)), [(0, 4_000)])
    assert result is not None
    assert result.residual_db > -30
    assert result.gain_db == pytest.approx(-5.5)


def test_what_the_dub_says_is_not_looked_at() -> None:
    original = make_noise(4_000, RATE_HZ)
    dub = original * np.float32(10 ** (-6 / 20))
    dub[1_000 * 8 : 2_000 * 8] += 1
    assert compare_sounds(original, dub, [(0, 1_000), (2_000, 4_000)]).residual_db < -120  # type: ignore[union-attr]
    assert compare_sounds(original, dub, [(0, 1_001)]).residual_db > -20  # type: ignore[union-attr]


def test_frames_that_were_limited_are_left_out_and_counted() -> None:
    original = make_noise(1_000, RATE_HZ)
    gains = np.ones(1_000, np.float32)
    gains[200:300] = 0.5
    finished = [Limited(block * 10 ** (-6 / 20) * gains[:, None], gains) for block in split(original)]
    result = compare(split(original), finished, -6.0, [(0, 1_000)], RATE_HZ)
    assert result is not None
    assert result.residual_db < -120
    assert result.limited_ms == 100
    assert result.free_ms == 900


@pytest.mark.parametrize("sample", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("share", [slice(None), slice(5, 6)])
def test_what_is_no_sound_at_all_never_passes(sample: float, share: slice) -> None:
    original = make_noise(4_000, RATE_HZ)
    dub = original * np.float32(10 ** (-6 / 20))
    dub[share] = sample
    result = compare_sounds(original, dub, [(0, 4_000)])
    assert result is not None
    assert result.residual_db >= FAILED_RESIDUAL_DB
    assert np.isfinite((result.residual_db, result.gain_db)).all()


@pytest.mark.parametrize("end_ms", [0, 1, 1_000, 3_970])
def test_a_dub_that_ends_before_its_original_fails(end_ms: int) -> None:
    original = make_noise(4_000, RATE_HZ)
    dub = (original * np.float32(10 ** (-6 / 20)))[: end_ms * RATE_HZ // 1000]
    result = compare_sounds(original, dub, [(0, 500), (1_500, 4_000)])
    assert result is not None
    assert result.residual_db == FAILED_RESIDUAL_DB


def test_a_dub_that_was_limited_throughout_proves_nothing() -> None:
    original = make_noise(1_000, RATE_HZ)
    finished = [Limited(block, np.full(len(block), 0.9, np.float32)) for block in split(original)]
    assert compare(split(original), finished, -6.0, [(0, 1_000)], RATE_HZ) is None


def test_a_dub_turned_around_is_not_its_original() -> None:
    original = make_noise(1_000, RATE_HZ)
    result = compare_sounds(original, -original * np.float32(10 ** (-6 / 20)), [(0, 1_000)])
    assert result is not None
    assert result.residual_db == pytest.approx(6.0, abs=0.1)
    assert result.gain_db == LOWEST_RESIDUAL_DB


@pytest.mark.parametrize("free", [[], [(0, 4_000)]])
def test_silence_and_no_free_stretch_prove_nothing(free: list[tuple[int, int]]) -> None:
    silence = np.zeros(4_000 * 8, np.float32)
    assert compare_sounds(silence, silence, free) is None


def test_a_stretch_that_is_too_short_is_not_free() -> None:
    busy = [(2_000, 3_000), (3_640 + SHORTEST_MS, 5_000)]
    assert find_free_spans(busy, 5_000) == [(0, 1_780), (3_420, 3_420 + SHORTEST_MS)]
    assert find_free_spans([(2_000, 3_000), (3_639 + SHORTEST_MS, 5_000)], 5_000) == [(0, 1_780)]


def test_where_speech_was_taken_out_the_bed_is_not_the_original() -> None:
    assert find_free_spans(TAKE, 6_000, changed=[(3_000, 5_000)]) == [(0, 1_780), (5_020, 6_000)]


def test_takes_over_the_end_and_over_each_other_leave_what_is_left() -> None:
    assert find_free_spans([(1_000, 4_000), (2_000, 3_000)], 3_500) == [(0, 780)]


@pytest.mark.parametrize(("rate_hz", "form"), [(44_100, "flac"), (48_000, "mp3"), (16_000, "wav")])
def test_a_real_mix_is_its_recording_times_one_gain(ffmpeg: Ffmpeg, tmp_path: Path, rate_hz: int, form: str) -> None:
    """The recording is decoded once more; nothing of the bed is believed."""
    noise = np.stack([make_noise(LENGTH_MS, rate_hz, seed=n) for n in range(2)], axis=1)
    scene = Scene(ffmpeg, tmp_path, encode(ffmpeg, noise, rate_hz, tmp_path / "a", "-f", form))
    mix = scene.mix()
    free = find_free_spans(TAKE, scene.source.duration_ms)
    for ceiling_dbtp in (-0.1, -15.0):
        result = run_null_test(scene.recording, mix, Master(3.3, ceiling_dbtp), free, ffmpeg)
        assert result is not None
        assert result.residual_db < -100
        assert result.gain_db == pytest.approx(3.3, abs=0.001)
    assert result.limited_ms > 0


def test_a_voice_where_none_was_planned_is_found(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    scene = Scene(ffmpeg, tmp_path, encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", "-f", "wav"))
    mix = scene.mix()
    result = run_null_test(scene.recording, mix, Master(0.0, -1.0), [(0, LENGTH_MS)], ffmpeg)
    assert result is not None
    assert result.residual_db > -40


def test_a_recording_that_is_not_the_one_that_was_mixed_is_found(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    scene = Scene(ffmpeg, tmp_path, encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", "-f", "wav"))
    mix = replace(scene.mix())
    other = encode(ffmpeg, make_tone(300, LENGTH_MS, 48_000), 48_000, tmp_path / "b", "-f", "wav")
    result = run_null_test(other, mix, Master(0.0, -1.0), find_free_spans(TAKE, LENGTH_MS), ffmpeg)
    assert result is not None
    assert result.residual_db > -10
