"""Looking a translated line over: what is wrong with it, what is asked to be mended, which attempt is kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dubbing.facts import Kind, find_mismatches
from dubbing.languages import get_base, name_language
from dubbing.phrases import replace_phrases, split_folded
from dubbing.translation_batches import Line, Term
from dubbing.translation_budget import count_characters, is_over_budget

MAX_LENGTH_TRIES = 3
"""Shorter wordings asked for at most. Source: peers; the best attempt is kept after that."""

MAX_FACT_TRIES = 1
"""Mended facts asked for at most; after that the line is flagged. Source: house rule, what a repeat costs."""

MIN_UNTRANSLATED_WORDS = 4
"""Fewer words may well be the same in two languages. Source: house rule ("Hotel California", "Taxi!")."""

ProblemKind = Literal["too_long", "untranslated"] | Kind

_UNITS_OF_WRITING = re.compile("[\u3040-\u30ff\u3400-\u9fff]|[^\\W_\u3040-\u30ff\u3400-\u9fff]+")

_WISHES: dict[Kind, str] = {
    "number": "Keep the number {}.",
    "date": "Keep the date or time {}.",
    "unit": "Keep the unit {}; do not convert it.",
    "currency": "Keep the currency {}; do not convert it.",
    "negation": "Keep the negation ({}).",
    "name": "Keep the name {}.",
    "glossary": "Use the wording {} from the glossary.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a translation.

    Attributes:
        words: for the translator; they quote the line, so they belong into no log.
    """

    kind: ProblemKind
    words: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A translation and what is wrong with it."""

    text: str
    problems: tuple[Problem, ...] = ()


def review(line: Line, text: str, *, source: str, target: str, terms: Sequence[Term] = ()) -> Attempt:
    """Look a translation over.

    Args:
        text: cleaned already.
        source, target: canonical BCP 47 tags.
        terms: of the glossary, for this line or for its whole batch.

    >>> line = Line(1, "We sold 12.", max_characters=8)
    >>> [problem.words for problem in review(line, "Hemos vendido algunos.", source="en", target="es").problems]
    ['Keep the number 12.', 'Say it in at most 8 characters; this has 22.']
    """
    if _is_untranslated(line.text, text, source=source, target=target, terms=terms):
        problems = [Problem("untranslated", f"Translate it into {name_language(target)}.")]
    else:
        found = find_mismatches(line.text, text, source=source, target=target, terms=terms)
        problems = [Problem(lost.kind, _WISHES[lost.kind].format(lost.expected)) for lost in found]
    if is_over_budget(text, line.max_characters):
        words = f"Say it in at most {line.max_characters} characters; this has {count_characters(text)}."
        problems.append(Problem("too_long", words))
    return Attempt(text, tuple(problems))


def choose_better(first: Attempt, second: Attempt) -> Attempt:
    """Choose between two attempts at one line: facts first, then the budget, then the shorter overshoot.

    >>> long, wrong = Attempt("Doce mil.", (Problem("too_long", "…"),)), Attempt("Mil.", (Problem("number", "…"),))
    >>> choose_better(wrong, long).text
    'Doce mil.'
    """
    return min(first, second, key=_rate)


def plan_revision(line: Line, best: Attempt, *, length_tries: int, fact_tries: int) -> Line | None:
    """Plan the next question about a line, if another is worth its price.

    Everything that is wrong is said, so that mending one thing does not keep another.

    Args:
        length_tries, fact_tries: questions so far whose attempt was too long, and whose attempt had lost a fact.

    Returns:
        The line with the attempt and what is wrong with it; None where nothing is, or the tries are used up.

    >>> best = Attempt("Hola a todo el mundo", (Problem("too_long", "Say it in at most 8 characters; this has 20."),))
    >>> plan_revision(Line(1, "Hi, all"), best, length_tries=3, fact_tries=0) is None
    True
    """
    is_too_long = "too_long" in list_flags(best)
    has_lost_facts = bool(_list_lost(best))
    if not ((is_too_long and length_tries < MAX_LENGTH_TRIES) or (has_lost_facts and fact_tries < MAX_FACT_TRIES)):
        return None
    return replace(line, previous=best.text, problem=" ".join(problem.words for problem in best.problems))


def list_flags(attempt: Attempt) -> tuple[ProblemKind, ...]:
    """List what kinds of problems remain, each once."""
    return tuple(dict.fromkeys(problem.kind for problem in attempt.problems))


def _rate(attempt: Attempt) -> tuple[bool, int, int]:
    flags = list_flags(attempt)
    overshoot = count_characters(attempt.text) if "too_long" in flags else 0
    return "untranslated" in flags, len(_list_lost(attempt)), overshoot


def _list_lost(attempt: Attempt) -> list[Problem]:
    return [problem for problem in attempt.problems if problem.kind != "too_long"]


def _is_untranslated(source_text: str, text: str, *, source: str, target: str, terms: Sequence[Term]) -> bool:
    """Whether a translation is the source again, apart from kept terms, names and numbers."""
    if get_base(source) == get_base(target) or split_folded(source_text) != split_folded(text):
        return False
    rest = replace_phrases(source_text, {term.term: " " for term in terms if term.wanted == term.term})
    words = _UNITS_OF_WRITING.findall(rest)
    ordinary = [word for word in words if not (word[0].isupper() or word[0].isdigit())]
    return len(words) >= MIN_UNTRANSLATED_WORDS and len(ordinary) >= MIN_UNTRANSLATED_WORDS // 2
