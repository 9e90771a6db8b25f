"""The official SDK against the emulator, which cannot prove that the vendor sounds, bills or refuses like this."""

import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dubbing.engines import Voice
from dubbing.errors import (
    ContentRefusedError,
    DubbingError,
    OutcomeUnknownError,
    RateLimitedError,
    SettingsError,
    SynthesisError,
    VendorAuthError,
    VendorError,
    VendorQuotaError,
    VendorRejectedError,
    VendorReplyError,
    VendorUnavailableError,
)
from resources.vendors.elevenlabs_synthesizer import MAX_CONTEXT_CHARACTERS, ElevenLabsSynthesizer
from vendor_emulator.server import API_KEYS, VendorEmulator

TEXT = "Guten Morgen zusammen."
SECRETS = ("sk_emulated", "http", "127.0.0.1", "Guten", "xi-api-key")

Build = Callable[..., ElevenLabsSynthesizer]


@pytest.fixture
def build(emulator: VendorEmulator) -> Build:
    emulator.set_mode(speaking="tone")

    def build(**wishes: Any) -> ElevenLabsSynthesizer:
        known = {"api_key": API_KEYS["elevenlabs"], "url": emulator.url} | wishes
        return ElevenLabsSynthesizer(
            known.pop("api_key"), read_voices=lambda: None, write_voices=lambda voices: None, **known
        )

    return build


def find_voice(synthesizer: ElevenLabsSynthesizer, language: str = "de") -> Voice:
    return next(voice for voice in synthesizer.list_voices() if voice.language == language)


def last_reading(emulator: VendorEmulator) -> dict[str, Any]:
    return [request for request in emulator.requests() if request["operation"] == "synthesize"][-1]


def refuse(synthesizer: ElevenLabsSynthesizer) -> VendorError:
    """Read a text with what goes wrong, and look at what it says."""
    with pytest.raises(VendorError) as caught:
        synthesizer.synthesize(TEXT, voice=find_voice(synthesizer))
    assert not any(secret in caught.value.message for secret in SECRETS)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


def test_a_reading_is_heard_and_its_receipt_agrees_with_the_invoice(build: Build, emulator: VendorEmulator) -> None:
    synthesizer = build()
    answer = synthesizer.synthesize(TEXT, voice=find_voice(synthesizer))
    assert (answer.value.rate_hz, answer.value.samples.dtype) == (24_000, np.float32)
    assert len(answer.value.samples) > 12_000
    (line,) = emulator.list_invoice()
    assert (answer.receipt.request_id, answer.receipt.usage) == (line.request_id, {"characters": len(TEXT)})
    assert line.usage == {"characters": len(TEXT)}


def test_a_call_says_everything_that_decides_the_sound(build: Build, emulator: VendorEmulator) -> None:
    synthesizer = build()
    voice = find_voice(synthesizer)
    synthesizer.synthesize(TEXT, voice=voice, speed=1.1, before="Ja.", after="Nein.")
    request = last_reading(emulator)
    assert request["path"] == f"/v1/text-to-speech/{voice.name}"
    assert request["query"] == {"output_format": ["pcm_24000"]}
    assert request["body"] == {
        "text": TEXT,
        "model_id": "eleven_multilingual_v2",
        "voice_settings": {
            "stability": 0.5,
            "similarity_boost": 0.75,
            "style": 0.0,
            "use_speaker_boost": True,
            "speed": 1.1,
        },
        "seed": 1,
        "previous_text": "Ja.",
        "next_text": "Nein.",
    }


def test_a_language_of_the_flash_model_alone_is_named_and_its_numbers_are_spoken(
    build: Build, emulator: VendorEmulator
) -> None:
    synthesizer = build()
    synthesizer.synthesize("Kl. 15.30", voice=find_voice(synthesizer, "nb"))
    body = last_reading(emulator)["body"]
    assert (body["model_id"], body["language_code"], body["apply_text_normalization"]) == (
        "eleven_flash_v2_5",
        "no",
        "on",
    )


