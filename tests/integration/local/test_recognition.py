"""What the local recogniser hears in real recorded speech."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from dubbing.transcript import Transcript, Word
from dubbing.word_error_rate import measure_word_error_rate
from resources.local.recognizer import LocalRecognizer
from tests.support.local_engine import THREADS, decode_wav, get_recognizer, get_weights, join_words, write_beginning

MAX_WORD_ERROR_RATE = 0.05

CLIP_STARTS_MS = [0, 7_900, 11_690, 17_790, 24_640]
"""Where the five clips of the sample begin."""

BEGINNING_MS = 17_000
"""The first three clips."""

UNIQUE_WORDS = {"Dashwood", "leisure", "prudently", "power", "young", "unless", "selfish"}
"""Said once in them, over all of their length."""


@pytest.fixture(scope="module")
def reference(samples: Path) -> str:
    return (samples / "sense_and_sensibility.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def transcript(samples: Path) -> Transcript:
    return get_recognizer().hear(samples / "sense_and_sensibility.wav", language="en")


def test_hardly_a_word_of_the_sample_is_misheard(transcript, reference):
    assert measure_word_error_rate(reference, join_words(transcript)) <= MAX_WORD_ERROR_RATE


def test_a_hyphenated_word_is_one_word(transcript):
    assert {"ill-disposed", "cold-hearted"} <= {word.text for word in transcript.words}


def test_words_are_where_they_are_spoken(transcript):
    firsts = {"And": 0, "He": 1, "unless": 2, "Had": 3}
    for text, clip in firsts.items():
        word = next(word for word in transcript.words if word.text == text)
        assert CLIP_STARTS_MS[clip] <= word.start_ms <= CLIP_STARTS_MS[clip] + 700


def test_nothing_is_heard_in_the_pauses(transcript):
    last_words = {"them.": CLIP_STARTS_MS[1], "was.": CLIP_STARTS_MS[4]}
    for text, next_clip_ms in last_words.items():
        word = next(word for word in transcript.words if word.text == text)
        assert next_clip_ms - 1_500 <= word.end_ms <= next_clip_ms


def test_a_recording_longer_than_a_window_is_heard_as_one(samples, transcript, tmp_path):
    audio = write_beginning(samples / "sense_and_sensibility.wav", tmp_path / "beginning.wav", BEGINNING_MS)
    recognizer = LocalRecognizer(get_weights(), decode_wav, threads=THREADS, window_ms=10_000)
    pieced = recognizer.hear(audio, language=None)
    whole = [word for word in transcript.words if word.end_ms <= BEGINNING_MS]
    assert measure_word_error_rate(" ".join(word.text for word in whole), join_words(pieced)) <= MAX_WORD_ERROR_RATE
    assert pieced.duration_ms == BEGINNING_MS
    starts, pieced_starts = find_starts(whole), find_starts(pieced.words)
    assert all(abs(pieced_starts[word] - starts[word]) <= 300 for word in UNIQUE_WORDS)


def find_starts(words: Sequence[Word]) -> dict[str, int]:
    return {"".join(filter(str.isalnum, word.text)): word.start_ms for word in words}


def test_the_window_is_part_of_the_engine_s_name():
    other = LocalRecognizer(get_weights(), decode_wav, threads=THREADS, window_ms=12_000)
    assert other.name != get_recognizer().name
