"""What the local voices say, heard by the local recogniser; and the voice of last resort."""

import numpy as np
import pytest

from dubbing.errors import SynthesisError
from dubbing.word_error_rate import measure_word_error_rate
from resources.local.kokoro import Kokoro
from resources.local.synthesizer import LocalSynthesizer
from resources.local.weights import WeightsStore
from tests.support.local_engine import (
    get_cache_dir,
    get_recognizer,
    get_synthesizer,
    get_voice,
    get_weights,
    join_words,
    write_speech,
)

MAX_ROUND_TRIP_WORD_ERROR_RATE = 0.25

ROUND_TRIPS = {
    "af_heart": "The train to London leaves from platform nine in ten minutes.",
    "ef_dora": "Ella me dijo que la reunión había sido cancelada porque nadie podía encontrar las llaves.",
    "pf_dora": "Ela me disse que a reunião tinha sido cancelada porque ninguém poderia encontrar as chaves.",
    "pm_alex": "Ontem o governo anunciou um novo plano para cortar impostos para as pequenas empresas.",
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_what_a_voice_says_is_understood(name, tmp_path):
    voice = get_voice(name)
    speech = get_synthesizer().read(ROUND_TRIPS[name], voice=voice)
    audio = write_speech(tmp_path / "speech.wav", speech.samples, speech.rate_hz)
    heard = join_words(get_recognizer().hear(audio, language=voice.language))
    assert measure_word_error_rate(ROUND_TRIPS[name], heard) <= MAX_ROUND_TRIP_WORD_ERROR_RATE


@pytest.mark.parametrize("name", ["af_heart", "am_michael", "bf_emma", "em_alex", "ff_siwis", "if_sara", "im_nicola"])
def test_every_voice_speaks(name):
    speech = get_synthesizer().read("Taxi.", voice=get_voice(name))
    assert 0.3 < len(speech.samples) / speech.rate_hz < 4


@pytest.mark.parametrize("name", ["pf_dora", "espeak-pt-BR"])
def test_a_reading_begins_and_ends_with_sound(name):
    speech = get_synthesizer().read("Bom dia.", voice=get_voice(name))
    edge = speech.rate_hz * 80 // 1000
    threshold = 0.02 * np.abs(speech.samples).max()
    assert np.abs(speech.samples[:edge]).max() > threshold
    assert np.abs(speech.samples[-edge:]).max() > threshold


@pytest.mark.parametrize("name", ["pf_dora", "espeak-pt-BR"])
def test_a_faster_reading_is_shorter(name):
    usual, fast = (
        get_synthesizer().read("Bom dia a todos.", voice=get_voice(name), speed=speed).samples for speed in (1.0, 1.3)
    )
    assert 0.6 * len(usual) < len(fast) < 0.95 * len(usual)


@pytest.mark.parametrize("speed", [0.1, 5.0, float("nan")])
def test_a_speed_that_the_voices_do_not_have_is_refused(speed):
    with pytest.raises(SynthesisError, match="times their speed"):
        get_synthesizer().read("Bom dia.", voice=get_voice("pf_dora"), speed=speed)


def test_the_number_of_threads_does_not_change_a_sample():
    voice = get_voice("pf_dora")
    one = LocalSynthesizer(get_weights(), threads=1).read("Bom dia.", voice=voice)
    assert np.array_equal(one.samples, get_synthesizer().read("Bom dia.", voice=voice).samples)


def test_a_long_text_is_spoken_in_stretches_with_pauses_between():
    sentence = "Ela comprou dois bilhetes para o trem da manhã, e nenhum deles era para a volta da tarde seguinte."
    voice = get_voice("pf_dora")
    speech = get_synthesizer().read(" ".join([sentence] * 2), voice=voice)
    assert 9 < len(speech.samples) / speech.rate_hz < 16
    longest_silence_ms = measure_longest_silence_ms(speech.samples, speech.rate_hz)
    assert 250 < longest_silence_ms < 900


def measure_longest_silence_ms(samples: np.ndarray, rate_hz: int) -> float:
    quiet = np.abs(samples) < 0.005
    edges = np.flatnonzero(np.diff(np.concatenate(([0], quiet.astype(np.int8), [0]))))
    return float((edges[1::2] - edges[::2]).max()) * 1000 / rate_hz


def test_money_and_short_forms_are_said_as_words():
    voice = get_voice("pf_dora")
    written = get_synthesizer().read("O Sr. Silva pagou R$ 1.200.", voice=voice)
    spoken = get_synthesizer().read("O senhor Silva pagou 1200 reais.", voice=voice)
    assert np.array_equal(written.samples, spoken.samples)


def test_foreign_words_are_not_announced():
    voice = get_voice("ff_siwis")
    kokoro = Kokoro(get_weights(), threads=2)
    assert "(" not in kokoro._phonemize("Le week-end, il utilise Windows.", "fr-fr")
    assert len(get_synthesizer().read("Le week-end.", voice=voice).samples) < 2 * 24_000


class SpoiltVoices(WeightsStore):
    """The real weights but for the voices, which turn every reading of the real model into no numbers."""

    def get_voice_style(self, voice: str) -> bytes:
        return np.full((510, 256), np.nan, dtype="<f4").tobytes()


def test_a_line_that_kokoro_fails_on_is_read_by_espeak():
    synthesizer = LocalSynthesizer(SpoiltVoices(get_cache_dir()), threads=2)
    speech = synthesizer.read("Bom dia.", voice=get_voice("pf_dora"))
    by_espeak = get_synthesizer().read("Bom dia.", voice=get_voice("espeak-pt-BR"))
    assert np.array_equal(speech.samples, by_espeak.samples)


def test_a_line_that_no_voice_has_a_sound_for_is_refused():
    with pytest.raises(SynthesisError):
        get_synthesizer().read("٣", voice=get_voice("pf_dora"))


@pytest.mark.parametrize("name", ["espeak-de", "espeak-pt-BR", "espeak-en-GB", "espeak-ru"])
def test_espeak_speaks_and_says_the_same_twice(name):
    text = {"espeak-ru": "Доброе утро, как дела?"}.get(name, "Guten Morgen, wie geht es dir?")
    first, second = (get_synthesizer().read(text, voice=get_voice(name)) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)
    assert 0.5 < len(first.samples) / first.rate_hz < 5


def test_every_espeak_voice_exists():
    names = [voice.name for voice in get_synthesizer().list_voices() if voice.quality == "fallback"]
    assert len(names) > 40
    for name in names:
        assert len(get_synthesizer().read("12", voice=get_voice(name)).samples) > 0
