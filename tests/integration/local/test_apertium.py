"""Spanish by the real Apertium. These tests need it and say so; they are never passed over in silence."""

import stat
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dubbing.errors import ToolMissingError, TranslationError
from resources.local.apertium import INSTALL_LINE, Apertium
from resources.local.sentences import clean_text
from tests.support.local_engine import get_translator
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def apertium() -> Apertium:
    apertium = Apertium()
    if not {"pt-es", "es-pt_BR"} <= apertium.modes:
        pytest.skip(f"Spanish is not tested on this machine; to test it: {INSTALL_LINE}")
    return apertium


def test_english_reaches_spanish_through_portuguese(apertium):
    texts = ["She told me that the meeting had been cancelled because nobody could find the keys.", "Good morning."]
    assert get_translator().translate_texts(texts, source="en", target="es") == [
        "Ella me dijo que la reunión había sido cancelada porque nadie podría encontrar las llaves.",
        "Buen día.",
    ]


def test_questions_and_exclamations_are_opened(apertium):
    answer = get_translator().translate_texts(["What time is it? Let's go!"], source="en", target="es")
    assert answer == ["¿Qué hora es? ¡Vamos allá!"]


def test_spanish_reaches_portuguese_and_english(apertium):
    translator = get_translator()
    text = ["Ella no vino porque estaba enferma."]
    assert translator.translate_texts(text, source="es", target="pt-BR") == ["Ela não veio porque estava doente."]
    assert translator.translate_texts(text, source="es", target="en") == ["She didn't come because she was sick."]


def test_unknown_words_are_counted_and_carry_no_mark(apertium):
    (rendering,) = apertium.translate("pt-es", ["O xpto Dashwood saiu."])
    assert rendering.unknown_words == 2
    assert rendering.text == "El xpto Dashwood salió."


def test_marks_of_the_source_are_kept(apertium):
    (rendering,) = apertium.translate("pt-es", ["Escreva para ana@casa.pt #1"])
    assert rendering.text.endswith("@casa.pt #1")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters() | st.sampled_from("[]^$\\/@#*<>{}~;&\n\0\u2028"), max_size=30), max_size=30))
def test_no_text_breaks_the_frame_of_its_neighbours(apertium, hostile):
    cleaned = [text for text in map(clean_text, hostile) if text]
    # Words of one reading each: the tagger looks back over the end of a sentence where a word has several.
    texts = [piece for text in cleaned for piece in (text, "Ela trabalha aqui.")]
    renderings = apertium.translate("pt-es", texts)
    assert len(renderings) == len(texts)
    assert {rendering.text.casefold() for rendering in renderings[1::2]} <= {"ella trabaja aquí."}


def write_program(folder: Path, script: str) -> str:
    program = folder / "apertium"
    program.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then echo pt-es; exit; fi\n{script}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


JOIN_WHAT_IS_MORE_THAN_TWO = r"""
import sys
paragraphs = sys.stdin.read().strip().split("\n\n")
print((" " if len(paragraphs) > 2 else "\n\n").join(paragraphs))
"""


def test_a_batch_that_comes_back_short_is_halved_until_it_fits(tmp_path):
    (tmp_path / "join.py").write_text(JOIN_WHAT_IS_MORE_THAN_TWO)
    apertium = Apertium(write_program(tmp_path, f"exec {sys.executable} -X utf8 {tmp_path}/join.py"))
    texts = ["um", "dois", "três", "quatro", "cinco"]
    assert [rendering.text for rendering in apertium.translate("pt-es", texts)] == texts


def test_a_program_that_fails_is_reported(tmp_path):
    apertium = Apertium(write_program(tmp_path, "exit 3"))
    with pytest.raises(TranslationError, match="code 3"):
        apertium.translate("pt-es", ["um"])


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path):
    apertium = Apertium(write_program(tmp_path, f"sleep 600 & echo $! > {tmp_path}/child; wait"), timeout_s=1)
    with pytest.raises(TranslationError, match="within 1 s"):
        apertium.translate("pt-es", ["um"])
    child = int((tmp_path / "child").read_text())
    wait_for(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie", "the child to end")


def test_a_pair_that_is_not_installed_says_what_to_install():
    with pytest.raises(ToolMissingError, match="apt-get install"):
        Apertium("no-such-program").translate("pt-es", ["um"])
