"""Cutting a text that is too long for one reading."""

import re

_CLOSERS = r"[\"'”’»)\]」』】）]*"

# Where words have space between them, a mark without space behind it is inside a number, an abbreviation or a name.
_PLACES = (
    re.compile(rf"(?<=[.!?…।؟۔]){_CLOSERS}\s+|(?<=[。！？]){_CLOSERS}\s*"),
    re.compile(r"(?<=[,;:–،؛])\s+|(?<=[—，、；：])\s*"),
    re.compile(r"\s+"),
)
"""Where to cut, best first: behind a sentence, behind a clause, between words."""


def split_text(text: str, limit: int) -> tuple[str, ...]:
    """Cut a text into parts of at most so many characters: at sentences, else clauses, else words, else anywhere.

    Args:
        limit: characters, > 0.

    Returns:
        The parts in order, without space around them; nothing but space is lost.

    >>> split_text("One two. Three four.", 10)
    ('One two.', 'Three', 'four.')
    """
    rest, parts = text.strip(), []
    while len(rest) > limit:
        cut = _choose_cut(rest[: limit + 1], limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return tuple(part for part in (*parts, rest) if part)


def _choose_cut(start: str, limit: int) -> int:
    """Choose where to cut, given as much of the text as matters: one character more than fits."""
    for place in _PLACES:
        cuts = [match.end() for match in place.finditer(start) if len(start[: match.end()].rstrip()) <= limit]
        if cuts:
            return cuts[-1]
    return limit
