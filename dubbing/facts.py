"""Facts of a source line that its translation must tell too: numbers, dates, units, currency, negation, names, terms.

Each check would rather miss a slip than see one that is not there: a false alarm costs a paid question and a flag on a
good line.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from dubbing.fact_dates import find_moments, find_swapped_names, is_moment_told
from dubbing.fact_names import list_lost_names
from dubbing.fact_negations import find_lost_negation
from dubbing.fact_numbers import Number, find_numbers, is_number_word, list_ordinals
from dubbing.fact_words import (
    CURRENCIES,
    LANGUAGES,
    NUMBER_WORDS,
    PARTS_OF_HOURS,
    ROUND_HOURS,
    SHAKY_UNITS,
    TIME_UNITS,
    UNITS,
)
from dubbing.languages import get_base
from dubbing.phrases import compile_words, find_phrases, fold, has_wording
from dubbing.translation_batches import Term

Kind = Literal["number", "date", "unit", "currency", "negation", "name", "glossary"]

MAX_WORDED = 10
"""Numbers up to this may be told without a number ("both", "a pair"). Source: house rule, from good translations."""

PARTS_IN_MINUTES = frozenset(map(Decimal, (15, 30, 45, 90)))
"""Minutes that may be told as quarters and halves of hours."""

_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|ere|eme|e|o|a|os)\b|[.](?= \w)")
_ATTACHED_BEFORE = re.compile(r"[^\W\d_][-.]?$|[/\d][.,:]?$")
_PERCENT = re.compile(r"\b(per|pour|por) (cent[oi]?|ciento?)\b")
_EVERYTHING = re.compile(r"\b(?:100|hundred|cien|cent|cento|cem|hundert)\s?(?:%|p(?:er|our|or)c[ei]\w+|prozent)")
_UNIT_IDIOM = re.compile(r"\b(?:six feet under|own two feet|two left feet|million miles)\b")
_HOUR_BEFORE = re.compile(r"\b(?:at|las|alle|dalle|as|das|um|bis|from|to|until|till) $")
_HOUR_AFTER = re.compile(r" ?(?:h\b|heures?\b|uhr\b|시|o'clock)")
_FORTNIGHT = re.compile(r" (?:jours|dias|giorni|tagen?)\b")
_PART_BEFORE = re.compile(r"\b(?:halb|viertel|viertel (?:vor|nach)|quarter (?:to|of|past)|half past) $")
_PART_AFTER = re.compile(r" (?:menos|moins|meno)\b")
_DECADE = re.compile(r"'?s\b")
_NATIVE_NUMERALS = re.compile("[一二三四五六七八九十百千万萬億亿兆两零백천만억]")
_LONGEST_WORD = 60
_ROMAN = re.compile(r"\b[ivxlc]{1,7}(?=e?\b)")
_ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A fact that a translation does not tell.

    Attributes:
        expected: as the source says it; the wanted wording of a term.
    """

    kind: Kind
    expected: str


def find_mismatches(
    source_text: str, translation: str, *, source: str, target: str, terms: Sequence[Term] = ()
) -> tuple[Mismatch, ...]:
    """Compare what a line and its translation tell.

    Args:
        source, target: canonical BCP 47 tags; what is not known of a language is not judged.
        terms: of the glossary; those that do not stand in this line are passed over.

    >>> find_mismatches("It costs $12.", "Cuesta 21 dólares.", source="en", target="es")
    (Mismatch(kind='number', expected='12'),)
    >>> find_mismatches("Twelve of us left at 5:30 pm.", "Salimos 12 a las 17:30.", source="en", target="es")
    ()
    """
    text, told = _fold_facts(source_text), _fold_facts(translation)
    here = find_phrases(source_text, [term.term for term in terms])
    found = [
        *(Mismatch("glossary", t.wanted) for t in terms if t.term in here and not has_wording(translation, t.wanted)),
        *(Mismatch("number", number) for number in _list_lost_numbers(text, told, source, target)),
        *(Mismatch("date", moment) for moment in _list_lost_moments(text, told, source, target)),
        *(Mismatch("unit", unit) for unit in _list_lost_units(text, told, source, target)),
        *(Mismatch("currency", currency) for currency in _list_lost(CURRENCIES, text, told, source, target)),
        *(Mismatch("name", n) for n in list_lost_names(source_text, translation, source=source, target=target)),
    ]
    if negation := find_lost_negation(text, told, source=source, target=target):
        found.append(Mismatch("negation", negation))
    return tuple(dict.fromkeys(found))


def _fold_facts(text: str) -> str:
    return _PERCENT.sub(r"\1\2", fold(text))


def _list_lost_moments(text: str, told: str, source: str, target: str) -> Iterator[str]:
    for moment in find_moments(text, source):
        if not is_moment_told(moment, told, target):
            yield text[moment.start : moment.end]
    yield from find_swapped_names(text, told, source=source, target=target)


def _list_lost_numbers(text: str, told: str, source: str, target: str) -> Iterator[str]:
    """List numbers that are gone; a small or vague one only where another number stands in its place."""
    answered = _list_values(told, target) | _list_romans(told)
    if compile_words(PARTS_OF_HOURS).search(told):
        answered |= PARTS_IN_MINUTES
    if compile_words(ROUND_HOURS).search(told):
        answered |= {Decimal(12)}
    known = _list_values(text, source)
    is_replaced = any(known.isdisjoint(_list_meanings(number, told)) for number in _list_evident(told, target))
    for number in find_numbers(_mask_moments(text, source), source):
        is_judged = number.is_sure and not (_is_code(number, text) or _is_told_otherwise(number, text))
        is_gone = is_judged and answered.isdisjoint(_list_meanings(number, text))
        if is_gone and (is_replaced or _must_stand(number, text, told, target)):
            yield text[number.start : number.end]


