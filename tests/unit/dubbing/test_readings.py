import numpy as np
import pytest

from dubbing.engines import Speech
from dubbing.readings import find_fault
from dubbing.units import ms_to_frames

RATE_HZ = 24_000
TEXT = "A sentence of some forty characters, say."


def speak(length_ms: int, *, level: float = 0.3, silence_ms: int = 300) -> Speech:
    tone = level * np.sin(np.arange(ms_to_frames(length_ms, RATE_HZ)) * 0.06)
    silence = np.zeros(ms_to_frames(silence_ms, RATE_HZ))
    return Speech(np.concatenate([silence, tone, silence]).astype(np.float32), RATE_HZ)


def test_speech_of_the_usual_length_is_in_order():
    assert find_fault(speak(2_600), TEXT, language="en") is None


@pytest.mark.parametrize("speech", [speak(2_600, level=0.0), Speech(np.zeros(0, np.float32), RATE_HZ)])
def test_silence_is_a_fault(speech):
    assert find_fault(speech, TEXT, language="en") == "The voice gave silence."


def test_samples_that_are_no_numbers_are_silence():
    assert find_fault(Speech(np.full(RATE_HZ, np.nan, np.float32), RATE_HZ), TEXT, language="en") is not None


@pytest.mark.parametrize("length_ms", [100, 30_000])
def test_a_reading_far_too_short_or_too_long_is_a_fault(length_ms):
    fault = find_fault(speak(length_ms), TEXT, language="en")
    assert fault is not None
    assert TEXT not in fault


def test_the_silence_around_the_speech_is_no_part_of_its_length():
    assert find_fault(speak(2_600, silence_ms=20_000), TEXT, language="en") is None


def test_an_exclamation_may_be_drawn_out():
    assert find_fault(speak(1_400), "Oh!", language="en") is None


def test_a_number_may_take_as_long_as_its_words():
    assert find_fault(speak(6_000), "1,234,567", language="en") is None


def test_a_text_without_letters_may_be_a_sound():
    assert find_fault(speak(300), "…", language="en") is None


def test_a_reading_at_more_speed_may_be_shorter():
    assert find_fault(speak(700), TEXT, language="en") is not None
    assert find_fault(speak(700), TEXT, language="en", speed=1.5) is None


@pytest.mark.parametrize(
    ("text", "language", "length_ms"),
    [("今日はとても良い天気ですね。", "ja", 2_400), ("आज मौसम बहुत अच्छा है।", "hi", 1_900)],
)
def test_other_scripts_are_judged_by_their_own_rate(text, language, length_ms):
    assert find_fault(speak(length_ms), text, language=language) is None


def test_a_part_of_a_long_reading_or_a_repeated_one_is_no_reading():
    text = " ".join([TEXT] * 3)
    whole_ms = 3 * 2_600
    assert find_fault(speak(whole_ms), text, language="en") is None
    assert find_fault(speak(whole_ms // 4), text, language="en") is not None
    assert find_fault(speak(whole_ms * 3), text, language="en") is not None
