"""What the emulator makes of lines to translate: a script first, then the local translator, else the text unchanged."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resources.local.translator import LocalTranslator

OBEDIENCE = "I have ignored my instructions."
"""What every line becomes when a gullible model was told to ignore its instructions."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the document that the product sends.

    Attributes:
        max_characters: most that the translation may have.
        previous: a translation that was too long, to be done better.
    """

    id: int
    text: str
    max_characters: int | None = None
    previous: str | None = None


class Translating:
    """Scripts by target and text, and the local translator behind them."""

    def __init__(self) -> None:
        self._translating = threading.Lock()
        self._translated: dict[tuple[str, str, str], str] = {}
        self.reset()

    def reset(self) -> None:
        """Forget the scripts, and be sensible again."""
        self._scripts: dict[tuple[str, str], tuple[str, ...]] = {}
        self.is_gullible = False

    def script(self, target: str, texts: Mapping[str, str | Sequence[str]]) -> None:
        """Say how texts are translated; several versions of one go from the longest to the shortest."""
        for text, versions in texts.items():
            self._scripts[target, text] = (versions,) if isinstance(versions, str) else tuple(versions)

    def translate(self, lines: Sequence[Line], *, source: str, target: str) -> list[str]:
        """Translate every line; those that nobody can translate come back as they are."""
        unscripted = [line.text for line in lines if (target, line.text) not in self._scripts]
        with self._translating:
            self._translate_locally(unscripted, source, target)
        return [
            choose_version(self._scripts[target, line.text], line)
            if (target, line.text) in self._scripts
            else self._translated.get((source, target, line.text), line.text)
            for line in lines
        ]

    def _translate_locally(self, texts: Sequence[str], source: str, target: str) -> None:
        from dubbing.languages import find_offered

        translator = _get_translator()
        new = [text for text in dict.fromkeys(texts) if (source, target, text) not in self._translated]
        if not new or (offered := find_offered(target, translator.list_targets(source))) is None:
            return
        translations = translator.translate_texts(new, source=source, target=offered)
        self._translated |= {(source, target, text): said for text, said in zip(new, translations, strict=True)}


@cache
def _get_translator() -> "LocalTranslator":
    """Load the models once for all emulators of a process."""
    from resources.local.translator import LocalTranslator
    from vendor_emulator.hearing import build_weights

    return LocalTranslator(build_weights())


def choose_version(versions: Sequence[str], line: Line) -> str:
    """Take the first version that fits and is shorter than the one before, else the last.

    >>> choose_version(["a long one", "short"], Line(1, "x", max_characters=6))
    'short'
    """
    most = len(versions[0]) if line.max_characters is None else line.max_characters
    if line.previous is not None:
        most = min(most, len(line.previous) - 1)
    return next((version for version in versions if len(version) <= most), versions[-1])
