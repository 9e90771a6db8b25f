import pytest

from dubbing.errors import UnknownLanguageError, UnsupportedLanguageError
from dubbing.languages import find_offered, get_iso_639_2, name_language, parse_language, plan_targets


@pytest.mark.parametrize(
    ("typed", "tag"),
    [("PT_br", "pt-BR"), (" es ", "es"), ("zh-hans-cn", "zh-Hans-CN"), ("iw", "he"), ("en-us", "en-US")],
)
def test_a_tag_is_brought_to_its_canonical_form(typed: str, tag: str) -> None:
    assert parse_language(typed) == tag


@pytest.mark.parametrize(
    "typed", ["", "english", "xx", "x-foo", "qaa", "en-XX-", "../../etc", "pt-BR\n; drop", "a" * 4000]
)
def test_what_is_no_language_is_refused_in_one_short_sentence(typed: str) -> None:
    with pytest.raises(UnknownLanguageError) as caught:
        parse_language(typed)
    assert len(caught.value.message) < 120


def test_names_and_media_codes_are_those_of_the_standards() -> None:
    assert name_language("pt-BR") == "Portuguese (Brazil)"
    assert (get_iso_639_2("pt-BR"), get_iso_639_2("de"), get_iso_639_2("zh-Hans")) == ("por", "ger", "chi")


def test_a_language_without_region_takes_the_only_form_on_offer() -> None:
    assert find_offered("pt", ["es", "pt-BR"]) == "pt-BR"
    assert find_offered("es-MX", ["es", "pt-BR"]) == "es"
    assert find_offered("pt", ["pt-BR", "pt-PT"]) is None
    assert find_offered("pt-PT", ["pt-BR"]) is None


def test_targets_are_canonical_and_named_once() -> None:
    assert plan_targets(["PT", "pt-br", "es"], ["es", "pt-BR"], source="en") == ("pt-BR", "es")


def test_a_target_that_is_not_offered_is_refused_with_what_is() -> None:
    with pytest.raises(UnsupportedLanguageError, match=r"German \(de\).*es, pt-BR"):
        plan_targets(["de"], ["es", "pt-BR"], source="en")


def test_the_source_itself_is_no_target() -> None:
    with pytest.raises(UnsupportedLanguageError, match="already in English"):
        plan_targets(["en-GB"], ["en", "es"], source="en")


def test_no_target_at_all_is_refused() -> None:
    with pytest.raises(UnsupportedLanguageError, match="at least one"):
        plan_targets([], ["es"], source=None)