def test_every_language_that_is_offered_is_one_that_its_model_takes(build: Build, emulator: VendorEmulator) -> None:
    synthesizer = build(model="eleven_flash_v2_5")
    for voice in {voice.language: voice for voice in synthesizer.list_voices()}.values():
        synthesizer.synthesize("Taxi 2", voice=voice)
    assert len(emulator.list_invoice()) == 32


def test_the_vendor_is_asked_to_keep_nothing_where_that_is_wanted(build: Build, emulator: VendorEmulator) -> None:
    synthesizer = build(keeps_nothing=True)
    synthesizer.synthesize(TEXT, voice=find_voice(synthesizer))
    assert last_reading(emulator)["query"]["enable_logging"] == ["false"]


def test_only_the_nearest_words_before_and_after_are_sent(build: Build, emulator: VendorEmulator) -> None:
    synthesizer = build()
    before, after = (" ".join(f"{word}{number}" for number in range(100)) for word in ("vor", "nach"))
    synthesizer.synthesize(TEXT, voice=find_voice(synthesizer), before=before, after=after)
    body = last_reading(emulator)["body"]
    assert before.endswith(" " + body["previous_text"])
    assert after.startswith(body["next_text"] + " ")
    assert all(
        MAX_CONTEXT_CHARACTERS - 10 < len(body[part]) <= MAX_CONTEXT_CHARACTERS
        for part in ("previous_text", "next_text")
    )


def test_commands_and_what_cannot_be_sent_are_taken_out_of_a_text(build: Build, emulator: VendorEmulator) -> None:
    synthesizer = build()
    synthesizer.synthesize("Guten\ud800 <break time='3s'/>Tag\x00", voice=find_voice(synthesizer), before="\udfff")
    body = last_reading(emulator)["body"]
    assert body["text"] == "Guten Tag"
    assert "previous_text" not in body


@pytest.mark.parametrize("text", ["", "   ", "...", "😀", "\x00", "<speak><break time='3s'/></speak>"])
def test_a_text_with_nothing_to_say_is_never_sent(build: Build, emulator: VendorEmulator, text: str) -> None:
    synthesizer = build()
    voice = find_voice(synthesizer)
    before = len(emulator.requests())
    with pytest.raises(SynthesisError):
        synthesizer.synthesize(text, voice=voice)
    assert len(emulator.requests()) == before


@pytest.mark.parametrize("name", ["../../v1/user", "a?x=1", "nobody", "a" * 41, ""])
def test_a_voice_that_is_not_offered_is_never_asked_for(build: Build, emulator: VendorEmulator, name: str) -> None:
    synthesizer = build()
    with pytest.raises(SynthesisError, match="no voice"):
        synthesizer.synthesize(TEXT, voice=Voice(name, "de"))
    assert not [request for request in emulator.requests() if request["operation"] != "voices"]


def test_a_text_or_a_speed_beyond_the_models_is_never_sent(build: Build, emulator: VendorEmulator) -> None:
    synthesizer = build()
    voice = find_voice(synthesizer)
    for text, speed in (("a" * 10_001, 1.0), (TEXT, 1.21), (TEXT, 0.69)):
        with pytest.raises(SynthesisError):
            synthesizer.synthesize(text, voice=voice, speed=speed)
    assert not emulator.list_invoice()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, VendorRejectedError),
        (400, "max_character_limit_exceeded", VendorRejectedError),
        (404, "voice_not_found", VendorRejectedError),
        (422, None, VendorRejectedError),
        (400, "content_policy_violation", ContentRefusedError),
        (403, "content_against_policy", ContentRefusedError),
        (401, "invalid_api_key", VendorAuthError),
        (403, None, VendorAuthError),
        (401, "quota_exceeded", VendorQuotaError),
        (429, "quota_exceeded", VendorQuotaError),
        (402, None, VendorQuotaError),
        (429, "too_many_concurrent_requests", RateLimitedError),
        (429, "system_busy", RateLimitedError),
        (408, None, VendorUnavailableError),
        (500, None, VendorUnavailableError),
        (503, None, VendorUnavailableError),
        (302, None, VendorRejectedError),
    ],
)
def test_every_refusal_is_told_apart_after_one_call_that_costs_nothing(
    build: Build, emulator: VendorEmulator, status: int, code: str | None, kind: type[VendorError]
) -> None:
    emulator.add_fault("status", operation="synthesize", status=status, code=code, times=3)
    error = refuse(build())
    assert type(error) is kind
    assert error.receipt is None
    assert emulator.statistics()["elevenlabs"]["synthesize"]["total"] == 1
    assert not emulator.list_invoice()


