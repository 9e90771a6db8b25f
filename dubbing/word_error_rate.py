"""Word error rate: how much of a text is heard otherwise, when a dub is recognised again and compared with it."""

import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def measure_word_error_rate(reference: str, hypothesis: str) -> float:
    """Measure wrong, missing and added words per word of the reference.

    Case, punctuation and hyphens do not count; accents do, because they are part of the words. An empty reference
    counts as one word, so that the answer stays finite.

    Args:
        reference: what should be heard.
        hypothesis: what is heard.

    Returns:
        0.0 for the same words; above 1.0 when more was added than the reference has words.

    Source: Levenshtein distance over words, as in NIST's sclite. Time is the product of the two lengths.

    >>> measure_word_error_rate("He was not an ill-disposed young man.", "he was an ill disposed, young man")
    0.125
    """
    wanted, heard = split_words(reference), split_words(hypothesis)
    return _measure_distance(wanted, heard) / max(1, len(wanted))


def split_words(text: str) -> list[str]:
    """Split text into words as they count for the error rate.

    >>> split_words("It’s “Olá”, twenty-one!")
    ["it's", 'olá', 'twenty', 'one']
    """
    plain = unicodedata.normalize("NFC", text).casefold().replace("’", "'")
    return _WORD.findall(plain)


def _measure_distance(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Count the fewest words to replace, add or take away to get from one text to the other."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(wanted, start=1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(heard, start=1):
            replaced = diagonal + (word != other)
            diagonal = row[column]
            row[column] = min(replaced, row[column] + 1, row[column - 1] + 1)
    return row[-1]
