"""Word error rate: how much of a text is heard otherwise, when a dub is recognised again and compared with it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dubbing.fact_numbers import find_numbers
from dubbing.phrases import fold

_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, kana and Han."""


@dataclass(frozen=True, slots=True)
class WordErrors:
    """What a recogniser heard otherwise.

    Attributes:
        errors: words replaced, missing and added.
        words: that should be heard.
    """

    errors: int
    words: int

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(self.errors + other.errors, self.words + other.words)

    @property
    def rate(self) -> float:
        """Errors per word; above 1.0 when more was added than there are words."""
        return self.errors / max(1, self.words)


def measure_word_error_rate(reference: str, hypothesis: str, language: str | None = None) -> float:
    """Measure wrong, missing and added words per word of the reference.

    Case, punctuation and hyphens do not count; accents do, because they are part of the words. An empty reference
    counts as one word, so that the answer stays finite.

    Args:
        reference: what should be heard.
        hypothesis: what is heard.
        language: canonical tag of both; with it a number counts the same in words and in digits.

    Returns:
        0.0 for the same words; above 1.0 when more was added than the reference has words.

    Source: Levenshtein distance over words, as in NIST's sclite. Time is the product of the two lengths.

    >>> measure_word_error_rate("He was not an ill-disposed young man.", "he was an ill disposed, young man")
    0.125
    >>> measure_word_error_rate("Costó doscientos cinco euros.", "costó 205 euros", "es")
    0.0
    """
    return count_word_errors(reference, hypothesis, language).rate


def count_word_errors(reference: str, hypothesis: str, language: str | None = None) -> WordErrors:
    """Count what `measure_word_error_rate` measures."""
    wanted, heard = split_words(reference, language), split_words(hypothesis, language)
    return WordErrors(_measure_distance(wanted, heard), len(wanted))


def split_words(text: str, language: str | None = None) -> list[str]:
    """Split text into words as they count for the error rate.

    In a script without spaces between words each letter counts as one, with the marks that hang on it; error rates of
    Chinese, Japanese and Thai are those of characters everywhere.

    Args:
        language: canonical tag; with it a number is one word, whether it is written in words or in digits.

    >>> split_words("It’s “Olá”, twenty-one!")
    ["it's", 'olá', 'twenty', 'one']
    >>> split_words("It’s twenty-one!", "en"), split_words("हिन्दी में। 東京へ")
    (["it's", '21'], ['हिन्दी', 'में', '東', '京', 'へ'])
    """
    plain = unicodedata.normalize("NFC", text).casefold().replace("’", "'")
    return list(_read_words(_write_digits(plain, language) if language else plain))


def _write_digits(plain: str, language: str) -> str:
    """Put digits in place of the numbers of a text."""
    folded = fold(plain)
    if len(folded) != len(plain):  # a letter that folds into two; the places of numbers are not known then
        return plain
    for number in reversed(find_numbers(folded, language)):
        # Of two readings of a separator the larger is the likelier: 1.500 is hardly ever one and a half.
        plain = f"{plain[: number.start]} {max(number.values).normalize():f} {plain[number.end :]}"
    return plain


def _read_words(plain: str) -> Iterator[str]:
    word = ""
    for at, letter in enumerate(plain):
        is_mark = unicodedata.category(letter)[0] == "M"
        is_spaceless = _SPACELESS.match(letter) is not None and not is_mark
        is_inside = letter == "'" and word and plain[at + 1 : at + 2].isalnum()
        is_letter = letter.isalnum() or (is_mark and word) or is_inside
        if word and (not is_letter or is_spaceless or (_SPACELESS.match(word) and not is_mark)):
            yield word
            word = ""
        if is_letter:
            word += letter
    if word:
        yield word


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
