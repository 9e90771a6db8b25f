import pytest

from dubbing.languages import parse_language
from resources.vendors.elevenlabs_languages import FLASH, LANGUAGES, MODELS, MULTILINGUAL, choose_model


def test_all_tags_are_canonical() -> None:
    assert [parse_language(tag) for tag in LANGUAGES] == list(LANGUAGES)


def test_the_models_speak_as_many_languages_as_their_vendor_says() -> None:
    assert (len(MODELS[MULTILINGUAL].codes), len(MODELS[FLASH].codes)) == (29, 32)


def test_portuguese_norwegian_and_filipino_have_one_form() -> None:
    codes = MODELS[FLASH].codes
    assert (codes["pt-BR"], codes["nb"], codes["fil"]) == ("pt", "no", "fil")
    assert not {"pt", "pt-PT", "no", "nn", "tl"} & set(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "preferred", "chosen"),
    [("de", MULTILINGUAL, MULTILINGUAL), ("de", FLASH, FLASH), ("hu", MULTILINGUAL, FLASH)],
)
def test_the_preferred_model_speaks_unless_it_cannot(language: str, preferred: str, chosen: str) -> None:
    assert choose_model(language, preferred).name == chosen


def test_a_language_that_nobody_speaks_has_no_model() -> None:
    with pytest.raises(KeyError):
        choose_model("sw", MULTILINGUAL)
