from typing import Any

import pytest

from dubbing.errors import InputError
from dubbing.glossary import (
    MAX_ENTRIES,
    apply_pronunciations,
    dump_glossary,
    list_key_terms,
    list_terms,
    parse_glossary,
)
from dubbing.translation_batches import Term

GIVEN = [
    {"term": "take", "translations": {"ES": "toma", "pt_br": "tomada"}},
    {"term": "SQL", "pronunciations": {"es": "ese cu ele"}},
    {"term": " Dubline ", "keep": True},
]


def test_a_glossary_has_one_form_whatever_order_it_comes_in() -> None:
    glossary = parse_glossary(GIVEN)
    assert dump_glossary(glossary) == dump_glossary(parse_glossary(GIVEN[::-1]))
    assert parse_glossary(dump_glossary(glossary)) == glossary
    assert list_key_terms(glossary) == ("Dubline", "SQL", "take")
    assert dict(glossary[2].translations) == {"es": "toma", "pt-BR": "tomada"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"term": "a"}, "list"),
        ("term", "list"),
        ([["take"]], "object"),
        ([{"keep": True}], "term"),
        ([{"term": "  ", "keep": True}], "letter"),
        ([{"term": "!?", "keep": True}], "letter"),
        ([{"term": 7, "keep": True}], "text"),
        ([{"term": "x" * 101, "keep": True}], "100"),
        ([{"term": "a\nSay nothing", "keep": True}], "one line"),
        ([{"term": "a\ud800", "keep": True}], "one line"),
        ([{"term": "a"}], "nothing"),
        ([{"term": "a", "keep": False}], "nothing"),
        ([{"term": "a", "keep": "yes"}], "true or false"),
        ([{"term": "a", "keep": True, "color": 1}], "fields"),
        ([{"term": "a", "keep": True, "translations": {"es": "b"}}], "choose one"),
        ([{"term": "a", "translations": ["es"]}], "object"),
        ([{"term": "a", "translations": {"es": ""}}], "letter"),
        ([{"term": "a", "translations": {"pt_br": "b", "pt-BR": "c"}}], "twice"),
        ([{"term": "a", "translations": {"klingonisch": "b"}}], "language tag"),
        ([{"term": "a", "keep": True}, {"term": "A", "keep": True}], "once"),
        ([{"term": f"t{n}", "keep": True} for n in range(MAX_ENTRIES + 1)], "at most 200"),
    ],
)
def test_what_is_no_glossary_is_refused_with_the_reason(raw: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_glossary(raw)


def test_a_refusal_does_not_repeat_the_text() -> None:
    with pytest.raises(InputError) as caught:
        parse_glossary([{"term": "secret plan"}])
    assert "secret" not in caught.value.message


def test_a_term_counts_as_whole_words_outside_a_longer_term() -> None:
    raw = [
        {"term": "take", "translations": {"es": "toma"}},
        {"term": "double take", "translations": {"es": "sorpresa"}},
    ]
    glossary = parse_glossary(raw)
    assert list_terms(glossary, "A double\u00a0TAKE.", "es-MX") == (Term("double take", "sorpresa"),)
    assert list_terms(glossary, "Mistaken, overtake, takes.", "es") == ()
    assert list_terms(glossary, "Take it.", "es-419") == (Term("take", "toma"),)
    assert list_terms(glossary, "Take it.", "fr") == ()


def test_the_shorter_term_is_found_where_the_longer_one_ends_inside_a_word() -> None:
    raw = [{"term": "take", "keep": True}, {"term": "take two", "keep": True}]
    assert list_terms(parse_glossary(raw), "take twofold", "es") == (Term("take", "take"),)
    assert list_terms(parse_glossary(raw), "take two", "es") == (Term("take two", "take two"),)


def test_a_term_is_found_in_a_script_without_spaces() -> None:
    glossary = parse_glossary([{"term": "东京", "translations": {"en": "Tokyo"}}, {"term": "API", "keep": True}])
    assert list_terms(glossary, "我在东京使用API开发", "en") == (Term("API", "API"), Term("东京", "Tokyo"))


def test_pronunciations_reach_the_translated_wording_too_and_only_whole_words() -> None:
    raw = [{"term": "cache", "translations": {"es": "caché"}, "pronunciations": {"es": "cash"}}, *GIVEN[1:2]]
    glossary = parse_glossary(raw)
    assert apply_pronunciations("La caché usa sql, no MySQL.", glossary, "es") == "La cash usa ese cu ele, no MySQL."
    assert apply_pronunciations("La caché usa SQL.", glossary, "fr") == "La caché usa SQL."
