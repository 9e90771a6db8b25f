import pytest

from dubbing.casting import plan_casting
from dubbing.engines import Voice
from dubbing.errors import UnknownVoiceError, UnsupportedLanguageError

DORA = Voice("dora", "pt-BR", "female")
ALEX = Voice("alex", "pt-BR", "male")
INES = Voice("ines", "pt-PT", "female")
PLAIN = Voice("plain", "pt", "unknown")
ROBOT = Voice("robot", "pt-BR", "unknown", "fallback")
TRIAL = Voice("trial", "pt-BR", "unknown", "experimental")
HEART = Voice("heart", "en-US", "female")


def names(cast):
    return {speaker: voice.name for speaker, voice in cast.items()}


def test_speakers_get_different_voices_in_the_engines_order():
    assert names(plan_casting(["1", "2"], [DORA, ALEX], "pt-BR")) == {"1": "dora", "2": "alex"}


def test_quality_comes_before_accent_and_the_exact_tag_before_the_bare_language_before_another_region():
    cast = plan_casting("abcdef", [ROBOT, TRIAL, INES, PLAIN, HEART, DORA], "pt-BR")
    assert list(names(cast).values()) == ["dora", "plain", "ines", "trial", "robot", "dora"]


def test_a_target_without_region_takes_any_region_as_its_own():
    assert names(plan_casting("ab", [INES, DORA], "pt")) == {"a": "ines", "b": "dora"}


def test_voices_are_given_out_again_when_there_are_more_speakers():
    assert list(names(plan_casting("abcde", [DORA, ALEX], "pt-BR")).values()) == [
        "dora",
        "alex",
        "dora",
        "alex",
        "dora",
    ]


def test_a_speaker_who_appears_again_keeps_the_voice():
    assert names(plan_casting(["1", "2", "1"], [DORA, ALEX, PLAIN], "pt-BR")) == {"1": "dora", "2": "alex"}


def test_an_override_is_kept_and_its_voice_goes_to_no_one_else():
    assert names(plan_casting(["1", "2"], [DORA, ALEX], "pt-BR", {"2": "dora"})) == {"1": "alex", "2": "dora"}


def test_two_speakers_may_be_given_one_voice_on_purpose():
    cast = plan_casting(["1", "2", "3"], [DORA], "pt-BR", {"1": "dora", "2": "dora"})
    assert set(names(cast).values()) == {"dora"}


def test_an_override_for_an_absent_speaker_has_no_effect():
    assert names(plan_casting(["1"], [DORA, ALEX], "pt-BR", {"9": "dora"})) == {"1": "dora"}


@pytest.mark.parametrize("name", ["nobody", "heart"])
def test_a_voice_that_is_not_offered_is_refused_with_what_is(name):
    with pytest.raises(UnknownVoiceError, match="dora, alex") as caught:
        plan_casting(["1"], [HEART, DORA, ALEX], "pt-BR", {"1": name})
    assert caught.value.code == "unknown_voice"


def test_a_language_without_voices_is_refused():
    with pytest.raises(UnsupportedLanguageError):
        plan_casting(["1"], [HEART], "pt-BR")


def test_a_voice_offered_for_several_tags_counts_once():
    cast = plan_casting("ab", [Voice("rachel", "pt"), Voice("rachel", "pt-BR"), ALEX], "pt-BR")
    assert (cast["a"], cast["b"]) == (Voice("rachel", "pt-BR"), ALEX)