@pytest.mark.parametrize("status", [429, 503])
def test_the_vendors_wish_to_wait_is_handed_on(build: Build, emulator: VendorEmulator, status: int) -> None:
    emulator.add_fault("status", operation="synthesize", status=status, retry_after=7)
    assert refuse(build()).retry_after_s == 7


@pytest.mark.parametrize("kind", ["empty", "odd", "json", "bare", "silence"])
def test_a_body_that_is_no_sound_is_an_error_with_a_receipt(build: Build, emulator: VendorEmulator, kind: Any) -> None:
    emulator.add_fault(kind, operation="synthesize")
    error = refuse(build())
    assert isinstance(error, VendorReplyError)
    assert error.receipt is not None
    (line,) = emulator.list_invoice()
    assert (error.receipt.request_id, error.receipt.usage) == (line.request_id, line.usage)


def test_a_reading_that_breaks_off_says_whose_it_was(build: Build, emulator: VendorEmulator) -> None:
    emulator.add_fault("cut", operation="synthesize")
    error = refuse(build())
    assert isinstance(error, OutcomeUnknownError)
    assert error.receipt is not None
    assert error.receipt.request_id == emulator.list_invoice()[0].request_id


def test_a_connection_that_closes_without_an_answer_leaves_the_outcome_unknown(
    build: Build, emulator: VendorEmulator
) -> None:
    emulator.add_fault("drop", operation="synthesize")
    error = refuse(build())
    assert isinstance(error, OutcomeUnknownError)
    assert error.receipt is None


def test_an_answer_that_does_not_come_in_time_leaves_the_outcome_unknown(
    build: Build, emulator: VendorEmulator
) -> None:
    synthesizer = build(timeout_s=0.3)
    find_voice(synthesizer)
    emulator.add_fault("hang", operation="synthesize", delay_s=30)
    assert isinstance(refuse(synthesizer), OutcomeUnknownError)


def test_nobody_at_the_address_is_unavailable(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(VendorUnavailableError, match=r"The voices of ElevenLabs cannot be listed now"):
        build(url=f"http://127.0.0.1:{port}").list_voices()


def test_a_wrong_key_is_said_to_be_one(build: Build) -> None:
    with pytest.raises(VendorAuthError):
        build(api_key="sk_wrong").list_voices()


@pytest.mark.parametrize("key", ["", "sk_ü", "sk_a\nx: y", "sk a"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(build: Build, key: str) -> None:
    with pytest.raises(DubbingError, match="key") as caught:
        build(api_key=key).list_voices()
    assert not key or key not in caught.value.message


def test_the_voices_of_the_account_speak_every_language_in_one_order(build: Build) -> None:
    voices = build().list_voices()
    names = {
        language: [voice.name for voice in voices if voice.language == language] for language in ("de", "nb", "pt-BR")
    }
    assert len(names["de"]) == 8
    assert names["de"] == names["nb"] == names["pt-BR"]
    assert [voice.gender for voice in voices[:4]] == ["female", "male", "female", "male"]


@pytest.mark.parametrize("kind", ["json", "bare"])
def test_a_list_of_voices_that_makes_no_sense_is_not_taken(build: Build, emulator: VendorEmulator, kind: Any) -> None:
    emulator.add_fault(kind, operation="voices")
    with pytest.raises(VendorUnavailableError):
        build().list_voices()


def test_a_list_that_fails_is_asked_for_once(build: Build, emulator: VendorEmulator) -> None:
    emulator.add_fault("status", operation="voices", status=503, times=3)
    with pytest.raises(VendorUnavailableError):
        build().list_voices()
    assert emulator.statistics()["elevenlabs"]["voices"]["total"] == 1


def test_a_model_that_is_not_known_is_refused_at_once(build: Build) -> None:
    with pytest.raises(SettingsError, match="eleven_multilingual_v2, eleven_flash_v2_5"):
        build(model="eleven_v9")
