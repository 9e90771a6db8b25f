"""Replies are built by the SDK's own reader, so what it does with bad ones is part of the test."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dubbing.transcript import Word
from resources.vendors.deepgram_reply import (
    UnusableReplyError,
    find_billed_ms,
    find_detected_language,
    find_request_id,
    parse_words,
)


def read(document: object) -> Any:
    from deepgram.core.unchecked_base_model import construct_type
    from deepgram.listen.v1.media.types.media_transcribe_response import MediaTranscribeResponse

    return construct_type(type_=MediaTranscribeResponse, object_=document)


def make_word(text: object = "Hello,", start: object = 0.5, end: object = 0.9, **more: object) -> dict[str, object]:
    return {"word": "hello", "punctuated_word": text, "start": start, "end": end, "confidence": 0.9, **more}


def make_reply(*channels: list[Any], utterances: object = None, **metadata: object) -> Any:
    results: dict[str, object] = {"channels": [{"alternatives": [{"words": words}]} for words in channels]}
    if utterances is not None:
        results["utterances"] = utterances
    return read({"metadata": {"request_id": "r-1", "duration": 10.0, **metadata}, "results": results})


def test_words_have_times_in_milliseconds_and_speakers_from_one():
    words = parse_words(make_reply([make_word(speaker=0), make_word("world.", 1.0005, 1.4, speaker=1)]), 10_000)
    assert words == (Word("Hello,", 500, 900, 0.9, "1"), Word("world.", 1001, 1400, 0.9, "2"))


def test_the_bare_word_stands_in_where_there_is_no_punctuation():
    reply = make_reply([{"word": "hello", "start": 0, "end": 1}])
    assert parse_words(reply, 10_000) == (Word("hello", 0, 1000, 1.0, "1"),)


def test_utterances_are_preferred_and_lend_their_speaker():
    reply = make_reply([make_word("channel")], utterances=[{"speaker": 3, "words": [make_word("utterance")]}])
    assert [(word.text, word.speaker) for word in parse_words(reply, 10_000)] == [("utterance", "4")]


@pytest.mark.parametrize("utterances", [[], [{"words": [make_word()]}], [None], "none", [{"words": "none"}]])
def test_utterances_that_say_less_than_the_channels_are_left_out(utterances):
    reply = make_reply([make_word("one"), make_word("two", 1, 2)], utterances=utterances)
    assert [word.text for word in parse_words(reply, 10_000)] == ["one", "two"]


def test_channels_are_folded_in_order_of_time():
    reply = make_reply([make_word("a", 0, 1), make_word("c", 2, 3)], [make_word("b", 1, 2)])
    assert [word.text for word in parse_words(reply, 10_000)] == ["a", "b", "c"]


def test_times_are_brought_into_order_and_into_the_recording():
    reply = make_reply(
        [
            make_word("late", 9.5, 12),
            make_word("early", -2, 1),
            make_word("backwards", 3, 2),
            make_word("beyond", 11, 12),
        ]
    )
    times = [(word.text, word.start_ms, word.end_ms) for word in parse_words(reply, 10_000)]
    assert times == [("early", 0, 1000), ("backwards", 3000, 3000), ("late", 9500, 10_000)]


@pytest.mark.parametrize("speaker", ["A", -1, None, [1], 10**9, 10**400, float("nan")])
def test_a_speaker_that_is_no_number_is_the_first(speaker):
    assert parse_words(make_reply([make_word(speaker=speaker)]), 10_000)[0].speaker == "1"


def test_a_number_that_is_written_as_text_is_read_by_the_sdk():
    assert parse_words(make_reply([make_word(start="0.25", speaker="1")]), 10_000) == (
        Word("Hello,", 250, 900, 0.9, "2"),
    )


@pytest.mark.parametrize(
    ("confidence", "kept"), [(7, 1.0), (-1, 0.0), (float("nan"), 1.0), (None, 1.0), ("sure", 1.0), (10**400, 1.0)]
)
def test_confidence_stays_a_share(confidence, kept):
    assert parse_words(make_reply([make_word() | {"confidence": confidence}]), 10_000)[0].confidence == kept


def test_what_no_database_takes_is_left_out_of_words():
    reply = make_reply(
        [make_word(" Hal\0lo\ud800\n"), make_word("♪", 1, 2), make_word("\u0646\u0645\u06cc\u200c", 2, 3)]
    )
    assert [word.text for word in parse_words(reply, 10_000)] == ["Hallo", "\u0646\u0645\u06cc\u200c"]


@pytest.mark.parametrize(
    "reply",
    [
        read({}),
        read({"request_id": "00000000-0000-0000-0000-000000000000"}),
        read({"results": {}}),
        read({"results": {"channels": []}}),
        read({"results": {"channels": "none"}}),
        read([]),
        None,
        make_reply([make_word(start=None)]),
        make_reply([make_word(end=float("nan"))]),
        make_reply([make_word(start=float("inf"))]),
        make_reply([make_word(start=10**400)]),
        make_reply([make_word(start="soon")]),
        {"results": {"channels": [{"alternatives": [{"words": [make_word(start=True)]}]}]}},
        make_reply([make_word(text=7)]),
        make_reply(["hello"]),
        read({"results": {"channels": [{"alternatives": [{"transcript": "Hello.", "words": []}]}]}}),
    ],
)
def test_a_reply_that_is_no_transcript_is_refused(reply):
    with pytest.raises(UnusableReplyError):
        parse_words(reply, 10_000)


def test_more_words_than_can_be_said_are_refused():
    with pytest.raises(UnusableReplyError, match="more words"):
        parse_words(make_reply([make_word()] * 1300), 10_000)
    assert parse_words(make_reply([make_word()] * 1200), 10_000)


@pytest.mark.parametrize("channel", [{"alternatives": [{"transcript": "", "words": []}]}, {"alternatives": []}, {}])
def test_a_recording_in_which_nobody_speaks_has_no_words(channel):
    assert parse_words(read({"results": {"channels": [channel]}}), 10_000) == ()


@pytest.mark.parametrize(
    ("code", "tag"), [("en", "en"), ("tl", "fil"), ("de-CH", "de-CH"), ("tlh-x!", None), (7, None), ("", None)]
)
def test_the_detected_language_is_a_canonical_tag(code, tag):
    assert find_detected_language(read({"results": {"channels": [{"detected_language": code}]}})) == tag


@pytest.mark.parametrize(
    ("duration", "billed_ms"),
    [(12.3456, 12_346), (0, 0), (-1, None), (float("nan"), None), ("12", None), (1e300, None)],
)
def test_what_is_billed_is_a_length_that_can_be(duration, billed_ms):
    reply = make_reply([make_word()], duration=duration)
    assert find_billed_ms(reply) == billed_ms
    assert find_request_id(reply) == "r-1"


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400)
FIELDS = """
metadata results channels alternatives words word punctuated_word start end speaker confidence utterances transcript
detected_language duration
"""
NAMES = st.sampled_from(FIELDS.split())
NODES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=20
)
WORDS = st.lists(
    st.fixed_dictionaries({"word": st.text(max_size=8) | LEAVES, "start": st.floats() | LEAVES, "end": st.floats()}),
    max_size=5,
)


@given(
    NODES
    | st.fixed_dictionaries(
        {
            "results": st.fixed_dictionaries(
                {
                    "channels": st.lists(st.fixed_dictionaries({"alternatives": st.lists(NODES)}), max_size=2)
                    | WORDS.map(lambda words: [{"alternatives": [{"words": words}]}]),
                    "utterances": NODES,
                }
            ),
            "metadata": NODES,
        }
    ),
    st.integers(0, 100_000),
)
@example({"results": {"channels": [{"alternatives": [{"words": [{"word": "a", "start": 1e305, "end": 0}]}]}]}}, 1)
@settings(deadline=None)
def test_any_reply_gives_settled_words_or_our_error(document, duration_ms):
    reply = read(document)
    find_billed_ms(reply), find_detected_language(reply), find_request_id(reply)
    try:
        words = parse_words(reply, duration_ms)
    except UnusableReplyError:
        return
    assert all(0 <= word.start_ms <= word.end_ms <= duration_ms and word.text for word in words)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(words))
    "".join(word.text for word in words).encode()
