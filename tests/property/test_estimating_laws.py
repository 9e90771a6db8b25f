"""Laws of estimates, with the translator's own reservations."""

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dubbing.engines import Translator
from dubbing.estimating import (
    MAX_GROWTH,
    MAX_PACE,
    MIN_GROWTH,
    MIN_LINE_MS,
    MIN_PACE,
    MIN_SPOKEN_SHARE,
    Part,
    Said,
    count_mendings,
    count_rereadings,
    count_translated,
    estimate_proof,
    estimate_reading,
    estimate_recognition,
    estimate_translation,
    guess_reading,
    guess_said,
    guess_translated,
    measure_said,
    price_parts,
)
from dubbing.replaying import MAX_SHORTENINGS
from dubbing.segmentation import MAX_SEGMENT_MS
from dubbing.transcript import Segment
from dubbing.translation_batches import Line
from dubbing.translation_budget import find_cps, plan_budgets
from dubbing.translation_plan import plan_batches
from dubbing.translation_review import MAX_FACT_TRIES, MAX_LENGTH_TRIES
from dubbing.usage import Price
from resources.vendors.openai_translator import OpenAITranslator
from tests.support.engines import MarkingTranslator

TRANSLATOR: Translator = OpenAITranslator("no-key", "gpt-6-luna")
OPENAI, READER = ("openai", "gpt-6-luna"), ("deepgram", "aura-2")
PRICES = {
    OPENAI: {"input_tokens": Price(100_000, 1_000_000), "output_tokens": Price(500_000, 1_000_000)},
    READER: {"characters": Price(30_000, 1_000), "ms": Price(7_700, 60_000)},
}
LETTERS = {"en": "a", "zh": "語", "hi": "क", "ru": "я"}


@st.composite
def heard(draw: st.DrawFn) -> tuple[int, str, tuple[Segment, ...]]:
    """A recording within the assumed bounds: spoken at a human pace, in lines, for a third of the time at least."""
    source = draw(st.sampled_from(sorted(LETTERS)))
    segments: list[Segment] = []
    at_ms = 0
    for number in range(1, draw(st.integers(1, 40)) + 1):
        length_ms = draw(st.integers(300, MAX_SEGMENT_MS))
        pace = draw(st.floats(MIN_PACE, MAX_PACE))
        size = math.ceil(length_ms * pace * find_cps(source) / 1000)
        segments.append(Segment(number, at_ms, at_ms + length_ms, LETTERS[source] * max(1, size)))
        at_ms += length_ms + draw(st.integers(0, 4_000))
    duration_ms = max(at_ms, segments[-1].end_ms)
    spoken_ms = sum(segment.end_ms - segment.start_ms for segment in segments)
    assume(len(segments) * MIN_LINE_MS <= duration_ms)
    assume(spoken_ms >= duration_ms * MIN_SPOKEN_SHARE)
    assume(sum(len(s.text) for s in segments) <= duration_ms * MAX_PACE * find_cps(source) / 1000)
    return duration_ms, source, tuple(segments)


def guess(duration_ms: int, source: str | None, target: str) -> tuple[int, int]:
    least, most = guess_said(duration_ms, source)
    translating = estimate_translation(
        least, most, guess_translated(duration_ms, target), TRANSLATOR, source=source, target=target
    )
    reading = guess_reading(duration_ms, target, rereadings=count_rereadings(TRANSLATOR))
    hearing = {"ms": 0}, estimate_proof(most.lines, duration_ms, "sample")
    priced = price_parts(
        [Part((OPENAI,), *translating), Part((READER,), *reading), Part((READER,), *hearing)], PRICES, "duration"
    )
    return priced.low_usd_micros, priced.high_usd_micros


def look(
    duration_ms: int, source: str, target: str, segments: tuple[Segment, ...], texts: dict[int, str] | None = None
) -> tuple[int, int]:
    said = measure_said(segments)
    translated = count_translated(segments, source=source, target=target)
    translating = estimate_translation(said, said, translated, TRANSLATOR, source=source, target=target)
    reading = estimate_reading(
        segments,
        plan_budgets(segments, duration_ms, find_cps(target)),
        source=source,
        target=target,
        rereadings=count_rereadings(TRANSLATOR),
        texts=texts or {},
    )
    spoken_ms = sum(segment.end_ms - segment.start_ms for segment in segments)
    hearing = {"ms": 0}, estimate_proof(said.lines, spoken_ms, "sample")
    priced = price_parts(
        [Part((OPENAI,), *translating), Part((READER,), *reading), Part((READER,), *hearing)], PRICES, "transcript"
    )
    return priced.low_usd_micros, priced.high_usd_micros