def _list_values(text: str, language: str) -> set[Decimal]:
    values = {value for number in find_numbers(text, language) for value in number.values}
    return values | {Decimal(value) for value in list_ordinals(text, language)}


def _list_meanings(number: Number, text: str) -> set[Decimal]:
    """List what a number may be in the other language: the year of a decade, an hour of the other clock."""
    meanings = set(number.values)
    if _DECADE.match(text, number.end):
        meanings |= {value % 100 for value in number.values if value < 10_000}
    if _HOUR_BEFORE.search(_get_before(text, number.start)) or _HOUR_AFTER.match(text, number.end):
        meanings |= {value + shift for value in number.values if value <= 24 for shift in (-12, 12)}
    return meanings


def _list_evident(told: str, target: str) -> Iterator[Number]:
    """List numbers that prove a change: neither codes nor parts of a time, nor words that mean other things too."""
    for number in find_numbers(_mask_moments(told, target), target):
        is_time = re.match(r"\s?(?:h\b|uhr|시)", told[number.end :])
        if number.is_sure and not (_is_code(number, told) or is_time or _is_told_otherwise(number, told)):
            yield number


def _is_told_otherwise(number: Number, text: str) -> bool:
    """Whether another number may be the right one: "halb elf" is 10:30, "quinze jours" are two weeks."""
    is_fortnight = number.values & {8, 14, 15} and _FORTNIGHT.match(text, number.end)
    return bool(
        is_fortnight or _PART_BEFORE.search(_get_before(text, number.start)) or _PART_AFTER.match(text, number.end)
    )


def _is_code(number: Number, text: str) -> bool:
    """Whether digits are part of a name, a fraction or a score such as "MP3", "24/7" or "COVID-19"."""
    if number.is_word:
        return False
    after = text[number.end : number.end + 8]
    has_letters = re.match(r"[^\W\d_]|[/:]\d", after) and not _ORDINAL.match(after) and not _is_measure(after)
    return bool(has_letters or _ATTACHED_BEFORE.search(_get_before(text, number.start)))


def _get_before(text: str, at: int) -> str:
    """Cut what stands before a place; never the whole text, which would be read again for each of its numbers."""
    return text[max(0, at - _LONGEST_WORD) : at]


def _is_measure(after: str) -> bool:
    return re.match(r"s\b|h\b|am\b|pm\b|[^\x00-\x7f]", after) is not None or any(
        compile_words(words).match(after) for table in (UNITS, TIME_UNITS, CURRENCIES) for words in _list_all(table)
    )


def _list_all(table: dict[str, dict[str, str]]) -> Iterator[str]:
    return (" ".join(names.values()) for names in table.values())


def _must_stand(number: Number, text: str, told: str, target: str) -> bool:
    value = min(number.values)
    after = text[number.end : number.end + 12]
    if get_base(target) not in NUMBER_WORDS:
        return value >= 100 and not _NATIVE_NUMERALS.search(told)
    if number.is_word:
        return value > MAX_WORDED
    is_everything = _EVERYTHING.match(text, number.start)
    is_place = _ORDINAL.match(after) and (value <= 20 or after[0] != ".")
    return value not in {0, 1, 2} and not (_DECADE.match(after) or is_everything or is_place)


def _list_romans(told: str) -> set[Decimal]:
    return {Decimal(_read_roman(match.group())) for match in _ROMAN.finditer(told)}


def _read_roman(letters: str) -> int:
    digits = [_ROMAN_DIGITS[letter] for letter in letters]
    return sum(-value if value < max(digits[at:]) else value for at, value in enumerate(digits))


def _mask_moments(text: str, language: str) -> str:
    for moment in find_moments(text, language):
        text = text[: moment.start] + " " * (moment.end - moment.start) + text[moment.end :]
    return text


def _list_lost_units(text: str, told: str, source: str, target: str) -> Iterator[str]:
    plain = _UNIT_IDIOM.sub("", _EVERYTHING.sub("", text))
    yield from _list_lost(UNITS, plain, told, source, target)
    lost = list(_list_lost(TIME_UNITS, text, told, source, target))
    known = {name for name, names in TIME_UNITS.items() if _find_counted(names, text, source)}
    if any(_find_counted(names, told, target) for name, names in TIME_UNITS.items() if name not in known):
        yield from lost


def _list_lost(table: dict[str, dict[str, str]], text: str, told: str, source: str, target: str) -> Iterator[str]:
    """List words of a table that count something in the source and have no like in the translation."""
    if get_base(target) not in LANGUAGES:
        return
    for names in table.values():
        word = _find_counted(names, text, source)
        if word and word not in SHAKY_UNITS and not compile_words(names[get_base(target)]).search(told):
            yield word


def _find_counted(names: dict[str, str], text: str, language: str) -> str | None:
    """Find a unit that stands beside a number."""
    for match in compile_words(names.get(get_base(language), "")).finditer(text):
        before = re.search(r"(\d|[^\W\d_]+)( ?|-)$", _get_before(text, match.start()))
        if text.startswith("'", match.end()):
            continue  # an article: "l'ora"
        is_sign_before = re.match(r" ?\d", text[match.end() :]) and not match.group().isalpha()
        if is_sign_before or (before and _counts(before[1], before[2], language)):
            return match.group()
    return None


def _counts(word: str, gap: str, language: str) -> bool:
    return word.isdigit() or (gap == " " and is_number_word(word, language))
