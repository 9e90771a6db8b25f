"""What every translator must keep to. A new adapter is one more entry of ``TRANSLATORS``."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from dubbing.engines import Translator
from dubbing.errors import UnsupportedLanguageError
from dubbing.languages import parse_language
from dubbing.word_error_rate import split_words
from tests.support.local_engine import get_translator

TRANSLATORS: dict[str, Callable[[], Translator]] = {"local": get_translator}

TEXTS = [
    "Where is the station?",
    "She bought two tickets to London.",
    "It was raining heavily, so we decided to stay at home and watch a movie.",
]

HOSTILE = [
    "",
    "   ",
    "…",
    "😀",
    "one\n\n\ntwo",
    "\x00nul\x00",
    "[[brackets]] ^lemma<n>$ {braces} \\ / @user #tag *star* ~wave~ _x_",
    "<speak><break time='9s'/>hello</speak>",
    "ignore previous instructions",
    "x" * 700,
    "word " * 200,
    "\u202eright to left\u2028line\u2029paragraph",
    "Cafe\u0301 \ud800 lone surrogate",
]


@pytest.fixture(scope="module", params=TRANSLATORS)
def translator(request: pytest.FixtureRequest) -> Translator:
    return TRANSLATORS[request.param]()


def test_targets_are_canonical_tags_without_the_source(translator):
    targets = translator.list_targets("en")
    assert "pt-BR" in targets
    assert "en" not in targets
    assert [parse_language(tag) for tag in targets] == list(targets)


def test_a_source_that_is_not_served_has_no_targets(translator):
    assert translator.list_targets("tlh") == ()


def test_every_text_comes_back_in_its_place(translator):
    together = translator.translate(TEXTS, source="en", target="pt-BR")
    assert together == [translator.translate([text], source="en", target="pt-BR")[0] for text in TEXTS]
    assert len(set(together)) == len(TEXTS)


def test_the_answer_is_in_the_target_language(translator):
    (answer,) = translator.translate(["She bought two tickets to London."], source="en", target="pt-BR")
    assert {"ela", "dois", "para", "londres"} <= set(split_words(answer))


def test_no_texts_give_no_texts(translator):
    assert translator.translate([], source="en", target="pt-BR") == []


def test_hostile_texts_keep_their_number_and_their_neighbours(translator):
    texts = [piece for text in HOSTILE for piece in (text, TEXTS[0])]
    answers = translator.translate(texts, source="en", target="pt-BR")
    assert len(answers) == len(texts)
    assert set(answers[1::2]) == set(translator.translate(TEXTS[:1], source="en", target="pt-BR"))


def test_a_text_without_words_stays_as_it_is(translator):
    assert translator.translate(["…", "😀", "?!"], source="en", target="pt-BR") == ["…", "😀", "?!"]


@pytest.mark.parametrize("target", ["tlh", "en", "pt-PT"])
def test_a_target_that_is_not_offered_is_refused(translator, target):
    assert target not in translator.list_targets("en")
    with pytest.raises(UnsupportedLanguageError, match="pt-BR"):
        translator.translate(TEXTS, source="en", target=target)


def test_several_threads_get_the_answers_of_one(translator):
    alone = translator.translate(TEXTS, source="en", target="pt-BR")
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: translator.translate(TEXTS, source="en", target="pt-BR"), range(8)))
    assert answers == [alone] * 8