@pytest.mark.parametrize("is_source_known", [True, False])
@given(recording=heard(), target=st.sampled_from(["es", "ja", "de"]))
def test_what_is_heard_makes_an_estimate_narrower_and_never_leaves_it(
    recording: tuple[int, str, tuple[Segment, ...]], target: str, is_source_known: bool
) -> None:
    duration_ms, source, segments = recording
    low, high = guess(duration_ms, source if is_source_known else None, target)
    sharper_low, sharper_high = look(duration_ms, source, target, segments)
    assert low <= sharper_low <= sharper_high <= high


@given(recording=heard(), target=st.sampled_from(["es", "ja", "de"]), data=st.data())
def test_what_is_translated_makes_an_estimate_narrower_and_never_leaves_it(
    recording: tuple[int, str, tuple[Segment, ...]], target: str, data: st.DataObject
) -> None:
    duration_ms, source, segments = recording
    ratio = find_cps(target) / find_cps(source)
    texts = {
        s.number: "x"
        * data.draw(
            st.integers(math.ceil(len(s.text) * ratio * MIN_GROWTH), math.floor(len(s.text) * ratio * MAX_GROWTH))
        )
        for s in segments
    }
    low, high = look(duration_ms, source, target, segments)
    sharper_low, sharper_high = look(duration_ms, source, target, segments, texts)
    assert low <= sharper_low <= sharper_high <= high


@given(duration_ms=st.integers(0, 20_000_000), more_ms=st.integers(0, 1_000_000))
@example(duration_ms=0, more_ms=1)
def test_a_longer_recording_never_costs_less(duration_ms: int, more_ms: int) -> None:
    low, high = guess(duration_ms, "en", "es")
    longer_low, longer_high = guess(duration_ms + more_ms, "en", "es")
    assert low <= longer_low
    assert high <= longer_high


@given(st.integers(0, 100_000_000))
def test_recognition_is_bounded_by_whole_seconds(duration_ms: int) -> None:
    least, most = estimate_recognition(duration_ms)
    assert least["ms"] <= duration_ms <= most["ms"] < least["ms"] + 2_000


def test_nothing_costs_nothing() -> None:
    assert guess(0, None, "es") == (0, 0)
    assert look(0, "en", "es", ()) == (0, 0)
    assert estimate_recognition(0) == ({"ms": 0}, {"ms": 0})


def test_a_line_with_room_to_spare_is_expected_to_be_read_once() -> None:
    line = [Segment(1, 0, 10_000, "x" * 40)]
    least, most = estimate_reading(line, {1: 150}, source="en", target="es", rereadings=2, texts={1: "y" * 50})
    assert (least, most) == ({"characters": 50}, {"characters": 50})


def test_a_line_that_may_not_fit_may_be_read_as_often_as_is_allowed() -> None:
    line = [Segment(1, 0, 3_000, "x" * 40)]
    _, most = estimate_reading(line, {1: 45}, source="en", target="es", rereadings=2, texts={1: "y" * 50})
    assert most == {"characters": 150}


@given(lines=st.integers(1, 300), size=st.integers(20, 200), script=st.sampled_from("a語"))
def test_what_is_reserved_for_a_script_is_no_less_than_its_calls_reserve(lines: int, size: int, script: str) -> None:
    """Looking at two batches stands for making them all."""
    texts = dict.fromkeys(range(1, lines + 1), script * size)
    asked = [
        Line(number, text, 60, "語" * size, "Say it in at most 60 characters; this has 100.")
        for number, text in texts.items()
    ]
    batches = plan_batches(asked, texts, source="en", target="es", max_lines=TRANSLATOR.max_lines, glossary=())
    said = Said(lines, lines * size, lines * len((script * size).encode()))
    _, most = estimate_translation(said, said, lines * size, TRANSLATOR, source="en", target="es")
    for unit in ("input_tokens", "output_tokens"):
        once = sum(TRANSLATOR.estimate_usage(batch)[unit] for batch in batches)
        assert once * count_mendings(TRANSLATOR) <= most[unit]


def test_a_translator_that_follows_instructions_may_be_asked_again_and_no_other() -> None:
    assert count_mendings(TRANSLATOR) == MAX_LENGTH_TRIES + MAX_FACT_TRIES + MAX_SHORTENINGS
    assert count_rereadings(TRANSLATOR) == MAX_SHORTENINGS
    other = MarkingTranslator(())
    assert (count_mendings(other), count_rereadings(other)) == (0, 0)
