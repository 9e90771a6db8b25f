import pysubs2
import pytest

from dubbing.caption_formats import parse_srt, parse_vtt, render_srt, render_vtt
from dubbing.captions import Cue

CUES = (Cue(1000, 2833, ("Good morning,", "Vietnam.")), Cue(3_723_004, 3_725_000, ("42",)))

HOSTILE = (
    "--> not an arrow",
    "00:00:01,000 --> 00:00:02,000",
    "from 10:30.50 to 11:00.25",
    "<b>bold</b> and <script>alert(1)</script>",
    "{\\an8}top {\\p1}m 0 0 l 9 9{\\p0}",
    "C:\\New folder\\nothing\\here",
    "R&D &amp; &lt;b&gt; &#65; &",
    "WEBVTT",
    "NOTE x",
    "1",
    "٤٢",
    "a < b > c",
)


def test_srt_has_numbers_commas_and_blank_lines_between_cues():
    assert render_srt(CUES) == (
        "1\n00:00:01,000 --> 00:00:02,833\nGood morning,\nVietnam.\n\n2\n01:02:03,004 --> 01:02:05,000\n42\n\n"
    )


def test_vtt_has_its_signature_and_full_stops():
    assert render_vtt(CUES) == (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.833\nGood morning,\nVietnam.\n\n"
        "2\n01:02:03.004 --> 01:02:05.000\n42\n\n"
    )


@pytest.mark.parametrize(("render", "parse"), [(render_srt, parse_srt), (render_vtt, parse_vtt)])
def test_no_cues_make_a_valid_empty_file(render, parse):
    assert parse(render(())) == ()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(("render", "parse"), [(render_srt, parse_srt), (render_vtt, parse_vtt)])
def test_text_that_looks_like_markup_survives(render, parse, text):
    cues = (Cue(0, 900, (text, "second line")), Cue(1000, 1900, ("first line", text)), Cue(2000, 2900, (text,)))
    assert parse(render(cues)) == cues


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.count("00:") < 2])
def test_a_foreign_reader_of_the_srt_sees_the_same_text_but_for_invisible_joiners(text):
    document = render_srt([Cue(0, 900, (f"I say {text}",)), Cue(1000, 1900, ("end",))])
    event, last = pysubs2.SSAFile.from_string(document, "srt")
    assert (event.text.replace("\u2060", ""), last.text) == (f"I say {text}", "end")


def test_vtt_text_has_no_raw_markup():
    body = render_vtt([Cue(0, 900, ("<i>x</i> --> & y",))]).split("\n", 4)[4]
    assert body == "&lt;i&gt;x&lt;/i&gt; --&gt; &amp; y\n\n"


def test_srt_text_has_no_live_tag_override_entity_or_arrow():
    body = render_srt([Cue(0, 900, ("<i>x {\\an8} &lt; --> \\N",))]).split("\n", 2)[2]
    assert not any(live in body for live in ("<i", "{\\", "&lt", "-->", "\\N"))


def test_blank_lines_and_control_characters_inside_a_cue_are_not_written():
    cue = Cue(0, 900, ("one", " ", "", "\x00", "two\n\nthree\r\n4"))
    assert parse_srt(render_srt([cue])) == (Cue(0, 900, ("one", "two three 4")),)


def test_a_cue_without_text_is_not_written():
    assert parse_vtt(render_vtt([Cue(0, 900, (" ",)), Cue(1000, 1900, ("x",))])) == (Cue(1000, 1900, ("x",)),)


@pytest.mark.parametrize(("render", "parse"), [(render_srt, parse_srt), (render_vtt, parse_vtt)])
def test_carriage_returns_are_read_too(render, parse):
    assert parse(render(CUES).replace("\n", "\r\n")) == CUES


@pytest.mark.parametrize("text", ["שלום עולם", "سلام", "日本語", "e\u0301", "👩‍👩‍👧", "a\u2060b", "<\u2060b>"])
def test_every_script_survives_as_utf_8(text):
    cues = (Cue(0, 900, (text,)),)
    assert parse_srt(render_srt(cues).encode().decode()) == cues
    assert parse_vtt(render_vtt(cues).encode().decode()) == cues


RIGHT_TO_LEFT = ("قالت NASA إن الرحلة تبدأ في 12 مايو.", "NASA قالت: نعم!", "-2025؟", "\u200fא", "<b>ש")


def test_srt_embeds_every_line_that_runs_from_right_to_left():
    document = render_srt([Cue(0, 900, ("-نعم.", "-BBC؟"))], right_to_left=True)
    assert document.split("\n")[2:4] == ["\u202b-نعم.\u202c", "\u202b-BBC؟\u202c"]


def test_vtt_begins_every_line_that_runs_from_right_to_left_with_a_mark():
    document = render_vtt([Cue(0, 900, ("-نعم.", "-BBC؟"))], right_to_left=True)
    assert document.split("\n")[4:6] == ["\u200f-نعم.", "\u200f-BBC؟"]


@pytest.mark.parametrize(("render", "parse"), [(render_srt, parse_srt), (render_vtt, parse_vtt)])
def test_a_foreign_name_does_not_turn_a_line_around(render, parse):
    cues = (Cue(0, 900, ("שלום means peace.", "No mark here.")),)
    document = render(cues)
    assert "\u200eשלום means peace.\nNo mark here." in document
    assert parse(document) == cues


@pytest.mark.parametrize("right_to_left", [True, False])
@pytest.mark.parametrize(("render", "parse"), [(render_srt, parse_srt), (render_vtt, parse_vtt)])
def test_what_says_the_direction_is_no_part_of_the_text_that_is_read_back(render, parse, right_to_left):
    cues = tuple(Cue(n * 1000, n * 1000 + 900, (text, "\u200eab")) for n, text in enumerate(RIGHT_TO_LEFT))
    assert parse(render(cues, right_to_left=right_to_left)) == cues


def test_text_stays_in_the_order_it_is_read():
    event = pysubs2.SSAFile.from_string(render_srt([Cue(0, 900, RIGHT_TO_LEFT[:1])], right_to_left=True), "srt")[0]
    assert event.text == f"\u202b{RIGHT_TO_LEFT[0]}\u202c"
