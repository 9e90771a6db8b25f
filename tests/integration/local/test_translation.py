"""What the neural translator writes. The models are pinned by digest, so the text is exact."""

from pathlib import Path

import pytest

from resources.local.apertium import Apertium
from resources.local.translator import LocalTranslator
from tests.support.local_engine import get_translator, get_weights


def translate(text: str, source: str = "en", target: str = "pt-BR") -> str:
    (answer,) = get_translator().translate_texts([text], source=source, target=target)
    return answer


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        (
            "She told me that the meeting had been cancelled because nobody could find the keys.",
            "Ela me disse que a reunião tinha sido cancelada porque ninguém poderia encontrar as chaves.",
        ),
        (
            "Yesterday the government announced a new plan to cut taxes for small businesses.",
            "Ontem, o governo anunciou um novo plano para cortar impostos para as pequenas empresas.",
        ),
        (
            "It was raining heavily, so we decided to stay at home and watch a movie.",
            "Estava chovendo muito, então decidimos ficar em casa e assistir a um filme.",
        ),
        ("You need to press the red button twice.", "Você precisa pressionar o botão vermelho duas vezes."),
    ],
)
def test_meaning_is_kept(english, portuguese):
    assert translate(english) == portuguese


def test_sentences_of_one_text_are_translated_one_by_one():
    sentences = ["He opened the door.", "Nobody was there!", "“Where are they?”"]
    assert translate(" ".join(sentences)) == " ".join(map(translate, sentences))


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("Thank you.", "Obrigado."),
        ("Thank you, John.", "Obrigado, John."),
        ("Thank you for coming!", "Obrigado por vir!"),
        ("Excuse me, where is the station?", "Desculpa-me, onde está a estação?"),
        ("What's up?", "E aí?"),
    ],
)
def test_everyday_phrases_are_not_invented_anew(english, portuguese):
    assert translate(english) == portuguese


@pytest.mark.parametrize(
    ("english", "number"),
    [
        ("We sold 1,234,567 units.", "1.234.567"),
        ("The bill was $1,250.00 and we paid 10 percent.", "1.250,00"),
        ("The 1,500-meter race took 3,600 seconds.", "3.600"),
        ("She is 1.75 m tall.", "1,75"),
        ("In 1998, 12 of them left.", "1998"),
    ],
)
def test_numbers_survive_in_the_spelling_of_the_target(english, number):
    assert number in translate(english)


def test_quotation_marks_survive():
    assert translate('She said: "I love you."').count('"') == 2


def test_portuguese_comes_back_to_english():
    answer = translate("O governo anunciou ontem um novo plano para reduzir os impostos.", "pt-BR", "en")
    assert answer == "The government announced yesterday a new plan to reduce taxes."


def test_without_apertium_there_are_english_and_portuguese_only():
    translator = LocalTranslator(get_weights(), Apertium("no-such-program"))
    assert translator.list_targets("en") == ("pt-BR",)
    assert translator.list_targets("pt-BR") == ("en",)
    assert translator.list_targets("es") == ()


def test_the_name_tells_one_set_of_dictionaries_from_another(tmp_path):
    names = set()
    for number, content in enumerate([b"old words", b"new words"]):
        program = write_apertium(tmp_path / str(number), content)
        names.add(LocalTranslator(get_weights(), Apertium(str(program))).name)
    names.add(LocalTranslator(get_weights(), Apertium("no-such-program")).name)
    assert len(names) == 3


def write_apertium(root: Path, content: bytes) -> Path:
    """Lay out a program with one mode and one dictionary, as a package manager does."""
    modes = root / "share" / "apertium" / "modes"
    modes.mkdir(parents=True)
    (root / "pt-es.bin").write_bytes(content)
    (modes / "pt-es.mode").write_text(f"lt-proc '{root}/pt-es.bin'")
    (root / "bin").mkdir()
    program = root / "bin" / "apertium"
    program.write_text("#!/bin/sh\necho pt-es\n")
    program.chmod(0o755)
    return program
