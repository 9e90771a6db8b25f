"""Batches of lines for a translator, and what of its answer may be trusted. An answer is hostile input."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dubbing.glossary import Glossary, list_terms
from dubbing.translation_batches import Batch, Line, ReplyLine, Term

CONTEXT_LINES = 3
"""Source lines given before and after a batch. Source: house rule; enough to know who and what is spoken of."""

MAX_GROWTH = 4
"""A translation longer than so many times its source is no translation. Source: house rule; Chinese into German
measures about 3."""

MAX_GROWTH_CHARACTERS = 100
"""Characters granted on top of ``MAX_GROWTH``, for sources of a word or two. Source: house rule."""

_JOINERS = frozenset("\u200c\u200d")
"""Invisible characters that belong to the spelling of Persian, Hindi and others."""


@dataclass(frozen=True, slots=True)
class ReplyVerdict:
    """What of an answer is used.

    Attributes:
        accepted: cleaned texts by the number of their line.
        missing: numbers asked for and not answered in a usable way, in order of the batch.
        foreign: answered lines that nobody asked for; ignored.
    """

    accepted: Mapping[int, str]
    missing: tuple[int, ...]
    foreign: int = 0


def plan_batches(
    lines: Sequence[Line], script: Mapping[int, str], *, source: str, target: str, max_lines: int, glossary: Glossary
) -> tuple[Batch, ...]:
    """Group lines into calls, in order of their numbers.

    Args:
        lines: those to translate, each number once.
        script: source text of every segment by number, translated already or not.
        max_lines: most lines of one call, > 0.

    Raises:
        ValueError: a number that comes twice, or no room for a line.
    """
    ordered = sorted(lines, key=lambda line: line.number)
    if max_lines < 1 or len({line.number for line in ordered}) < len(ordered):
        raise ValueError("a batch has room for a line, and a line stands in one batch only")
    chunks = (tuple(ordered[at : at + max_lines]) for at in range(0, len(ordered), max_lines))
    return tuple(_build_batch(chunk, script, source=source, target=target, glossary=glossary) for chunk in chunks)


def halve(batch: Batch, script: Mapping[int, str], glossary: Glossary) -> tuple[Batch, Batch]:
    """Make two calls of one, each with the context and the terms of its own lines.

    Raises:
        ValueError: a batch of fewer than two lines.
    """
    if len(batch.lines) < 2:
        raise ValueError("a batch of one line cannot be halved")
    middle = (len(batch.lines) + 1) // 2
    first, second = (
        _build_batch(lines, script, source=batch.source, target=batch.target, glossary=glossary)
        for lines in (batch.lines[:middle], batch.lines[middle:])
    )
    return first, second


def assess_reply(batch: Batch, reply: Sequence[ReplyLine]) -> ReplyVerdict:
    r"""Take from an answer the lines that were asked for and can be used.

    A number answered twice with different texts, a text without words for a source that has some, and one that is
    absurdly long are not used. No text is ever given to another line than the answer names.

    >>> batch = Batch("en", "es", (Line(1, "Hello."), Line(2, "Bye.")))
    >>> assess_reply(batch, [ReplyLine(1, " Hola.\n"), ReplyLine(7, "Nada.")])
    ReplyVerdict(accepted={1: 'Hola.'}, missing=(2,), foreign=1)
    """
    asked = {line.number: line.text for line in batch.lines}
    answers: dict[int, set[str]] = {}
    for answer in reply:
        if answer.number in asked:
            answers.setdefault(answer.number, set()).add(clean_text(answer.text))
    accepted = {
        number: text
        for number, source_text in asked.items()
        for text in answers.get(number, ())
        if len(answers[number]) == 1 and _is_usable(text, source_text)
    }
    return ReplyVerdict(
        accepted=accepted,
        missing=tuple(number for number in asked if number not in accepted),
        foreign=sum(answer.number not in asked for answer in reply),
    )


def clean_text(text: str) -> str:
    r"""Make one line of plain text of an answer.

    Control characters and line breaks become spaces; surrogates, private characters and marks that nobody sees are
    dropped.

    >>> clean_text(" Hola,\r\n\u202emundo\ud800\x00! ")
    'Hola, mundo !'
    """
    return " ".join(unicodedata.normalize("NFC", "".join(map(_clean_character, text))).split())


def _clean_character(character: str) -> str:
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category in {"Cf", "Cs", "Co", "Cn"}:
        return ""
    return " " if category[0] in "CZ" else character


def _is_usable(text: str, source_text: str) -> bool:
    has_words = any(character.isalnum() for character in text) or not any(c.isalnum() for c in source_text)
    return has_words and len(text) <= MAX_GROWTH * len(source_text) + MAX_GROWTH_CHARACTERS


def _build_batch(
    lines: tuple[Line, ...], script: Mapping[int, str], *, source: str, target: str, glossary: Glossary
) -> Batch:
    numbers = sorted(script)
    before = [number for number in numbers if number < lines[0].number][-CONTEXT_LINES:]
    after = [number for number in numbers if number > lines[-1].number][:CONTEXT_LINES]
    terms: dict[Term, None] = {term: None for line in lines for term in list_terms(glossary, line.text, target)}
    return Batch(
        source,
        target,
        lines,
        before=tuple(script[number] for number in before),
        after=tuple(script[number] for number in after),
        glossary=tuple(sorted(terms, key=lambda term: term.term.casefold())),
    )
