"""What a translator is asked and what it answers: lines by number, some at a time, with what is said around them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line to translate.

    Attributes:
        number: of the segment.
        max_characters: as many as fit into its slot; None where nothing limits it.
        previous: an earlier translation that is to be mended.
        problem: what is wrong with it, in words for the translator.
    """

    number: int
    text: str
    max_characters: int | None = None
    previous: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """A glossary entry as it applies to one target language.

    Attributes:
        term: as it stands in the source.
        wanted: what must stand in the translation; the term itself where it is kept.
    """

    term: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One call: lines of one language pair.

    Attributes:
        before, after: source lines around them, for context only.
        glossary: the entries whose term stands in one of the lines.
    """

    source: str
    target: str
    lines: tuple[Line, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    glossary: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """A line as the translator gave it back."""

    number: int
    text: str
