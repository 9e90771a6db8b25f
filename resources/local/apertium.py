"""Rule-based translation by Apertium, a program of its own: Spanish, Catalan, French and Italian.

Whatever pairs are installed are used; without the program there are simply none.
"""

import functools
import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dubbing.errors import ToolMissingError, TranslationError

INSTALL_LINE = "apt-get install apertium apertium-es-pt"
"""What a person types to translate into Spanish on Debian or Ubuntu."""

TIMEOUT_S = 120
"""Longest one call may take, s, unless said otherwise. A call of the largest pair takes 1 s, 5 s on a busy machine."""

_PARAGRAPH = "\n\n"
_UNKNOWN_MARK = "*"
_OTHER_MARKS = "@#"
"""Put before a word that has no translation in the dictionary (@) or no inflected form (#)."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """A translated text.

    Attributes:
        unknown_words: how many words Apertium does not know; they stay as they were.
    """

    text: str
    unknown_words: int


class Apertium:
    """The installed Apertium.

    Args:
        program: a name that is looked up on the path, or a path.
        timeout_s: longest one call may take.
    """

    def __init__(self, program: str = "apertium", *, timeout_s: float = TIMEOUT_S) -> None:
        self._program = program
        self._timeout_s = timeout_s

    @functools.cached_property
    def modes(self) -> frozenset[str]:
        """Directions this machine can translate, by Apertium's names such as ``pt-es``; empty without the program."""
        if shutil.which(self._program) is None:
            return frozenset()
        return frozenset(self._run(["-l"], "").split())

    def translate(self, mode: str, texts: Sequence[str]) -> list[Rendering]:
        """Translate short texts in one process.

        Args:
            mode: one of `modes`.
            texts: cleaned: no control characters, no white space but single spaces.

        Raises:
            ToolMissingError: the program or the pair is not installed.
            TranslationError: the program failed.
        """
        if mode not in self.modes:
            raise ToolMissingError(f"Apertium's pair {mode} is not installed; run: {INSTALL_LINE}")
        return self._translate_batch(mode, [text.replace(_UNKNOWN_MARK, "") for text in texts]) if texts else []

    def identify_data(self, modes: Sequence[str]) -> str:
        """Name the dictionaries of some modes, and the program, in eight hexadecimal digits."""
        digest = hashlib.sha256()
        for mode in sorted(self.modes.intersection(modes)):
            digest.update(mode.encode())
            for file in self._list_data_files(mode):
                digest.update(file.read_bytes())
        if self.modes:
            digest.update(self._run(["-V"], "").encode())
        return digest.hexdigest()[:8]

    def _list_data_files(self, mode: str) -> list[Path]:
        """List the files that a mode's pipeline names; none where an installation keeps its modes elsewhere."""
        program = Path(shutil.which(self._program) or self._program).resolve()
        mode_file = program.parents[1] / "share" / "apertium" / "modes" / f"{mode}.mode"
        if not mode_file.is_file():
            return []
        named = map(Path, re.findall(r"'(/[^']+)'", mode_file.read_text(encoding="utf-8")))
        return [path for path in named if path.is_file()]

    def _translate_batch(self, mode: str, texts: list[str]) -> list[Rendering]:
        """Translate texts as paragraphs of one document; a document that comes back with another number is halved."""
        answer = self._run([mode], _PARAGRAPH.join(texts) + "\n")
        paragraphs = answer.split(_PARAGRAPH)
        if len(texts) == 1:
            paragraphs = [" ".join(paragraphs)]
        if len(paragraphs) == len(texts):
            return [_read_marks(text, answer) for text, answer in zip(texts, paragraphs, strict=True)]
        middle = len(texts) // 2
        return self._translate_batch(mode, texts[:middle]) + self._translate_batch(mode, texts[middle:])

    def _run(self, arguments: list[str], text: str) -> str:
        """Run the program, which is a pipeline of others: all of them end with it."""
        with subprocess.Popen(
            [self._program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                answer, _ = process.communicate(text, timeout=self._timeout_s)
            except subprocess.TimeoutExpired as error:
                os.killpg(process.pid, signal.SIGKILL)
                raise TranslationError(f"Apertium did not answer within {self._timeout_s:g} s.") from error
        if process.returncode != 0:
            raise TranslationError(f"Apertium failed with code {process.returncode}.")
        return answer


def _read_marks(source: str, answer: str) -> Rendering:
    """Take Apertium's marks out of an answer; a mark that the source has too is left alone.

    >>> _read_marks("Software bom", "*Software bueno").text
    'Software bueno'
    """
    unknown_words = answer.count(_UNKNOWN_MARK)
    text = answer.replace(_UNKNOWN_MARK, "")
    for mark in _OTHER_MARKS:
        if mark not in source:
            text = text.replace(mark, "")
    return Rendering(" ".join(text.split()), unknown_words)
