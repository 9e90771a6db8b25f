"""What every recogniser must keep to. A new adapter is one more entry of ``engines_under_test.RECOGNIZERS``.

The emulated vendor hears with the local recogniser: its words prove nothing of the real one's.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dubbing.engines import LOCAL, Recording
from dubbing.errors import NoSpeechError, UnsupportedLanguageError
from dubbing.transcript import Transcript, Word
from tests.contract.engines_under_test import RECOGNIZERS, EngineUnderTest, list_parameters
from tests.support.local_engine import join_words, write_beginning, write_speech

SAMPLE_MS = 27_930
BEGINNING_MS = 5_000

HOSTILE_TERMS = ["Dashwood", "", "a\r\nb: c", "\x00", "&model=none#?", "\u202e", "x" * 5_000, "half \ud800", "😀"] * 20


class Shelf:
    """Gives a file as a recording, and knows how often it was taken and put back."""

    def __init__(self, path: Path, duration_ms: int) -> None:
        self._path = path
        self.taken = self.returned = 0
        self.recording = Recording(duration_ms=duration_ms, fetch=self._fetch, tag="job-7")

    @contextmanager
    def _fetch(self) -> Iterator[Path]:
        self.taken += 1
        try:
            yield self._path
        finally:
            self.returned += 1


@pytest.fixture(scope="module", params=list_parameters(RECOGNIZERS))
def under_test(request):
    return RECOGNIZERS[request.param](request)


@pytest.fixture(scope="module")
def recognizer(under_test):
    return under_test.engine


@pytest.fixture(scope="module")
def sample(samples: Path) -> Shelf:
    return Shelf(samples / "sense_and_sensibility.wav", SAMPLE_MS)


@pytest.fixture
def beginning(samples: Path, tmp_path: Path) -> Shelf:
    audio = write_beginning(samples / "sense_and_sensibility.wav", tmp_path / "beginning.wav", BEGINNING_MS)
    return Shelf(audio, BEGINNING_MS)


@pytest.fixture(scope="module")
def transcript(recognizer, sample) -> Transcript:
    return recognizer.recognize(sample.recording, language=None).value


def test_the_language_is_detected_as_a_canonical_tag(transcript):
    assert transcript.language == "en"


def test_the_duration_is_that_of_the_whole_recording(transcript):
    assert abs(transcript.duration_ms - SAMPLE_MS) <= 1


def test_words_follow_each_other_inside_the_recording(transcript):
    assert all(0 <= word.start_ms <= word.end_ms <= transcript.duration_ms for word in transcript.words)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(transcript.words))


def test_words_are_spread_over_the_recording_as_the_speech_is(transcript):
    assert len(transcript.words) > 50
    assert transcript.words[0].start_ms < 2_000
    assert transcript.words[-1].end_ms > SAMPLE_MS - 2_000


def test_times_are_whole_milliseconds(transcript):
    assert {type(time) for word in transcript.words for time in (word.start_ms, word.end_ms)} == {int}


def test_words_carry_their_punctuation_and_no_space(transcript):
    assert all(word.text == word.text.strip() and word.text for word in transcript.words)
    assert any(word.text.endswith(".") for word in transcript.words)


def test_confidence_is_a_share(transcript):
    assert all(type(word.confidence) is float and 0 <= word.confidence <= 1 for word in transcript.words)


def test_every_word_has_a_speaker(transcript):
    assert all(type(word.speaker) is str and word.speaker for word in transcript.words)


def test_the_receipt_says_how_much_was_heard_and_by_what_name_the_vendor_knows_the_call(
    under_test, recognizer, beginning
):
    receipt = recognizer.recognize(beginning.recording, language="en").receipt
    if recognizer.vendor == LOCAL:
        assert (receipt.usage, receipt.request_id) == ({}, None)
    else:
        assert set(receipt.usage) == {"ms"}
        assert abs(receipt.usage["ms"] - BEGINNING_MS) <= 1_000
        assert receipt.request_id
    if under_test.emulator is not None:
        line = under_test.emulator.list_invoice()[-1]
        assert (receipt.usage, receipt.request_id) == (line.usage, line.request_id)


def test_a_call_is_one_request_and_takes_the_recording_once(under_test, recognizer, beginning):
    before = under_test.count_requests()
    recognizer.recognize(beginning.recording, language="en")
    assert under_test.count_requests() - before == (under_test.emulator is not None)
    assert (beginning.taken, beginning.returned) == (1, 1)


def test_a_language_that_is_given_is_kept_as_given(recognizer, beginning):
    transcript = recognizer.recognize(beginning.recording, language="en-GB").value
    assert transcript.language == "en-GB"
    assert transcript.words


def test_key_terms_that_mean_harm_change_nothing_but_words(recognizer, beginning):
    transcript = recognizer.recognize(beginning.recording, language="en", key_terms=HOSTILE_TERMS).value
    assert transcript.language == "en"
    assert transcript.words


def make_noise(seconds: int = 8) -> np.ndarray:
    return np.random.default_rng(7).normal(0, 0.1, 16_000 * seconds).astype(np.float32)


def make_chord(seconds: int = 8) -> np.ndarray:
    times = np.arange(16_000 * seconds) / 16_000
    beat = 1 + np.sin(2 * np.pi * 2 * times)
    return (beat * sum(0.1 * np.sin(2 * np.pi * hz * times) for hz in (220, 277, 330, 440))).astype(np.float32)


def make_silence(seconds: int = 1) -> np.ndarray:
    return np.zeros(16_000 * seconds, np.float32)


@pytest.mark.parametrize("make", [make_noise, make_chord, make_silence])
def test_nothing_is_heard_in_sound_without_speech(recognizer, tmp_path, make):
    samples = make()
    shelf = Shelf(write_speech(tmp_path / "sound.wav", samples, 16_000), len(samples) // 16)
    assert hear_words(recognizer, shelf) == ()
    assert shelf.taken == shelf.returned


def hear_words(recognizer, shelf: Shelf) -> tuple[Word, ...]:
    """Recognise; an engine that bills for silence gives a transcript without words, for the receipt's sake."""
    try:
        return recognizer.recognize(shelf.recording, language=None).value.words
    except NoSpeechError:
        return ()


@pytest.mark.parametrize("language", ["tlh", "x-none"])
def test_a_language_that_the_engine_does_not_know_is_refused_before_anything_is_bought(
    under_test, recognizer, sample, language
):
    before = under_test.count_requests()
    with pytest.raises(UnsupportedLanguageError):
        recognizer.recognize(sample.recording, language=language)
    assert under_test.count_requests() == before


def test_the_refusal_names_the_language(recognizer, sample):
    with pytest.raises(UnsupportedLanguageError, match="Klingon"):
        recognizer.recognize(sample.recording, language="tlh")


def test_several_threads_hear_what_one_does(under_test: EngineUnderTest, recognizer, beginning):
    alone = recognizer.recognize(beginning.recording, language="en").value
    with ThreadPoolExecutor(2) as threads:
        heard = list(threads.map(lambda _: recognizer.recognize(beginning.recording, language="en").value, range(3)))
    assert all(join_words(transcript) for transcript in heard)
    if under_test.is_exact:
        assert heard == [alone] * 3
