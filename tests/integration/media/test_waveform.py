"""The picture of a dub, looked at as a program looks: colours at places."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dubbing.envelope import Envelope
from resources.media.waveform import BAR, DUB, HEIGHT, ORIGINAL, OVERFLOW, SOURCE, WIDTH, Bar, draw_waveform

HOUR_MS = 3_600_000


def sound(total_ms: int, *spans: tuple[int, int]) -> Envelope:
    levels = np.full(total_ms // 10, -100, np.float32)
    for start_ms, end_ms in spans:
        levels[start_ms // 10 : end_ms // 10] = -12
    return Envelope(levels)


def look(file: Path) -> np.ndarray:
    with Image.open(file) as picture:
        assert picture.size == (WIDTH, HEIGHT)
        return np.array(picture)


def columns(picture: np.ndarray, colour: int) -> tuple[int, int]:
    """Where a colour begins and ends, in pixels, where it is higher than a line of silence."""
    found = np.flatnonzero((picture == colour).sum(axis=0) > 5)
    return int(found[0]), int(found[-1])


def test_sound_and_lines_are_where_they_are(tmp_path: Path) -> None:
    source, dub = sound(12_000, (1_000, 3_000)), sound(12_000, (1_500, 4_000))
    bars = [Bar(1_500, 4_000, overflow_ms=500), Bar(6_000, 7_000, is_original=True)]
    draw_waveform(source, dub, bars, tmp_path / "a.png")
    picture = look(tmp_path / "a.png")
    assert columns(picture, SOURCE) == pytest.approx((100, 299), abs=1)
    assert columns(picture, DUB) == pytest.approx((150, 399), abs=1)
    assert columns(picture, BAR) == pytest.approx((150, 349), abs=1)
    assert columns(picture, OVERFLOW) == pytest.approx((350, 400), abs=1)
    assert columns(picture, ORIGINAL) == pytest.approx((600, 699), abs=1)


@pytest.mark.parametrize("total_ms", [10, 300, 4 * HOUR_MS])
def test_a_picture_is_small_however_long_the_dub(tmp_path: Path, total_ms: int) -> None:
    levels = np.random.default_rng(1).uniform(-60, -10, total_ms // 10).astype(np.float32)
    bars = [Bar(ms, ms + 4_000, overflow_ms=ms % 3 * 100) for ms in range(0, max(0, total_ms - 5_000), 5_000)]
    draw_waveform(Envelope(levels), Envelope(levels[::-1]), bars, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size < 30_000


def test_a_dub_that_runs_over_its_source_and_one_without_a_sound_are_drawn(tmp_path: Path) -> None:
    draw_waveform(sound(1_000), sound(5_000, (0, 5_000)), [], tmp_path / "a.png")
    assert columns(look(tmp_path / "a.png"), DUB)[1] == WIDTH - 1
    draw_waveform(Envelope(np.zeros(0, np.float32)), Envelope(np.zeros(0, np.float32)), [], tmp_path / "b.png")
