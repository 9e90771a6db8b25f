from typing import get_args

from resources.vendors.aura_voices import list_aura_voices


def test_the_voices_are_those_that_the_sdk_names():
    from deepgram.speak.v1.audio.types.audio_generate_request_model import AudioGenerateRequestModel

    named = {name for part in get_args(AudioGenerateRequestModel) for name in get_args(part)}
    assert {voice.name for voice in list_aura_voices()} == {name for name in named if name.startswith("aura-2-")}


def test_every_voice_is_listed_once_in_the_language_of_its_name():
    voices = list_aura_voices()
    assert len({voice.name for voice in voices}) == len(voices)
    assert all(voice.name == f"aura-2-{voice.label.lower()}-{voice.language}" for voice in voices)
    assert {(voice.vendor, voice.model) for voice in voices} == {("deepgram", "aura-2")}


def test_both_genders_come_first_in_every_language():
    for language in {voice.language for voice in list_aura_voices()}:
        first = [voice.gender for voice in list_aura_voices() if voice.language == language][:2]
        assert set(first) == {"female", "male"}


def test_only_english_and_spanish_have_a_speed():
    with_speed = {voice.language for voice in list_aura_voices() if (voice.min_speed, voice.max_speed) == (0.7, 1.5)}
    without = {voice.language for voice in list_aura_voices() if (voice.min_speed, voice.max_speed) == (1.0, 1.0)}
    assert with_speed == {"en", "es"}
    assert without == {"de", "fr", "it", "ja", "nl"}
