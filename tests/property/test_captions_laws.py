from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.caption_formats import parse_srt, parse_vtt, render_srt, render_vtt
from dubbing.caption_pieces import CaptionLine
from dubbing.caption_text import clean_text
from dubbing.captions import MAX_CUE_MS, Cue, check_cues, plan_cues

PORTUGUESE = """
a casa que não era muito grande, mas tinha um jardim com flores vermelhas. Então ela disse: sim, claro! Depois de tudo,
ninguém sabia exatamente como responder às perguntas extraordinariamente difíceis do diretor.
"""

hostile_texts = (
    st.text(st.sampled_from("ab1 -><{}\\/&;:,.Nnhp\u2060\u200b\u0301日א٤\n\x00\u00a0"), max_size=40) | st.text()
)
languages = st.sampled_from(["en", "pt-BR", "zh", "ja", "ko", "ar", "th"])


@st.composite
def cues(draw):
    texts = hostile_texts.map(clean_text).filter(bool)
    found, now_ms = [], 0
    for gap_ms, length_ms, lines in draw(
        st.lists(
            st.tuples(st.integers(0, 10**6), st.integers(1, 10**6), st.lists(texts, min_size=1, max_size=3)), max_size=5
        )
    ):
        found.append(Cue(now_ms + gap_ms, now_ms + gap_ms + length_ms, tuple(lines)))
        now_ms = found[-1].end_ms
    return tuple(found)


@st.composite
def takes(draw, texts, cps, gaps_ms):
    lines, now_ms = [], 0
    for text, speed_cps, gap_ms in draw(st.lists(st.tuples(texts, cps, gaps_ms), max_size=12)):
        start_ms = now_ms + gap_ms
        now_ms = start_ms + max(1, round(len(text) * 1000 / speed_cps))
        lines.append(CaptionLine(text, start_ms, now_ms))
    return lines


@st.composite
def crosstalk(draw):
    """Takes of up to three speakers who may speak at once; every word is another one."""
    lines = []
    for take in range(draw(st.integers(1, 8))):
        ends = draw(st.lists(st.sampled_from(["", "", ",", ".", "?"]), min_size=1, max_size=25))
        start_ms = lines[-1].start_ms + draw(st.integers(0, 3000)) if lines else 0
        length_ms = draw(st.integers(1, 8000))
        text = " ".join(f"{'ab'[take % 2] * draw(st.integers(1, 9))}{take}x{n}{end}" for n, end in enumerate(ends))
        lines.append(CaptionLine(text, start_ms, start_ms + length_ms, draw(st.sampled_from("123"))))
    return lines


any_takes = takes(hostile_texts | st.text("abc ,.", max_size=300), st.integers(1, 1000), st.integers(0, 3000))
normal_takes = takes(
    st.lists(st.sampled_from(PORTUGUESE.split()), min_size=1, max_size=35).map(" ".join),
    st.integers(13, 16),
    st.integers(50, 3000),
)


@settings(max_examples=100, deadline=None)
@given(cues())
def test_parse_undoes_render_in_srt(cues):
    assert parse_srt(render_srt(cues)) == cues == parse_srt(render_srt(cues, right_to_left=True))


@settings(max_examples=100, deadline=None)
@given(cues())
def test_parse_undoes_render_in_vtt(cues):
    assert parse_vtt(render_vtt(cues)) == cues == parse_vtt(render_vtt(cues, right_to_left=True))


@settings(max_examples=100, deadline=None)
@given(any_takes, languages)
def test_no_text_is_lost_or_moved(lines, language):
    shown = "".join(text for cue in plan_cues(lines, language=language) for text in cue.lines)
    assert "".join(shown.split()) == "".join("".join(clean_text(line.text) for line in lines).split())


@settings(max_examples=100, deadline=None)
@given(any_takes, languages)
def test_cues_never_overlap_nor_stay_too_long_and_each_has_text(lines, language):
    planned = plan_cues(lines, language=language)
    assert all(cue.start_ms < cue.end_ms <= cue.start_ms + MAX_CUE_MS for cue in planned)
    assert all(cue.end_ms <= following.start_ms for cue, following in pairwise(planned))
    assert all(line and line == line.strip() for cue in planned for line in cue.lines)


@settings(max_examples=100, deadline=None)
@given(any_takes, languages)
def test_lines_are_never_too_wide_and_a_first_cue_comes_in_with_its_take(lines, language):
    planned = plan_cues(lines, language=language)
    assert not [violation for violation in check_cues(planned, language) if violation.rule == "line_length"]
    spoken = [line for line in lines if clean_text(line.text)]
    assert [cue.start_ms for cue in planned[:1]] == [line.start_ms for line in spoken[:1]]


@settings(max_examples=100, deadline=None)
@given(normal_takes)
def test_takes_at_a_normal_rate_break_no_rule(lines):
    assert check_cues(plan_cues(lines, language="pt-BR"), "pt-BR") == ()


@settings(max_examples=80, deadline=None)
@given(crosstalk())
def test_words_spoken_at_once_are_all_shown_each_speakers_in_order_in_cues_that_never_overlap(lines):
    planned = plan_cues(lines, language="en")
    assert all(cue.start_ms < cue.end_ms <= cue.start_ms + MAX_CUE_MS for cue in planned)
    assert all(cue.end_ms <= following.start_ms for cue, following in pairwise(planned))
    shown = " ".join(line.removeprefix("-") for cue in planned for line in cue.lines).split()
    assert sorted(shown) == sorted(word for line in lines for word in line.text.split())
    for line in lines:
        own = set(line.text.split())
        assert [word for word in shown if word in own] == line.text.split()
    assert not [violation for violation in check_cues(planned, "en") if violation.rule == "line_length"]


@settings(max_examples=80, deadline=None)
@given(crosstalk())
def test_no_line_on_screen_holds_two_speakers(lines):
    speakers = {word: line.speaker for line in lines for word in line.text.split()}
    for cue in plan_cues(lines, language="en"):
        rows = [{speakers[word] for word in row.removeprefix("-").split()} for row in cue.lines]
        assert all(len(row) == 1 for row in rows)
        if len(set().union(*rows)) > 1:
            assert cue.lines[0].startswith("-")
