import hashlib
import io
import uuid
import wave
from collections.abc import Iterator

import pytest
from deepgram.core.api_error import ApiError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tests.integration.vendors.emulated_vendors import SENTENCE, Desk, open_desk, read_samples, say_words
from tests.support.http_server import served
from vendor_emulator.voices import AURA_VOICES

RECORDING = b"stands for a recording"
DIGEST = hashlib.sha256(RECORDING).hexdigest()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fresh(desk: Desk) -> None:
    desk.emulator.reset()


def _script(desk: Desk, language: str = "en") -> None:
    words = [
        *say_words("Good", "morning."),
        {"word": "Hello!", "start_ms": 1000, "end_ms": 1400, "speaker": 1, "confidence": 0.8},
    ]
    desk.emulator.script_transcript(DIGEST, language=language, duration_ms=61_234, words=words)


def test_a_registered_recording_is_heard_as_registered(desk: Desk) -> None:
    _script(desk)
    reply = desk.listen(RECORDING)
    words = reply.results.channels[0].alternatives[0].words
    assert [(w.word, w.punctuated_word, w.speaker) for w in words] == [
        ("good", "Good", 0),
        ("morning", "morning.", 0),
        ("hello", "Hello!", 1),
    ]
    assert [(w.start, w.end) for w in words] == [(0.0, 0.4), (0.5, 0.9), (1.0, 1.4)]
    assert all(0 < w.speaker_confidence <= 1 for w in words)


def test_the_answer_has_every_field_that_the_interface_promises(desk: Desk) -> None:
    _script(desk)
    metadata = desk.listen(RECORDING, tag=["job-1"]).metadata
    assert uuid.UUID(metadata.request_id)
    assert metadata.sha256 == DIGEST
    assert metadata.duration == 61.234
    assert metadata.created.tzinfo is not None
    assert metadata.channels == 1
    assert set(metadata.models) == set(metadata.model_info)
    assert metadata.tags == ["job-1"]


def test_the_request_id_is_in_the_header_and_in_the_body(desk: Desk) -> None:
    _script(desk)
    raw = desk.deepgram.listen.v1.media.with_raw_response.transcribe_file(request=RECORDING, model="nova-3")
    assert raw.headers["dg-request-id"] == raw.data.metadata.request_id


def test_utterances_end_where_another_speaker_begins(desk: Desk) -> None:
    _script(desk)
    utterances = desk.listen(RECORDING).results.utterances
    assert [(u.transcript, u.speaker) for u in utterances] == [("Good morning.", 0), ("Hello!", 1)]


def test_a_detected_language_is_told_only_when_asked_for(desk: Desk) -> None:
    _script(desk, language="pt-BR")
    asked = desk.listen(RECORDING, detect_language=True).results.channels[0]
    not_asked = desk.listen(RECORDING, language="pt-BR").results.channels[0]
    assert (asked.detected_language, not_asked.detected_language) == ("pt-BR", None)
    assert 0 < asked.language_confidence <= 1


def test_speakers_are_told_only_when_asked_for(desk: Desk) -> None:
    _script(desk)
    reply = desk.deepgram.listen.v1.media.transcribe_file(request=RECORDING, model="nova-3")
    assert reply.results.channels[0].alternatives[0].words[0].speaker is None
    assert reply.results.utterances is None


def test_an_address_is_downloaded_by_the_vendor(desk: Desk) -> None:
    _script(desk)

    async def give(request: object) -> Response:
        return Response(RECORDING)

    with served(lambda _: Starlette(routes=[Route("/recording", give)])) as url:  # type: ignore[arg-type,return-value]
        reply = desk.deepgram.listen.v1.media.transcribe_url(url=f"{url}/recording?token=x", model="nova-3")
        assert reply.metadata.sha256 == DIGEST
        with pytest.raises(ApiError) as refused:
            desk.deepgram.listen.v1.media.transcribe_url(url=f"{url}/nothing", model="nova-3")
    assert refused.value.status_code == 400
    assert refused.value.body["err_code"] == "REMOTE_CONTENT_ERROR"


