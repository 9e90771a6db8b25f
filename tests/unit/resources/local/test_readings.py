import numpy as np
import pytest

from resources.local.readings import NotSpeechError, require_speech, trim_silence

RATE_HZ = 24_000


def make_tone(length_ms: int, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(np.arange(length_ms * RATE_HZ // 1000) * 0.05)).astype(np.float32)


def test_silence_at_both_ends_is_taken_off_but_for_a_margin():
    silence = np.zeros(RATE_HZ // 2, np.float32)
    trimmed = trim_silence(np.concatenate([silence, make_tone(400), silence]), RATE_HZ)
    assert 400 <= len(trimmed) * 1000 / RATE_HZ <= 450
    assert trimmed.dtype == np.float32


def test_a_pause_inside_is_kept():
    samples = np.concatenate([make_tone(200), np.zeros(RATE_HZ, np.float32), make_tone(200)])
    assert len(trim_silence(samples, RATE_HZ)) >= len(samples) - RATE_HZ // 50


@pytest.mark.parametrize("samples", [np.zeros(1000, np.float32), np.zeros(0, np.float32)])
def test_of_silence_nothing_is_left(samples):
    assert len(trim_silence(samples, RATE_HZ)) == 0


def test_a_plausible_reading_is_accepted():
    require_speech(make_tone(600), RATE_HZ, speed=1.0, symbols=10)


@pytest.mark.parametrize(
    ("samples", "symbols", "words"),
    [
        (np.zeros(0, np.float32), 5, "silence"),
        (make_tone(600, level=0.0001), 10, "silence"),
        (np.full(14_400, np.nan, np.float32), 10, "no numbers"),
        (make_tone(100), 60, "no voice speaks"),
        (make_tone(20_000), 10, "no voice speaks"),
    ],
)
def test_what_is_no_reading_is_refused(samples, symbols, words):
    with pytest.raises(NotSpeechError, match=words):
        require_speech(samples, RATE_HZ, speed=1.0, symbols=symbols)


def test_the_speed_asked_for_is_allowed_for():
    require_speech(make_tone(1_000), RATE_HZ, speed=2.0, symbols=130)
    with pytest.raises(NotSpeechError):
        require_speech(make_tone(1_000), RATE_HZ, speed=1.0, symbols=130)


def test_digits_may_be_spelt_out():
    with pytest.raises(NotSpeechError):
        require_speech(make_tone(6_000), RATE_HZ, speed=1.0, symbols=7)
    require_speech(make_tone(6_000), RATE_HZ, speed=1.0, symbols=7, most_symbols=70)
