import pytest

from dubbing.facts import Mismatch, find_mismatches
from dubbing.translation_batches import Term
from tests.unit.dubbing.fact_pairs import BAD, GOOD, SPOKEN, SPOKEN_LANGUAGES


@pytest.mark.parametrize(("source", "target", "line", "translation"), GOOD)
def test_a_good_translation_raises_no_alarm(source: str, target: str, line: str, translation: str) -> None:
    assert find_mismatches(line, translation, source=source, target=target) == ()


@pytest.mark.parametrize("said", SPOKEN, ids=lambda said: said[0])
def test_a_line_as_people_say_it_raises_no_alarm_in_any_language(said: tuple[str, ...]) -> None:
    for language, other in zip(SPOKEN_LANGUAGES[1:], said[1:], strict=False):
        assert find_mismatches(said[0], other, source="en", target=language) == ()
        assert find_mismatches(other, said[0], source=language, target="en") == ()


@pytest.mark.parametrize(("kind", "source", "target", "line", "translation"), BAD)
def test_a_slip_is_found_and_told_by_its_kind(kind: str, source: str, target: str, line: str, translation: str) -> None:
    assert kind in {found.kind for found in find_mismatches(line, translation, source=source, target=target)}


def test_a_term_must_be_told_as_wanted_and_may_be_inflected() -> None:
    terms = [Term("take", "toma"), Term("Dubline", "Dubline")]
    line = "The best take came from Dubline."
    assert find_mismatches(line, "Las mejores tomas vinieron de Dubline.", source="en", target="es", terms=terms) == ()
    found = find_mismatches(line, "El mejor intento vino de Doblinea.", source="en", target="es", terms=terms)
    assert Mismatch("glossary", "toma") in found
    assert Mismatch("glossary", "Dubline") in found


def test_terms_of_the_neighbouring_lines_are_not_asked_of_this_one() -> None:
    assert (
        find_mismatches("Good morning.", "Buenos días.", source="en", target="es", terms=[Term("take", "toma")]) == ()
    )


def test_a_term_is_looked_for_inside_a_text_without_spaces() -> None:
    terms = [Term("take", "テイク")]
    assert (
        find_mismatches("One more take.", "もうワンテイクお願いします。", source="en", target="ja", terms=terms) == ()
    )
    assert find_mismatches("One more take.", "もう一度お願いします。", source="en", target="ja", terms=terms) != ()


def test_a_language_without_words_is_judged_by_digits_only() -> None:
    assert find_mismatches("It costs $12 and 3 hours.", "Kostaa 12 ja kolme.", source="en", target="fi") == ()
    assert find_mismatches("There are 250 seats.", "Paikkoja on 520.", source="en", target="fi") == (
        Mismatch("number", "250"),
    )