def test_the_local_recogniser_hears_what_a_voice_said(desk: Desk) -> None:
    audio = desk.speak(SENTENCE, model="aura-2-amalthea-en", container="wav", speed=0.9)
    reply = desk.listen(audio, language="en")
    heard = reply.results.channels[0].alternatives[0].transcript.lower()
    # The robotic voice never reads twice alike, and its boats are not always heard as boats.
    assert len([word for word in ("boats", "leave", "harbor", "10", "morning") if word in heard]) >= 3
    assert reply.metadata.duration == pytest.approx(len(audio) / 32_000, abs=0.01)


def test_a_file_that_is_no_recording_is_refused(desk: Desk) -> None:
    with pytest.raises(ApiError) as refused:
        desk.listen(b"no recording at all")
    assert refused.value.status_code == 400
    assert "corrupt or unsupported data" in refused.value.body["err_msg"]


def test_a_wrong_key_is_refused_in_deepgrams_words(desk: Desk) -> None:
    with pytest.raises(ApiError) as refused:
        desk.listen(RECORDING, request_options={"additional_headers": {"Authorization": "Token wrong"}})
    assert refused.value.status_code == 401
    assert refused.value.body["err_code"] == "INVALID_AUTH"


def test_broken_json_is_refused_in_the_newer_shape(desk: Desk) -> None:
    with pytest.raises(ApiError) as refused:
        desk.listen(b"{", request_options={"additional_headers": {"content-type": "application/json"}})
    assert refused.value.body["category"] == "INVALID_JSON"


def test_a_text_is_spoken_with_its_receipt(desk: Desk) -> None:
    generate = desk.deepgram.speak.v1.audio.with_raw_response.generate
    with generate(
        text="Guten Tag", model="aura-2-julius-de", encoding="linear16", container="none", sample_rate=24_000
    ) as raw:
        audio = b"".join(raw.data)
    assert raw.headers["dg-char-count"] == "9"
    assert raw.headers["dg-model-name"] == "aura-2-julius-de"
    assert uuid.UUID(raw.headers["dg-request-id"])
    assert uuid.UUID(raw.headers["dg-model-uuid"])
    assert uuid.UUID(raw.headers["dg-project-id"])
    assert len(audio) % 2 == 0
    assert 0.4 < len(audio) / 48_000 < 3


def test_a_wav_has_the_rate_that_was_asked_for(desk: Desk) -> None:
    with wave.open(io.BytesIO(desk.speak(container="wav", sample_rate=48_000))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48_000, 1, 2)
        assert file.getnframes() > 48_000


def test_a_higher_speed_is_shorter(desk: Desk) -> None:
    assert len(desk.speak(speed=1.3)) < 0.85 * len(desk.speak())


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"speed": 1.6}, 400),
        ({"speed": 1.1, "model": "aura-2-julius-de"}, 400),
        ({"model": "aura-2-nobody-en"}, 400),
        ({"text": "a" * 2001}, 413),
        ({"text": " "}, 400),
        ({"sample_rate": 12_345}, 400),
        ({"encoding": "mp3"}, 400),
        ({"speed": float("nan")}, 400),
    ],
)
def test_what_the_voices_cannot_do_is_refused(desk: Desk, options: dict[str, object], status: int) -> None:
    with pytest.raises(ApiError) as refused:
        desk.speak(**options)
    assert refused.value.status_code == status
    assert desk.emulator.list_invoice() == []


def test_no_two_voices_of_a_language_sound_the_same() -> None:
    sounds = [(voice.language, voice.timbre) for voice in AURA_VOICES.values()]
    assert len(sounds) == len(set(sounds)) == 91
    assert sum(voice.language == "en" for voice in AURA_VOICES.values()) == 41


def test_every_language_of_the_voices_is_spoken(desk: Desk) -> None:
    firsts = {voice.language: voice.model for voice in reversed(AURA_VOICES.values())}
    for model in firsts.values():
        assert abs(read_samples(desk.speak("Panorama", model=model))).max() > 3000
