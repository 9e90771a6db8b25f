"""Which languages the translator reaches, by the Apertium pairs that are there."""

from pathlib import Path

import pytest

from resources.local.apertium import Apertium
from resources.local.translator import LocalTranslator
from resources.local.weights import WeightsStore


class InstalledPairs(Apertium):
    """An Apertium of which only the list of pairs is known; it cannot prove that any of them translates."""

    def __init__(self, *modes: str) -> None:
        super().__init__("no-such-program")
        self.modes = frozenset(modes)


def list_targets(source: str, *modes: str) -> set[str]:
    return set(LocalTranslator(WeightsStore(Path("unused")), InstalledPairs(*modes)).list_targets(source))


SPANISH = ("pt-es", "es-pt_BR")
CATALAN = ("por-cat", "cat-por_BR")
ITALIAN = ("cat-ita", "ita-cat")


@pytest.mark.parametrize(
    ("source", "modes", "targets"),
    [
        ("en", (), {"pt-BR"}),
        ("en", SPANISH, {"pt-BR", "es"}),
        ("es", SPANISH, {"pt-BR", "en"}),
        ("es-MX", SPANISH, {"pt-BR", "en"}),
        ("pt-PT", SPANISH, {"en", "es"}),
        ("en", (*CATALAN, *ITALIAN), {"pt-BR", "ca", "it"}),
        ("it", (*CATALAN, *ITALIAN, *SPANISH), {"ca", "pt-BR", "es", "en"}),
        ("en", ITALIAN, {"pt-BR"}),
        ("de", SPANISH, set()),
    ],
)
def test_a_language_is_offered_if_every_step_to_it_is_installed(source, modes, targets):
    assert list_targets(source, *modes) == targets


def test_the_nearest_languages_come_first():
    translator = LocalTranslator(WeightsStore(Path("unused")), InstalledPairs(*SPANISH, *CATALAN, *ITALIAN))
    assert translator.list_targets("en") == ("pt-BR", "es", "ca", "it")
