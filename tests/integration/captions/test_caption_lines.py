"""Which lines the captions are made of: every one, where it is heard, with whoever says it."""

from dataclasses import replace

from dub_assets.captions import _list_lines, _list_source_lines
from dubbing.caption_pieces import CaptionLine
from dubbing.stages import VoicedSegment
from dubbing.transcript import Segment

SEGMENTS = (Segment(1, 0, 900, "One.", "ana"), Segment(2, 1000, 1900, "Two.", "rui"), Segment(3, 2000, 2900, "Three."))


def test_a_take_is_captioned_where_it_was_placed_with_its_segments_speaker():
    voiced = [VoicedSegment(2, "Dois.", "dora", "key", start_ms=1100, duration_ms=700)]
    assert _list_lines(voiced, SEGMENTS, "pt") == [CaptionLine("Dois.", 1100, 1800, "rui")]


def test_where_the_sources_speech_stays_its_translation_is_shown():
    voiced = [VoicedSegment(2, "Dois.", "dora", is_original=True)]
    assert _list_lines(voiced, SEGMENTS, "pt") == [CaptionLine("Dois.", 1000, 1900, "rui")]


def test_takes_that_overlap_are_listed_in_the_order_they_are_heard():
    voiced = [
        VoicedSegment(1, "Um.", "dora", "a", start_ms=500, duration_ms=2000),
        VoicedSegment(2, "Dois.", "alex", "b", start_ms=400, duration_ms=700),
    ]
    assert [line.text for line in _list_lines(voiced, SEGMENTS, "pt")] == ["Dois.", "Um."]


def test_words_without_any_time_come_in_with_their_speakers_next_or_at_the_end():
    monologue = [replace(segment, speaker="ana") for segment in SEGMENTS]
    voiced = [
        VoicedSegment(1, "Um.", "dora"),
        VoicedSegment(2, "Dois.", "dora", "a", start_ms=1000, duration_ms=900),
        VoicedSegment(3, "Três.", "dora", start_ms=1900),
    ]
    assert [line.text for line in _list_lines(voiced, monologue, "pt")] == ["Um. Dois.", "Três."]


def test_words_without_any_time_are_never_put_into_another_speakers_mouth():
    voiced = [
        VoicedSegment(1, "Um.", "dora", start_ms=900),
        VoicedSegment(2, "Dois.", "alex", "a", start_ms=1000, duration_ms=900),
    ]
    assert _list_lines(voiced, SEGMENTS, "pt") == [
        CaptionLine("Um.", 900, 901, "ana"),
        CaptionLine("Dois.", 1000, 1900, "rui"),
    ]


def test_words_that_come_in_with_the_next_are_joined_in_the_way_of_the_language():
    monologue = [replace(segment, speaker="ana") for segment in SEGMENTS]
    voiced = [
        VoicedSegment(1, "你好。", "dora"),
        VoicedSegment(2, "再见。", "dora", "a", start_ms=1000, duration_ms=900),
    ]
    assert [line.text for line in _list_lines(voiced, monologue, "zh")] == ["你好。再见。"]


def test_the_source_is_captioned_as_it_was_spoken():
    assert _list_source_lines(SEGMENTS, "en")[1] == CaptionLine("Two.", 1000, 1900, "rui")
    assert _list_source_lines((), "en") == []
