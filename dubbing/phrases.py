"""Finding given words in a text, whatever their case, accents and script: for the glossary and the check of facts."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

_LATIN_ACCENTS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = (
    "\u0590-\u08ff\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
)
"""Scripts in which a word's edge cannot be seen: Thai, Lao, Burmese, Khmer, kana and Han have no spaces; in Hebrew,
Arabic and Hangul particles hang on the word; the vowel signs of India's scripts are no letters to Python."""

_UNSPACED_SCRIPT = re.compile(f"[{_UNSPACED}]")
_NO_LETTER_BEFORE = rf"(?<![^\W_{_UNSPACED}])"
_NO_LETTER_AFTER = rf"(?![^\W_{_UNSPACED}])"

STEM_LETTERS = 4
"""Letters that inflection leaves alone, at least. Source: house rule; shorter stems are found in any text."""

MAX_ENDING_LETTERS = 2
"""Letters at the end of a word that inflection may change. Source: plurals and cases of the Romance languages and
of German."""


def fold(text: str) -> str:
    """Reduce text to what is compared: no case, no accents, plain digits, one kind of apostrophe and space.

    >>> fold("L’ÉTÉ\u00a0２０２６")
    "l'ete 2026"
    """
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return unicodedata.normalize("NFC", _LATIN_ACCENTS.sub("", plain))


def split_folded(text: str) -> list[str]:
    """Split text into folded words.

    >>> split_folded("Él dijo: «¡Sí!»")
    ['el', 'dijo', 'si']
    """
    return _WORD.findall(fold(text))


def is_unspaced(text: str) -> bool:
    """Whether a text has letters of a script in which words do not stand apart."""
    return bool(_UNSPACED_SCRIPT.search(text))


def find_phrases(text: str, phrases: Iterable[str]) -> frozenset[str]:
    """Tell which phrases stand in a text as whole words; a phrase inside a longer one of them does not count.

    Case does not matter. In a script without spaces a phrase may stand anywhere.

    >>> sorted(find_phrases("A double take, then SQL를.", ["take", "Double take", "sql", "able"]))
    ['Double take', 'sql']
    """
    by_key = {_find_key(phrase): phrase for phrase in phrases}
    pattern = _compile(by_key)
    keys = (_find_key(match.group()) for match in pattern.finditer(unicodedata.normalize("NFC", text)))
    return frozenset(by_key[key] for key in keys if key in by_key)


def replace_phrases(text: str, replacements: Mapping[str, str]) -> str:
    """Put other words in place of phrases that stand in a text as whole words; what was put in is not looked at again.

    >>> replace_phrases("SQL, not MySQL", {"sql": "sequel", "sequel": "SQL"})
    'sequel, not MySQL'
    """
    by_key = {_find_key(phrase): replacement for phrase, replacement in replacements.items()}
    pattern = _compile(by_key)
    return pattern.sub(
        lambda match: by_key.get(_find_key(match.group()), match.group()), unicodedata.normalize("NFC", text)
    )


def has_wording(text: str, wanted: str) -> bool:
    """Whether a wording stands in a text, inflected or inside a compound.

    Words of a wording that are too short to have a stem only count where it has no others. In scripts without spaces
    the wording itself must be there.

    >>> has_wording("Las tomas buenas", "buena toma"), has_wording("Die Sprachmodelle", "Modell")
    (True, True)
    >>> has_wording("tomate", "toma dos"), has_wording("Otra vez", "toma")
    (True, False)
    """
    if is_unspaced(wanted):
        return "".join(fold(wanted).split()) in "".join(fold(text).split())
    said = split_folded(text)
    words = split_folded(wanted)
    long_words = [word for word in words if len(word) >= STEM_LETTERS]
    if long_words:
        return all(any(find_stem(word) in other for other in said) for word in long_words)
    return all(any(_starts_with_short(other, word) for other in said) for word in words)


@lru_cache(maxsize=2048)
def compile_words(words: str) -> re.Pattern[str]:
    """Match any of the given words in a folded text.

    Args:
        words: folded, with spaces between them; one that ends in ``*`` matches every word that begins so.

    >>> compile_words("km kilometro*").findall("5km, 6 kilometros, 7 kms")
    ['km', 'kilometros']
    """
    return re.compile("|".join(map(_write_word, sorted(words.split(), key=len, reverse=True))) or "(?!)")


def _write_word(word: str) -> str:
    if is_unspaced(word):
        return re.escape(word)
    stem = word.removesuffix("*")
    before = r"(?<![^\W\d_])"
    after = r"[^\W\d_]*" if word != stem else r"(?![^\W\d_])" if stem[-1] not in "%$€£" else ""
    return before + re.escape(stem) + after


def find_stem(word: str) -> str:
    """Cut the letters off a folded word that inflection may change.

    >>> find_stem("maquinas"), find_stem("toma")
    ('maquin', 'toma')
    """
    return word[: max(STEM_LETTERS, len(word) - MAX_ENDING_LETTERS)]


def _starts_with_short(word: str, short: str) -> bool:
    return word.startswith(short) and (len(word) <= len(short) + MAX_ENDING_LETTERS or is_unspaced(word))


def _compile(keys: Iterable[str]) -> re.Pattern[str]:
    """Match any of the keys, the longest first; nothing where there are none."""
    longest_first = sorted(filter(None, keys), key=len, reverse=True)
    return re.compile("|".join(map(_write_pattern, longest_first)) or r"(?!)", re.IGNORECASE)


def _write_pattern(key: str) -> str:
    before = _NO_LETTER_BEFORE if _has_edge(key[0]) else ""
    after = _NO_LETTER_AFTER if _has_edge(key[-1]) else ""
    return before + re.escape(key).replace(r"\ ", r"\s+") + after


def _has_edge(character: str) -> bool:
    return character.isalnum() and not is_unspaced(character)


def _find_key(phrase: str) -> str:
    return " ".join(unicodedata.normalize("NFC", phrase).lower().split())
