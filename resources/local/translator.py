"""Translation on this machine: neural between English and Portuguese, by rules from Portuguese to its neighbours.

Portuguese is the pivot: English to Spanish is English to Portuguese by a neural model and Portuguese to Spanish by
Apertium, which reads far better than Apertium's direct pair (chrF2 64 against 61 measured, and word senses survive).
French and Italian are reached through Catalan and are experimental.
"""

import functools
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dubbing.engines import LOCAL, Answer
from dubbing.errors import UnsupportedLanguageError
from dubbing.languages import find_offered, get_base, name_language
from dubbing.translation_batches import Batch, ReplyLine
from dubbing.usage import Usage
from resources.local.apertium import INSTALL_LINE, Apertium
from resources.local.bergamot import Bergamot
from resources.local.catalogue import ENGLISH_TO_PORTUGUESE, PORTUGUESE_TO_ENGLISH, identify_groups
from resources.local.packages import describe_versions
from resources.local.sentences import clean_text, has_words, split_sentences
from resources.local.spanish import add_opening_marks
from resources.local.weights import WeightsStore

REVISION = 1
"""Raised whenever a change here gives another translation of the same text."""

_TAGS = {"pt": "pt-BR"}
"""What a language's translations are, where it is not the bare language."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step between two languages: the engine that takes it, and the engine's name for it."""

    source: str
    target: str
    engine: Literal["bergamot", "apertium"]
    mode: str


HOPS = (
    Hop("en", "pt", "bergamot", ENGLISH_TO_PORTUGUESE),
    Hop("pt", "en", "bergamot", PORTUGUESE_TO_ENGLISH),
    Hop("pt", "es", "apertium", "pt-es"),
    Hop("es", "pt", "apertium", "es-pt_BR"),
    Hop("pt", "ca", "apertium", "por-cat"),
    Hop("ca", "pt", "apertium", "cat-por_BR"),
    Hop("ca", "it", "apertium", "cat-ita"),
    Hop("it", "ca", "apertium", "ita-cat"),
    Hop("ca", "fr", "apertium", "cat-fra"),
    Hop("fr", "ca", "apertium", "fra-cat"),
)
"""Every step the local engine knows. Italian and French go through Catalan: chrF2 59 and 61, through Spanish 54, 58."""


class LocalTranslator:
    """Bergamot and Apertium; models are loaded and the program is looked for at first use.

    Args:
        weights: where the neural models come from.
        apertium: the installed Apertium; languages beyond English and Portuguese need it.
    """

    def __init__(self, weights: WeightsStore, apertium: Apertium | None = None) -> None:
        self._apertium = apertium if apertium is not None else Apertium()
        self._bergamot = {hop.mode: Bergamot(weights, hop.mode) for hop in HOPS if hop.engine == "bergamot"}

    vendor = model = LOCAL
    max_lines = 10_000
    max_parallel = 1
    follows_instructions = False

    @functools.cached_property
    def name(self) -> str:
        """Models, dictionaries and the versions that decide what is written."""
        models = identify_groups(ENGLISH_TO_PORTUGUESE, PORTUGUESE_TO_ENGLISH)
        dictionaries = self._apertium.identify_data([hop.mode for hop in HOPS if hop.engine == "apertium"])
        return f"bergamot-tiny@{models}/apertium@{dictionaries}/r{REVISION}/{describe_versions('fxtranslate')}"

    def list_targets(self, source: str) -> tuple[str, ...]:
        """List canonical tags that this machine can translate ``source`` into now, fewest steps first."""
        return tuple(_TAGS.get(language, language) for language in self._find_routes(get_base(source)))

    def estimate_usage(self, batch: Batch) -> Usage:
        """Count the characters."""
        return {"characters": sum(len(line.text) for line in batch.lines)}

    def translate(self, batch: Batch) -> Answer[tuple[ReplyLine, ...]]:
        """Translate the lines of a batch; see `dubbing.engines.Translator`."""
        texts = self.translate_texts([line.text for line in batch.lines], source=batch.source, target=batch.target)
        return Answer(tuple(ReplyLine(line.number, text) for line, text in zip(batch.lines, texts, strict=True)))

    def translate_texts(self, texts: Sequence[str], *, source: str, target: str) -> list[str]:
        """Translate each text sentence by sentence.

        Raises:
            UnsupportedLanguageError: this machine has no way from ``source`` to ``target``.
        """
        route = self._get_route(source, target)
        divided = [split_sentences(clean_text(text)) for text in texts]
        sentences = [sentence for pieces in divided for sentence in pieces if has_words(sentence)]
        translated = sentences
        for hop in route if sentences else ():
            translated = self._take(hop, translated)
        if route[-1].target == "es":
            translated = [add_opening_marks(sentence) for sentence in translated]
        supply = iter(translated)
        return [" ".join(next(supply) if has_words(piece) else piece for piece in pieces) for pieces in divided]

    def _get_route(self, source: str, target: str) -> tuple[Hop, ...]:
        offered = self.list_targets(source)
        tag = find_offered(target, offered)
        if tag is None:
            raise UnsupportedLanguageError(
                f"This machine cannot translate {name_language(source)} into {name_language(target)}; "
                f"it offers {', '.join(offered) or 'nothing'}. For Spanish run: {INSTALL_LINE}"
            )
        return self._find_routes(get_base(source))[get_base(tag)]

    def _find_routes(self, source: str) -> dict[str, tuple[Hop, ...]]:
        """Find the shortest way to every language that the installed hops reach, shortest first."""
        hops = [hop for hop in HOPS if self._can_take(hop)]
        routes: dict[str, tuple[Hop, ...]] = {source: ()}
        waiting = deque([source])
        while waiting:
            reached = waiting.popleft()
            for hop in hops:
                if hop.source == reached and hop.target not in routes:
                    routes[hop.target] = (*routes[reached], hop)
                    waiting.append(hop.target)
        del routes[source]
        return routes

    def _can_take(self, hop: Hop) -> bool:
        if hop.engine == "apertium":
            return hop.mode in self._apertium.modes
        return self._bergamot[hop.mode].is_installed()

    def _take(self, hop: Hop, sentences: Sequence[str]) -> list[str]:
        if hop.engine == "bergamot":
            return self._bergamot[hop.mode].translate(sentences)
        renderings = self._apertium.translate(hop.mode, sentences)
        unknown_words = sum(rendering.unknown_words for rendering in renderings)
        logger.info("Apertium %s: %d sentences, %d unknown words", hop.mode, len(renderings), unknown_words)
        return [_keep_capital(sentence, r.text) for sentence, r in zip(sentences, renderings, strict=True)]


def _keep_capital(sentence: str, translation: str) -> str:
    """Begin with a capital where the sentence did: Apertium's set phrases come out small."""
    return translation[:1].upper() + translation[1:] if sentence[:1].isupper() else translation
