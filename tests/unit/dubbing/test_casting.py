import pytest

from dubbing.casting import plan_casting, plan_understudies
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


# Several vendors. Those of "multi" speak every language and are offered in one order, as ElevenLabs' are.
def multi(language):
    genders = {"eva": "female", "otto": "male", "ida": "female", "max": "male"}
    return [Voice(name, language, gender, vendor="multi") for name, gender in genders.items()]


SOLO = [Voice("solo-f", "de", "female", vendor="solo"), Voice("solo-m", "de", "male", vendor="solo")]


VENDORS = ("solo", "multi")


def stand_in(cast, speakers, voices, failed, others=()):
    return plan_understudies(cast, speakers, voices, "de", vendors=[*VENDORS, *others], failed=failed)


def test_the_first_vendor_with_a_voice_for_the_language_makes_the_cast():
    voices = [*multi("de"), *SOLO]
    assert set(names(plan_casting("ab", voices, "de", vendors=["solo", "multi"])).values()) == {"solo-f", "solo-m"}
    assert set(names(plan_casting("ab", voices, "de", vendors=["multi", "solo"])).values()) == {"eva", "otto"}
    assert names(plan_casting("a", multi("de"), "de", vendors=["solo", "multi"])) == {"a": "eva"}


def test_more_speakers_than_the_first_vendor_has_voices_for_share_them():
    cast = plan_casting("abc", [*SOLO, *multi("de")], "de", vendors=["solo", "multi"])
    assert list(names(cast).values()) == ["solo-f", "solo-m", "solo-f"]


def test_an_override_may_name_a_voice_of_any_vendor():
    cast = plan_casting("ab", [*SOLO, *multi("de")], "de", {"b": "ida"}, vendors=["solo", "multi"])
    assert names(cast) == {"a": "solo-f", "b": "ida"}


def test_a_language_that_none_of_the_vendors_asked_speaks_is_refused():
    with pytest.raises(UnsupportedLanguageError):
        plan_casting("a", SOLO, "de", vendors=["multi"])


def test_a_refusal_names_some_of_many_voices():
    many = [Voice(f"v{number}", "de") for number in range(100)]
    with pytest.raises(UnknownVoiceError, match=r"v0, .*v29, …\.$"):
        plan_casting("a", many, "de", {"a": "nobody"})


def test_a_voice_chosen_in_one_language_moves_only_who_had_it():
    plain = names(plan_casting("abc", multi("de"), "de"))
    chosen = names(plan_casting("abc", multi("es"), "es", {"a": "ida"}))
    assert plain == {"a": "eva", "b": "otto", "c": "ida"}
    assert chosen == {"a": "ida", "b": "otto", "c": "eva"}


def test_understudies_have_the_gender_of_the_cast_and_differ_while_they_can():
    cast = {
        speaker: Voice(speaker, "de", gender, vendor="solo")
        for speaker, gender in {"a": "male", "b": "male", "c": "male", "d": "female", "e": "unknown"}.items()
    }
    understudies = stand_in(cast, "abcdea", multi("de"), failed={"solo"})
    assert names(understudies) == {"a": "otto", "b": "max", "c": "otto", "d": "eva", "e": "ida"}


def test_an_understudy_of_another_gender_is_better_than_none():
    cast = {"a": Voice("x", "de", "male", vendor="solo")}
    women = [voice for voice in multi("de") if voice.gender == "female"]
    assert names(stand_in(cast, "a", women, failed={"solo"})) == {"a": "eva"}


def test_who_was_cast_from_the_vendor_that_steps_in_stays_and_nobody_else_gets_that_voice():
    cast = plan_casting("ab", [*SOLO, *multi("de")], "de", {"b": "eva"}, vendors=VENDORS)
    assert names(stand_in(cast, "ab", [*SOLO, *multi("de")], failed={"solo"})) == {"a": "ida", "b": "eva"}


def test_only_who_was_cast_from_the_vendor_that_failed_is_stood_in_for():
    cast = plan_casting("ab", [*SOLO, *multi("de")], "de", {"b": "eva"}, vendors=VENDORS)
    assert names(stand_in(cast, "ab", [*SOLO, *multi("de")], failed={"multi"})) == {"a": "solo-f", "b": "solo-f"}


def test_of_several_other_vendors_the_first_that_has_not_failed_steps_in_and_no_third_ones_voice_changes():
    third = [Voice("guest", "de", "female", vendor="third")]
    voices = [*SOLO, *multi("de"), *third]
    cast = plan_casting("ab", voices, "de", {"b": "guest"}, vendors=[*VENDORS, "third"])
    assert names(stand_in(cast, "ab", voices, failed={"solo"}, others=["third"])) == {"a": "eva", "b": "guest"}
    beyond = stand_in(cast, "ab", voices, failed={"solo", "multi"}, others=["third"])
    assert names(beyond) == {"a": "guest", "b": "guest"}


def test_nobody_steps_in_where_no_other_vendor_has_the_language():
    cast = plan_casting("a", multi("de"), "de")
    assert not stand_in(cast, "a", multi("de"), failed={"multi"})
    assert not stand_in(cast, "a", [*SOLO, *multi("de")], failed={"multi", "solo"})
