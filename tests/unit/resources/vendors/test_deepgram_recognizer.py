from types import SimpleNamespace
from typing import Any

import pytest

from dubbing.errors import UnsupportedLanguageError, VendorReplyError
from resources.vendors.deepgram_languages import find_language, get_code
from resources.vendors.deepgram_recognizer import (
    MAX_KEY_TERMS,
    build_wishes,
    choose_key_terms,
    plan_timeout_s,
    read_answer,
)


def make_reply(data: object, **headers: str) -> Any:
    return SimpleNamespace(data=data, headers={name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("en-GB", "en-GB"),
        ("en-ZA", "en"),
        ("pt-BR", "pt-BR"),
        ("es-MX", "es"),
        ("fil", "tl"),
        ("nb", "no"),
        ("yue", "zh-HK"),
        ("zh-Hant-TW", "zh-Hant"),
        ("sr-Latn-RS", "sr"),
    ],
)
def test_a_tag_becomes_deepgrams_code(tag, code):
    assert get_code(tag) == code


@pytest.mark.parametrize("tag", ["tlh", "cy", "sw", "und"])
def test_a_language_that_nova_3_does_not_know_is_refused(tag):
    with pytest.raises(UnsupportedLanguageError):
        get_code(tag)


def test_a_detected_code_becomes_a_tag_that_can_be_asked_for():
    assert all(get_code(find_language(code) or "") for code in ("tl", "no", "zh", "de-CH", "en"))


def test_a_language_that_is_given_is_not_detected():
    assert "detect_language" not in build_wishes("en", (), "")
    assert build_wishes("en", (), "")["language"] == "en"
    wishes = build_wishes(None, (), "")
    assert wishes["detect_language"] is True
    assert "language" not in wishes


def test_recordings_are_kept_out_of_training():
    assert build_wishes(None, (), "")["mip_opt_out"] is True


def test_the_tag_names_the_job_and_is_left_out_where_there_is_none():
    assert build_wishes("en", (), "job-1")["tag"] == "job-1"
    assert "tag" not in build_wishes("en", (), "")


def test_key_terms_are_taken_once_on_one_line_while_there_is_room():
    assert choose_key_terms([" Acme\nCorp ", "Acme Corp", "", "x" * 2000, "Zürich"]) == ["Acme Corp", "Zürich"]
    assert len(choose_key_terms([str(number) for number in range(500)])) == MAX_KEY_TERMS
    assert sum(len(term.encode()) for term in choose_key_terms(["日本語" * 10 + str(n) for n in range(50)])) <= 1000


def test_the_wait_grows_with_the_recording_up_to_what_deepgram_works_on():
    assert plan_timeout_s(0) == 120
    assert plan_timeout_s(3_600_000) == 480
    assert plan_timeout_s(24 * 3_600_000) == 660


def test_a_reply_that_cannot_be_used_carries_its_receipt():
    reply = make_reply({"metadata": {"duration": 2.5}}, dg_request_id="r-9")
    with pytest.raises(VendorReplyError) as caught:
        read_answer(reply, 2500, "en")
    assert caught.value.receipt is not None
    assert (dict(caught.value.receipt.usage), caught.value.receipt.request_id) == ({"ms": 2500}, "r-9")


def test_a_reply_that_does_not_say_its_length_has_a_receipt_without_usage():
    reply = make_reply({"metadata": {"duration": 1e9}, "results": {"channels": [{}]}})
    assert dict(read_answer(reply, 2500, "en").receipt.usage) == {}


def test_words_in_a_language_that_is_not_said_are_refused():
    words = [{"word": "hola", "start": 0, "end": 1}]
    reply = make_reply({"results": {"channels": [{"alternatives": [{"words": words}]}]}})
    with pytest.raises(VendorReplyError, match="language"):
        read_answer(reply, 2500, None)
    assert read_answer(reply, 2500, "es").value.language == "es"


def test_silence_in_no_language_is_a_transcript_without_words():
    transcript = read_answer(make_reply({"results": {"channels": [{}]}}), 2500, None).value
    assert (transcript.language, transcript.duration_ms, transcript.words) == ("und", 2500, ())
