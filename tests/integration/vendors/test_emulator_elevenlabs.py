from collections.abc import Iterator

import numpy as np
import pytest
from elevenlabs.core.api_error import ApiError

from tests.integration.vendors.emulated_vendors import SENTENCE, VOICE_IDS, Desk, open_desk, read_samples
from vendor_emulator.voices import ELEVEN_VOICES

RATE_HZ = 16_000
FRAME = 640
LOWEST_HZ, HIGHEST_HZ = 60, 400


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fresh(desk: Desk) -> None:
    desk.emulator.reset()


def _measure_pitch_hz(samples: np.ndarray) -> float:
    """Take the median of the strongest period of every loud frame."""
    pitches = []
    for start in range(0, len(samples) - FRAME, FRAME):
        frame = samples[start : start + FRAME]
        if abs(frame).mean() > 500:
            likeness = np.correlate(frame, frame, "full")[FRAME - 1 :]
            period = RATE_HZ // HIGHEST_HZ + likeness[RATE_HZ // HIGHEST_HZ : RATE_HZ // LOWEST_HZ].argmax()
            pitches.append(RATE_HZ / period)
    return float(np.median(pitches))


def _measure_brightness_hz(samples: np.ndarray) -> float:
    spectrum = abs(np.fft.rfft(samples))
    return float((spectrum * np.fft.rfftfreq(len(samples), 1 / RATE_HZ)).sum() / spectrum.sum())


def test_women_speak_higher_than_men(desk: Desk) -> None:
    pitches = {id_: _measure_pitch_hz(read_samples(desk.convert(voice_id=id_))) for id_ in VOICE_IDS}
    women = [pitch for id_, pitch in pitches.items() if ELEVEN_VOICES[id_].gender == "female"]
    men = [pitch for id_, pitch in pitches.items() if ELEVEN_VOICES[id_].gender == "male"]
    assert (len(women), len(men)) == (4, 4)
    assert min(women) > 150 > 140 > max(men)


def test_no_two_voices_sound_the_same(desk: Desk) -> None:
    sounds = []
    for voice_id in VOICE_IDS:
        samples = read_samples(desk.convert(voice_id=voice_id))
        sounds.append(np.array([_measure_pitch_hz(samples) / 10, _measure_brightness_hz(samples) / 100]))
    nearest = min(abs(a - b).max() for i, a in enumerate(sounds) for b in sounds[:i])
    assert nearest > 0.5


def test_the_same_request_gives_the_same_bytes(desk: Desk) -> None:
    assert desk.convert() == desk.convert()


def test_a_higher_speed_is_shorter(desk: Desk) -> None:
    assert len(desk.convert(speed=1.2)) < 0.92 * len(desk.convert()) < 0.9 * len(desk.convert(speed=0.8))


@pytest.mark.parametrize(
    ("language", "text"),
    [("ko", "안녕하세요 여러분"), ("ja", "こんにちは"), ("zh", "你好世界"), ("hi", "नमस्ते"), ("pl", "Dzień dobry")],
)
def test_languages_that_deepgram_lacks_are_spoken(desk: Desk, language: str, text: str) -> None:
    spoken = desk.convert(text, language_code=language)
    assert len(spoken) / 2 / RATE_HZ > 0.4
    assert abs(read_samples(spoken)).max() > 3000


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 44_100])
def test_samples_are_whole_and_at_the_rate_asked_for(desk: Desk, rate_hz: int) -> None:
    audio = desk.convert(output_format=f"pcm_{rate_hz}")
    assert len(audio) % 2 == 0
    assert len(audio) / 2 / rate_hz == pytest.approx(len(desk.convert()) / 2 / RATE_HZ, abs=0.01)


def test_the_receipt_is_in_the_headers(desk: Desk) -> None:
    convert = desk.elevenlabs.text_to_speech.with_raw_response.convert
    with convert(VOICE_IDS[0], text=SENTENCE, model_id="eleven_flash_v2_5", output_format="pcm_16000") as raw:
        b"".join(raw.data)
    headers = raw.headers
    assert headers["character-cost"] == str(len(SENTENCE))
    assert headers["current-concurrent-requests"] == "1"
    assert headers["maximum-concurrent-requests"] == "10"
    assert headers["history-item-id"]
    assert int(headers["tts-latency-ms"]) >= 0
    assert headers["request-id"] == desk.emulator.list_invoice()[0].request_id


def test_voices_are_listed_with_what_a_casting_needs(desk: Desk) -> None:
    voices = desk.elevenlabs.voices.get_all().voices
    assert [voice.voice_id for voice in voices] == list(VOICE_IDS)
    assert all(len(id_) == 20 and id_.isalnum() for id_ in VOICE_IDS)
    assert {voice.labels["gender"] for voice in voices} == {"female", "male"}
    assert all(set(voice.labels) >= {"accent", "age", "use_case", "language"} for voice in voices)
    assert all(voice.category == "premade" and voice.verified_languages for voice in voices)


def test_a_search_goes_page_by_page(desk: Desk) -> None:
    found, token = [], None
    for _ in range(3):
        page = desk.elevenlabs.voices.search(page_size=3, next_page_token=token)
        found += [voice.voice_id for voice in page.voices]
        assert page.total_count == 8
        token = page.next_page_token
    assert (found, page.has_more, token) == (list(VOICE_IDS), False, None)


def test_a_search_finds_names(desk: Desk) -> None:
    assert [voice.name for voice in desk.elevenlabs.voices.search(search="ottis").voices] == ["Ottis"]


def test_one_voice_is_described(desk: Desk) -> None:
    assert desk.elevenlabs.voices.get(VOICE_IDS[2]).name == "Imogen"
    with pytest.raises(ApiError) as refused:
        desk.elevenlabs.voices.get("nobody")
    assert refused.value.body["detail"]["status"] == "voice_not_found"


def test_models_tell_their_limits_and_languages(desk: Desk) -> None:
    models = {model.model_id: model for model in desk.elevenlabs.models.list()}
    assert models["eleven_multilingual_v2"].maximum_text_length_per_request == 10_000
    assert len(models["eleven_multilingual_v2"].languages) == 29
    flash = {language.language_id for language in models["eleven_flash_v2_5"].languages}
    assert {"hu", "no", "vi"} <= flash


@pytest.mark.parametrize(
    ("options", "status", "word"),
    [
        ({"voice_id": "nobody"}, 404, "voice_not_found"),
        ({"text": "a" * 10_001}, 400, "max_character_limit_exceeded"),
        ({"text": "a" * 40_001, "model_id": "eleven_flash_v2_5"}, 400, "max_character_limit_exceeded"),
        ({"language_code": "hu"}, 400, "unsupported_language"),
        ({"speed": 1.3}, 400, "invalid_voice_settings"),
        ({"model_id": "eleven_unheard_of"}, 400, "model_not_found"),
        ({"text": ""}, 400, "input_text_empty"),
    ],
)
def test_what_the_models_cannot_do_is_refused(desk: Desk, options: dict[str, object], status: int, word: str) -> None:
    with pytest.raises(ApiError) as refused:
        desk.convert(**options)
    assert (refused.value.status_code, refused.value.body["detail"]["status"]) == (status, word)
    assert desk.emulator.list_invoice() == []


def test_a_wrong_key_is_refused_in_elevenlabs_words(desk: Desk) -> None:
    with pytest.raises(ApiError) as refused:
        desk.convert(request_options={"additional_headers": {"xi-api-key": "wrong"}})
    assert (refused.value.status_code, refused.value.body["detail"]["status"]) == (401, "invalid_api_key")
