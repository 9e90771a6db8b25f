"""What every recogniser must keep to. A new adapter is one more entry of ``RECOGNIZERS``."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dubbing.engines import Recognizer
from dubbing.errors import NoSpeechError, UnsupportedLanguageError
from dubbing.transcript import Transcript
from tests.support.local_engine import get_recognizer, write_beginning, write_speech

RECOGNIZERS: dict[str, Callable[[], Recognizer]] = {"local": get_recognizer}

SAMPLE_MS = 27_930


@pytest.fixture(scope="module", params=RECOGNIZERS)
def recognizer(request: pytest.FixtureRequest) -> Recognizer:
    return RECOGNIZERS[request.param]()


@pytest.fixture(scope="module")
def transcript(recognizer: Recognizer, samples: Path) -> Transcript:
    return recognizer.recognize(samples / "sense_and_sensibility.wav", language=None)


def test_the_language_is_detected_as_a_canonical_tag(transcript):
    assert transcript.language == "en"


def test_the_duration_is_that_of_the_whole_recording(transcript):
    assert abs(transcript.duration_ms - SAMPLE_MS) <= 1


def test_words_follow_each_other_inside_the_recording(transcript):
    assert all(0 <= word.start_ms <= word.end_ms <= transcript.duration_ms for word in transcript.words)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(transcript.words))


def test_times_are_whole_milliseconds(transcript):
    assert {type(time) for word in transcript.words for time in (word.start_ms, word.end_ms)} == {int}


def test_words_carry_their_punctuation_and_no_space(transcript):
    assert all(word.text == word.text.strip() and word.text for word in transcript.words)
    assert any(word.text.endswith(".") for word in transcript.words)


def test_confidence_is_a_share(transcript):
    assert all(type(word.confidence) is float and 0 <= word.confidence <= 1 for word in transcript.words)


def test_a_language_that_is_given_is_kept_as_given(recognizer, samples, tmp_path):
    audio = write_beginning(samples / "sense_and_sensibility.wav", tmp_path / "beginning.wav", 5_000)
    transcript = recognizer.recognize(audio, language="en-GB")
    assert transcript.language == "en-GB"
    assert transcript.words


def make_noise(seconds: int = 8) -> np.ndarray:
    return np.random.default_rng(7).normal(0, 0.1, 16_000 * seconds).astype(np.float32)


def make_chord(seconds: int = 8) -> np.ndarray:
    times = np.arange(16_000 * seconds) / 16_000
    beat = 1 + np.sin(2 * np.pi * 2 * times)
    return (beat * sum(0.1 * np.sin(2 * np.pi * hz * times) for hz in (220, 277, 330, 440))).astype(np.float32)


@pytest.mark.parametrize("make", [make_noise, make_chord, lambda: np.zeros(16_000, np.float32)])
def test_sound_without_speech_is_refused(recognizer, tmp_path, make):
    audio = write_speech(tmp_path / "sound.wav", make(), 16_000)
    with pytest.raises(NoSpeechError, match="Nobody speaks"):
        recognizer.recognize(audio, language=None)


def test_a_language_that_the_engine_does_not_know_is_refused(recognizer, samples):
    with pytest.raises(UnsupportedLanguageError, match="Klingon"):
        recognizer.recognize(samples / "sense_and_sensibility.wav", language="tlh")
