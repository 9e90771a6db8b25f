"""Sentences as small translation models want them: one at a time, never endless, nothing invisible inside."""

import re
import unicodedata

MAX_SENTENCE_CHARACTERS = 300
"""Longest stretch translated at once. The tiny models lose the thread, and their time is quadratic, beyond that."""

_CLOSERS = re.escape("\"'”’»)]")
_SENTENCE_END = re.compile(rf"([.!?…]+)[{_CLOSERS}]*\s+")

_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[^\W\d_]|Mr|Mrs|Ms|Mme|Mlle|Dr|Dra|Prof|St|Jr|Sr|Sra|Srta|Sig|Dott|Lt|Col|Gen|Capt|Rev|Hon|No|Nº|Vol"
    r"|Fig|vs|e\.g|i\.e|approx|Mt|pág|Av|Ave)$",
    re.IGNORECASE,
)
"""What a full stop can follow without ending a sentence: a title, a short form, a single letter."""

_CUTS = (re.compile(r"(?<=[,;:])\s+"), re.compile(r"\s+"))
"""Where a sentence that is too long is cut: at clauses, else at words."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_JOINERS = frozenset("\u200c\u200d")
"""Invisible, yet part of the spelling of Persian and of Indian languages."""


def clean_text(text: str) -> str:
    r"""Turn control characters and white space into single spaces and drop what else cannot be seen or said.

    >>> clean_text("one\x00\n\n two\u200b")
    'one two'
    """
    visible = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category not in _UNSEEN or character in _JOINERS:
            visible.append(character)
        elif category == "Cc":
            visible.append(" ")
    return " ".join("".join(visible).split())


def has_words(text: str) -> bool:
    """Tell whether there is anything to translate or say: a letter or a digit."""
    return any(map(str.isalnum, text))


def split_sentences(text: str) -> list[str]:
    """Split cleaned text into sentences of at most `MAX_SENTENCE_CHARACTERS`; joined by spaces they give it back.

    >>> split_sentences("Mr. J. Dashwood left. “Why?” Nobody knew!")
    ['Mr. J. Dashwood left.', '“Why?”', 'Nobody knew!']
    """
    sentences: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        if _ends_sentence(text[start : end.start()], end.group(1), text[end.end() :]):
            sentences.append(text[start : end.end()].strip())
            start = end.end()
    sentences.append(text[start:])
    return [piece for sentence in sentences if sentence for piece in _split_long(sentence, _CUTS)]


def _ends_sentence(before: str, marks: str, after: str) -> bool:
    if marks == "." and _ABBREVIATION.search(before):
        return False
    first = next(filter(str.isalnum, after), "")
    return not first.islower()


def _split_long(text: str, cuts: tuple[re.Pattern[str], ...]) -> list[str]:
    """Cut a text that is too long where it hurts least; a word without end is cut anywhere."""
    if len(text) <= MAX_SENTENCE_CHARACTERS:
        return [text]
    if not cuts:
        return [text[i : i + MAX_SENTENCE_CHARACTERS] for i in range(0, len(text), MAX_SENTENCE_CHARACTERS)]
    pieces: list[str] = []
    for atom in cuts[0].split(text):
        if pieces and len(pieces[-1]) + 1 + len(atom) <= MAX_SENTENCE_CHARACTERS:
            pieces[-1] += f" {atom}"
        else:
            pieces.append(atom)
    return [part for piece in pieces for part in _split_long(piece, cuts[1:])]
