"""What every synthesiser must keep to. A new adapter is one more entry of ``engines_under_test.SYNTHESIZERS``.

The emulated vendors speak with espeak-ng: how long and how well they speak proves nothing of the real ones.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dubbing.engines import LOCAL, QUALITIES, Samples, Synthesizer, Voice
from dubbing.errors import DubbingError, SynthesisError
from dubbing.languages import parse_language
from tests.contract.engines_under_test import SYNTHESIZERS, list_parameters

LANGUAGE = "es"
"""Every engine under contract has voices for it."""

TEXT = "Buenos días a todos."
LONGER = "Buenos días a todos, y sean bienvenidos a nuestra casa."


@pytest.fixture(scope="module", params=list_parameters(SYNTHESIZERS))
def under_test(request):
    return SYNTHESIZERS[request.param](request)


@pytest.fixture(scope="module")
def synthesizer(under_test) -> Synthesizer:
    return under_test.engine


@pytest.fixture(scope="module")
def voice(synthesizer) -> Voice:
    (vendor, *_) = synthesizer.list_vendors(LANGUAGE)
    return next(v for v in synthesizer.list_voices() if (v.vendor, v.language) == (vendor, LANGUAGE))


def read(synthesizer: Synthesizer, text: str, voice: Voice, **wishes: object) -> Samples:
    return synthesizer.synthesize(text, voice=voice, **wishes).value.samples


def test_voices_have_canonical_languages_and_each_is_listed_once_in_each(synthesizer):
    voices = synthesizer.list_voices()
    assert all(parse_language(voice.language) == voice.language for voice in voices)
    assert len({(voice.name, voice.language) for voice in voices}) == len(voices)


def test_voices_of_a_language_come_best_first(synthesizer):
    voices = synthesizer.list_voices()
    for language in {voice.language for voice in voices}:
        ranks = [QUALITIES.index(voice.quality) for voice in voices if voice.language == language]
        assert ranks == sorted(ranks)


def test_whoever_is_asked_for_a_language_has_a_voice_for_it(synthesizer):
    voices = synthesizer.list_voices()
    offered = {(voice.vendor, voice.language) for voice in voices}
    for language in {voice.language for voice in voices}:
        vendors = synthesizer.list_vendors(language)
        assert vendors
        assert all((vendor, language) in offered for vendor in vendors)


def test_every_voice_has_a_name_for_its_sound_and_room_for_a_long_sentence(synthesizer):
    for voice in synthesizer.list_voices():
        assert synthesizer.identify(voice).isprintable()
        assert synthesizer.get_max_characters(voice) >= 1_000


def test_every_voice_speaks_at_its_own_speed(synthesizer):
    assert all(0 < voice.min_speed <= 1 <= voice.max_speed for voice in synthesizer.list_voices())


def test_the_same_arguments_give_the_same_samples(under_test, synthesizer, voice):
    if under_test.is_exact:
        first, second = (synthesizer.synthesize(TEXT, voice=voice).value for _ in range(2))
        assert first.rate_hz == second.rate_hz
        assert np.array_equal(first.samples, second.samples)


def test_a_reading_is_mono_finite_and_heard(synthesizer, voice):
    speech = synthesizer.synthesize(TEXT, voice=voice).value
    assert speech.samples.dtype == np.float32
    assert speech.samples.ndim == 1
    assert np.isfinite(speech.samples).all()
    assert 0.05 < np.abs(speech.samples).max() <= 1.0
    assert 0.5 < len(speech.samples) / speech.rate_hz < 5


def test_a_longer_text_takes_longer(synthesizer, voice):
    assert len(read(synthesizer, LONGER, voice)) > 1.3 * len(read(synthesizer, TEXT, voice))


def test_a_faster_reading_is_shorter_by_about_as_much(synthesizer, voice):
    speed = min(voice.max_speed, 1.2)
    usual, fast = len(read(synthesizer, LONGER, voice)), len(read(synthesizer, LONGER, voice, speed=speed))
    assert 0.85 < fast * speed / usual < 1.15


def test_what_is_said_before_and_after_is_not_read(synthesizer, voice):
    alone = len(read(synthesizer, TEXT, voice))
    between = len(read(synthesizer, TEXT, voice, before=LONGER, after=LONGER))
    assert 0.7 < between / alone < 1.4


def test_the_receipt_says_what_was_read_and_by_what_name_the_vendor_knows_the_call(under_test, synthesizer, voice):
    receipt = synthesizer.synthesize(TEXT, voice=voice).receipt
    if voice.vendor == LOCAL:
        assert (receipt.usage, receipt.request_id) == ({}, None)
    else:
        assert set(receipt.usage) == {"characters"}
        assert 0 < receipt.usage["characters"] <= len(TEXT)
        assert receipt.request_id
    if under_test.emulator is not None:
        line = under_test.emulator.list_invoice()[-1]
        assert (line.vendor, line.model) == (voice.vendor, voice.model)
        assert (receipt.usage, receipt.request_id) == (line.usage, line.request_id)


def test_a_call_is_one_request(under_test, synthesizer, voice):
    before = under_test.count_requests()
    synthesizer.synthesize(TEXT, voice=voice)
    assert under_test.count_requests() - before == (under_test.emulator is not None)


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "😀🎉", "\x00\x07", "<speak><break time='3s'/></speak>"])
def test_a_text_with_nothing_to_say_is_refused_before_anything_is_bought(under_test, synthesizer, voice, text):
    before = under_test.count_requests()
    with pytest.raises(SynthesisError):
        synthesizer.synthesize(text, voice=voice)
    assert under_test.count_requests() == before


@pytest.mark.parametrize(
    "text",
    ["a" * 100, "[[h@l'oU]] ^x$ \\", "<b>hola</b> & </speak>", "\u202eabc\x00def", "Привет", "1.234.567,89 %", "ª"],
)
def test_a_hostile_text_is_read_or_refused_but_breaks_nothing(synthesizer, voice, text):
    try:
        samples = read(synthesizer, text, voice, before=text, after=text)
    except DubbingError:
        return
    assert len(samples) > 0


def test_half_a_character_does_not_silence_the_others(synthesizer, voice):
    assert len(read(synthesizer, "Buenos \ud800 días.", voice, before="\udfff", after="\ud800")) > 0


@pytest.mark.parametrize("name", ["nobody", "", "../../v1/user", "a?x=1", "aura-2-nobody-es"])
def test_a_voice_that_is_not_offered_is_refused_before_anything_is_bought(under_test, synthesizer, voice, name):
    before = under_test.count_requests()
    stranger = Voice(name, LANGUAGE, vendor=voice.vendor, model=voice.model)
    with pytest.raises(SynthesisError):
        synthesizer.synthesize("Hola.", voice=stranger)
    assert under_test.count_requests() == before


def test_a_voice_of_a_language_that_nobody_speaks_is_refused_before_anything_is_bought(under_test, synthesizer, voice):
    before = under_test.count_requests()
    with pytest.raises(SynthesisError):
        synthesizer.synthesize("nuqneH", voice=Voice(voice.name, "tlh", vendor=voice.vendor, model=voice.model))
    assert under_test.count_requests() == before


@pytest.mark.parametrize("speed", [0.1, 5.0, float("nan")])
def test_a_speed_that_no_voice_has_is_refused_before_anything_is_bought(under_test, synthesizer, voice, speed):
    before = under_test.count_requests()
    with pytest.raises(SynthesisError):
        synthesizer.synthesize("Hola.", voice=voice, speed=speed)
    assert under_test.count_requests() == before


def test_several_threads_get_the_samples_of_one(under_test, synthesizer, voice):
    voices = [v for v in synthesizer.list_voices() if (v.vendor, v.language) == (voice.vendor, LANGUAGE)][:2]
    alone = [read(synthesizer, "Taxi.", v) for v in voices]
    with ThreadPoolExecutor(min(4, max(2, synthesizer.max_parallel))) as threads:
        spoken = list(threads.map(lambda v: read(synthesizer, "Taxi.", v), voices * 3))
    assert all(len(samples) > 0 for samples in spoken)
    if under_test.is_exact:
        assert all(np.array_equal(one, other) for one, other in zip(alone * 3, spoken, strict=True))
