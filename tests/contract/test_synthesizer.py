"""What every synthesiser must keep to. A new adapter is one more entry of ``SYNTHESIZERS``."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dubbing.engines import Synthesizer, Voice
from dubbing.errors import SynthesisError
from dubbing.languages import parse_language
from tests.support.local_engine import get_synthesizer

SYNTHESIZERS: dict[str, Callable[[], Synthesizer]] = {"local": get_synthesizer}

QUALITY_ORDER = ["standard", "experimental", "fallback"]


@pytest.fixture(scope="module", params=SYNTHESIZERS)
def synthesizer(request: pytest.FixtureRequest) -> Synthesizer:
    return SYNTHESIZERS[request.param]()


@pytest.fixture(scope="module")
def voice(synthesizer: Synthesizer) -> Voice:
    return next(voice for voice in synthesizer.list_voices() if voice.language == "pt-BR")


def test_voices_have_canonical_languages_and_names_of_their_own(synthesizer):
    voices = synthesizer.list_voices()
    assert all(parse_language(voice.language) == voice.language for voice in voices)
    assert len({voice.name for voice in voices}) == len(voices)


def test_voices_of_a_language_come_best_first(synthesizer):
    voices = synthesizer.list_voices()
    for language in {voice.language for voice in voices}:
        ranks = [QUALITY_ORDER.index(voice.quality) for voice in voices if voice.language == language]
        assert ranks == sorted(ranks)


def test_the_same_arguments_give_the_same_samples(synthesizer, voice):
    first, second = (synthesizer.synthesize("Bom dia a todos.", voice=voice) for _ in range(2))
    assert first.rate_hz == second.rate_hz
    assert np.array_equal(first.samples, second.samples)


def test_a_reading_is_mono_finite_and_heard(synthesizer, voice):
    speech = synthesizer.synthesize("Bom dia a todos.", voice=voice)
    assert speech.samples.dtype == np.float32
    assert speech.samples.ndim == 1
    assert np.isfinite(speech.samples).all()
    assert 0.05 < np.abs(speech.samples).max() <= 1.0


def test_a_longer_text_takes_longer_and_a_faster_reading_is_shorter(synthesizer, voice):
    short = synthesizer.synthesize("Bom dia a todos.", voice=voice)
    longer = synthesizer.synthesize("Bom dia a todos, e sejam bem-vindos.", voice=voice)
    fast = synthesizer.synthesize("Bom dia a todos.", voice=voice, speed=1.3)
    assert len(longer.samples) > 1.3 * len(short.samples)
    assert 0.6 * len(short.samples) < len(fast.samples) < 0.95 * len(short.samples)


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "😀🎉", "\x00\x07", "<speak><break time='3s'/></speak>"])
def test_a_text_with_nothing_to_say_is_refused(synthesizer, voice, text):
    with pytest.raises(SynthesisError):
        synthesizer.synthesize(text, voice=voice)


@pytest.mark.parametrize(
    "text",
    ["a" * 100, "[[h@l'oU]] ^x$ \\", "<b>olá</b> & </speak>", "\u202eabc\x00def", "Привет", "1.234.567,89 %", "ª"],
)
def test_a_hostile_text_is_read_or_refused_but_breaks_nothing(synthesizer, voice, text):
    try:
        speech = synthesizer.synthesize(text, voice=voice)
    except SynthesisError:
        return
    assert len(speech.samples) > 0


def test_a_voice_that_is_not_offered_is_refused(synthesizer):
    with pytest.raises(SynthesisError, match="nobody"):
        synthesizer.synthesize("Olá.", voice=Voice("nobody", "pt-BR"))


def test_several_threads_get_the_samples_of_one(synthesizer):
    voices = [voice for voice in synthesizer.list_voices() if voice.quality == "standard"][:2]
    alone = [synthesizer.synthesize("Taxi.", voice=voice).samples for voice in voices]
    with ThreadPoolExecutor(4) as threads:
        spoken = threads.map(lambda v: synthesizer.synthesize("Taxi.", voice=v).samples, voices * 3)
    assert all(np.array_equal(one, other) for one, other in zip(alone * 3, spoken, strict=True))
