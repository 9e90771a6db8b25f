import json

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.facts import find_mismatches
from dubbing.glossary import apply_pronunciations, dump_glossary, list_terms, parse_glossary
from dubbing.speaking_rates import Sample, learn, plan_cps, plan_lesson
from dubbing.transcript import Segment
from dubbing.translation_batches import Batch, Line, ReplyLine
from dubbing.translation_budget import (
    MIN_BUDGET_CHARACTERS,
    find_cps,
    list_vendor_speeds,
    plan_budgets,
    plan_vendor_speed,
)
from dubbing.translation_plan import assess_reply, clean_text, halve, plan_batches
from dubbing.translation_review import choose_better, review

texts = st.text(max_size=60)
TOLD = "12 1,5 1.500 five cien mil 5:30 pm uhr 2026-11-03 30/2/99 may $ £ km not kein Maria GitHub 99 x % 천"
facts = st.lists(st.sampled_from([*TOLD.split(), "9" * 60 + "s", "٣٤"]) | st.text(max_size=4), max_size=8).map(" ".join)
languages = st.sampled_from(["en", "es", "fr", "it", "pt-BR", "de", "ko", "ja", "fi"])
wordings = st.text("abcdé Ж東ß'-9", min_size=1, max_size=12).filter(lambda text: any(map(str.isalnum, text)))


@st.composite
def glossaries(draw):
    raw = []
    for term in draw(st.lists(wordings, max_size=6, unique_by=lambda text: " ".join(text.split()).casefold())):
        says = draw(st.dictionaries(st.sampled_from(["es", "fr", "pt-BR"]), wordings, min_size=1))
        raw.append(
            draw(st.sampled_from([{"keep": True}, {"translations": says}, {"pronunciations": says}])) | {"term": term}
        )
    return parse_glossary(raw)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.integers(1, 9), texts, max_size=9), st.lists(st.builds(ReplyLine, st.integers(-1, 11), texts))
)
def test_no_line_ever_gets_the_text_of_another(script, reply):
    batch = Batch("en", "es", tuple(Line(number, text) for number, text in script.items()))
    verdict = assess_reply(batch, reply)
    assert set(verdict.accepted) | set(verdict.missing) == set(script)
    assert set(verdict.accepted).isdisjoint(verdict.missing)
    for number, text in verdict.accepted.items():
        assert {clean_text(answer.text) for answer in reply if answer.number == number} == {text}


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_a_clean_text_is_one_line_that_can_be_stored(text):
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert clean.encode("utf-8") is not None
    assert clean.splitlines() in ([], [clean])


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(1, 40), min_size=1), st.integers(1, 12), glossaries())
def test_every_line_stands_in_one_batch_and_halves_lose_none(numbers, max_lines, glossary):
    script = {number: f"a {number} b" for number in range(1, 41)}
    lines = [Line(number, script[number]) for number in numbers]
    batches = plan_batches(lines, script, source="en", target="es", max_lines=max_lines, glossary=glossary)
    assert [line.number for batch in batches for line in batch.lines] == sorted(numbers)
    assert all(len(batch.lines) <= max_lines for batch in batches)
    for batch in batches:
        if len(batch.lines) > 1:
            first, second = halve(batch, script, glossary)
            assert first.lines + second.lines == batch.lines
            assert first.lines
            assert second.lines


@settings(max_examples=100, deadline=None)
@given(glossaries(), texts, languages)
def test_a_glossary_survives_json_and_says_only_what_it_holds(glossary, text, target):
    assert parse_glossary(json.loads(json.dumps(dump_glossary(glossary)))) == glossary
    assert {term.term for term in list_terms(glossary, text, target)} <= {entry.term for entry in glossary}
    if not any(entry.pronunciations for entry in glossary):
        assert apply_pronunciations("abc é", glossary, target) == "abc é"


@settings(max_examples=100, deadline=None)
@given(wordings, wordings)
def test_a_term_is_found_in_a_text_that_is_the_term(term, wanted):
    glossary = parse_glossary([{"term": term, "translations": {"es": wanted}}])
    assert [found.wanted for found in list_terms(glossary, f"({term})", "es")] == [glossary[0].translations["es"]]


@settings(max_examples=300, deadline=None)
@given(facts, facts, languages, languages)
def test_any_two_texts_can_be_compared(text, translation, source, target):
    find_mismatches(text, translation, source=source, target=target)


@settings(max_examples=200, deadline=None)
@given(facts, languages)
def test_a_line_tells_the_facts_of_itself(text, language):
    assert find_mismatches(text, text, source=language, target=language) == ()


@settings(max_examples=100, deadline=None)
@given(facts, facts, facts)
def test_the_choice_between_attempts_is_one_of_them_and_never_loses_more(text, one, two):
    line = Line(1, text, max_characters=20)
    first, second = (review(line, attempt, source="en", target="es") for attempt in (one, two))
    chosen = choose_better(first, second)
    assert chosen in (first, second)
    assert choose_better(chosen, first) == chosen
    assert choose_better(chosen, second) == chosen


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5000), st.integers(-10, 60_000), st.floats(3, 30), st.floats(0.5, 2))
def test_a_speed_stays_within_its_limits_and_grows_with_the_text(characters, slot_ms, cps, max_speed):
    speed = plan_vendor_speed(characters, slot_ms, cps, max_speed=max_speed)
    assert speed in list_vendor_speeds(max_speed)
    assert 1.0 <= speed <= 1.15
    assert speed <= max(1.0, max_speed)
    assert speed <= plan_vendor_speed(characters + 1, slot_ms, cps, max_speed=max_speed)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 9000), max_size=9), st.integers(0, 90_000), st.floats(3, 30))
def test_every_segment_has_a_budget_that_is_worth_a_word(starts_ms, total_ms, cps):
    segments = [Segment(number, start, start + 500, "x") for number, start in enumerate(sorted(starts_ms), start=1)]
    budgets = plan_budgets(segments, total_ms, cps)
    assert list(budgets) == [segment.number for segment in segments]
    assert all(budget >= MIN_BUDGET_CHARACTERS for budget in budgets.values())


samples = st.lists(st.builds(Sample, st.integers(0, 400), st.floats(0, 30_000)), max_size=12)


@settings(max_examples=200, deadline=None)
@given(samples, st.randoms(), languages, st.none() | st.floats(2, 40))
def test_what_takes_teach_does_not_hang_on_their_order_and_stays_within_limits(takes, random, language, known):
    lesson = plan_lesson(takes)
    shuffled = list(takes)
    random.shuffle(shuffled)
    assert plan_lesson(shuffled) == lesson
    if lesson is not None:
        cps, seed = learn(known, lesson, language), find_cps(language)
        assert 0.5 * seed <= cps <= 1.5 * seed
        assert abs(plan_cps([cps], language) - cps) <= seed / 20 + 1e-9
