"""Numbers as texts tell them: digits with the separators of a language, number words, and both together.

Everything here works on folded text (`dubbing.phrases.fold`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from dubbing.fact_words import MAYBE_UNITS, MULTIPLIERS, NOT_ALWAYS_NUMBERS, NUMBER_LINKS, NUMBER_WORDS, ORDINALS
from dubbing.languages import get_base

_POINT_LANGUAGES = frozenset({"en", "zh", "yue", "ja", "ko", "he", "th", "hi"})
"""Languages that write 1,234.5; the others write 1.234,5 or 1 234,5. Spanish writes both, by country."""

_TOKEN = re.compile(r"\d+(?:[.,']\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*")
_SPACED_TOKEN = re.compile(r"\d{1,3}(?: \d{3})+(?![\d'])(?:[.,]\d+)?|" + _TOKEN.pattern)
_CHARACTER_TOKEN = re.compile(r"\d+(?:[.,']\d+)*|[^\W\d_]")
_WORD_GAP = re.compile(r"[ -](?:(?:oh|o|double|triple)[ -])*")
"""What stands between numbers that are said one by one, such as "nine one one" and "two oh four"."""

_SPOKEN_ZERO = re.compile(r"\boh?\b")
_MAX_DIGITS = 40
"""Longer rows of digits are no number that is worth a look."""

_ENGLISH_ORDINAL = re.compile(rf"(?:\b(twenty|thirty)[ -])?\b({'|'.join(ORDINALS['en'])})\b")
_GERMAN_ORDINAL = re.compile(r"\b(\w{3,}?)(?:s?te)[nrsm]?\b")
_COMPOUND_LANGUAGES = frozenset({"de", "it"})
_CHARACTER_LANGUAGES = frozenset({"ko", "ja", "zh"})


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text.

    Attributes:
        start, end: in the folded text.
        values: what it may mean; more than one where separators can be read in two ways.
        is_word: no digit in it.
        is_sure: neither a word that often means something else, such as "one" or a bare "thousand", nor one of several
            numbers in a row, which may be one that is said digit by digit.
    """

    start: int
    end: int
    values: frozenset[Decimal]
    is_word: bool
    is_sure: bool


@dataclass(frozen=True, slots=True)
class _Sum:
    """A number while its words are read: millions and more, thousands, and what is below."""

    total: Decimal = Decimal(0)
    section: Decimal = Decimal(0)
    current: Decimal = Decimal(0)

    def multiply(self, factor: int, *, by_characters: bool) -> "_Sum":
        if factor >= (10**4 if by_characters else 10**6):
            return _Sum(self.total + (self.section + self.current or Decimal(1)) * factor)
        if factor >= 10**3 or by_characters:
            return replace(self, section=self.section + (self.current or Decimal(1)) * factor, current=Decimal(0))
        return replace(self, current=(self.current or Decimal(1)) * factor)

    def get_value(self) -> Decimal:
        return self.total + self.section + self.current


@dataclass(frozen=True, slots=True)
class _Atom:
    """A word or a group of digits; either multiplies by ``factor`` or adds one of ``values``."""

    start: int
    end: int
    values: tuple[Decimal, ...] = ()
    factor: int = 0
    is_maybe_unit: bool = False
    is_word: bool = True
    is_sure: bool = True


def find_numbers(text: str, language: str) -> tuple[Number, ...]:
    """Find the numbers of a folded text, in order.

    >>> [sorted(map(int, n.values)) for n in find_numbers("two hundred and five, 1,234 and 3 million", "en")]
    [[205], [1234], [3000000]]
    >>> [sorted(map(str, n.values)) for n in find_numbers("dreiundzwanzig, 1.234,5 und 2 millionen", "de")]
    [['23'], ['1234.5'], ['2000000']]
    """
    base = get_base(language)
    runs: list[list[_Atom]] = []
    for atom in _read_atoms(text, base):
        if runs and _belongs(text, runs[-1], atom, base):
            runs[-1].append(atom)
        elif not (atom.factor and base in _CHARACTER_LANGUAGES):
            runs.append([atom])
    return _join_rows([_build_number(run, base) for run in runs], text)


def read_digits(text: str, language: str) -> tuple[Decimal, ...]:
    """Read a group of digits by the separators of a language, else by those of the others, else part by part.

    >>> read_digits("1.500", "de"), read_digits("1.500", "en"), read_digits("3.11.2026", "de")
    ((Decimal('1500'),), (Decimal('1.500'),), (Decimal('3'), Decimal('11'), Decimal('2026')))
    """
    base = get_base(language)
    point, comma = _read_form(text, ",' ", "."), _read_form(text, ".' ", ",")
    own, other = (point, comma) if base in _POINT_LANGUAGES else (comma, point)
    readings = own + other if base == "es" else own or other
    return tuple(dict.fromkeys(readings)) or tuple(map(Decimal, re.findall(r"\d+", text)))


def list_ordinals(text: str, language: str) -> frozenset[int]:
    """List what ordinals of a folded text may count; other languages date with plain numbers.

    >>> sorted(list_ordinals("the twenty-first of may, the third", "en")), list_ordinals("am dritten mai", "de")
    ([3, 21], frozenset({3}))
    """
    base = get_base(language)
    found: set[int | None] = set()
    if base == "en":
        pairs = _ENGLISH_ORDINAL.findall(text)
        found = {NUMBER_WORDS["en"].get(tens, 0) + ORDINALS["en"][unit] for tens, unit in pairs}
    elif base == "de":
        for stem in _GERMAN_ORDINAL.findall(text):
            found |= {_find_word_value(stem, base), ORDINALS["de"].get(stem + "t")}
    return frozenset(value for value in found if value)


def is_number_word(word: str, language: str) -> bool:
    """Whether a folded word is a number that can count something; "one" is not, being an article in most languages."""
    base = get_base(language)
    value = _find_word_value(word, base)
    return word in MULTIPLIERS.get(base, {}) or (value is not None and value > 1)


def _read_form(text: str, groups: str, point: str) -> tuple[Decimal, ...]:
    grouped = re.fullmatch(rf"\d{{1,3}}(?:[{groups}]\d{{3}})+(?:[{point}]\d+)?", text)
    if not grouped and not re.fullmatch(rf"\d+(?:[{point}]\d+)?", text):
        return ()
    return (Decimal(re.sub(rf"[{groups}]", "", text).replace(point, ".")),)


def _read_atoms(text: str, base: str) -> Iterator[_Atom]:
    token = _CHARACTER_TOKEN if base in _CHARACTER_LANGUAGES else _TOKEN if base == "en" else _SPACED_TOKEN
    for match in token.finditer(text):
        yield from _read_token(match.group(), match.start(), base, text)


def _read_token(token: str, start: int, base: str, text: str) -> Iterator[_Atom]:
    end = start + len(token)
    if token[0].isdigit():
        yield _Atom(start, end, read_digits(token, base), is_word=False)
        return
    value, factor = _find_word_value(token, base), MULTIPLIERS.get(base, {}).get(token, 0)
    if factor and (token not in {"k", "m"} or text[start - 1 : start].isdigit()):
        is_attached = text[start - 1 : start].isdigit()
        yield _Atom(start, end, factor=factor, is_maybe_unit=is_attached or token in MAYBE_UNITS.get(base, ()))
    elif value is not None:
        is_sure = value > 1 and token not in NOT_ALWAYS_NUMBERS[base]
        yield _Atom(start, end, (Decimal(value),), is_sure=is_sure)
    elif "-" in token:
        for part in re.finditer(r"[^-]+", token.replace("quatre-vingt", "quatre_vingt")):
            yield from _read_token(part.group().replace("_", "-"), start + part.start(), base, text)


@lru_cache(maxsize=4096)
def _find_word_value(word: str, base: str) -> int | None:
    words = NUMBER_WORDS.get(base, {})
    if word in words or base not in _COMPOUND_LANGUAGES:
        return words.get(word)
    parts = _split_compound(word, base)
    total = _Sum()
    for part in parts:
        factor = MULTIPLIERS[base].get(part, 0)
        if factor:
            total = total.multiply(factor, by_characters=False)
        else:
            total = replace(total, current=total.current + words.get(part, 0))
    return int(total.get_value()) if parts else None


def _split_compound(word: str, base: str) -> list[str]:
    """Take a fused number such as "zweihundertdreiundzwanzig" or "ventuno" apart; nothing where it is no number."""
    return _compile_compound(base).findall(word) if _compile_compound(base, whole=True).fullmatch(word) else []


@lru_cache(maxsize=8)
def _compile_compound(base: str, *, whole: bool = False) -> re.Pattern[str]:
    parts = [*NUMBER_WORDS[base], *(word for word, factor in MULTIPLIERS[base].items() if factor <= 10**3)]
    links = [NUMBER_LINKS[base]] if base == "de" else []
    pattern = "|".join(sorted([*parts, *links], key=len, reverse=True))
    return re.compile(f"(?:{pattern}){{2,12}}" if whole else pattern)


def _belongs(text: str, run: list[_Atom], atom: _Atom, base: str) -> bool:
    gap = text[run[-1].end : atom.start]
    is_linked = gap.strip() == NUMBER_LINKS.get(base)
    if gap.strip(" -") and not is_linked:
        return False
    if atom.factor:
        return not is_linked and atom.factor != run[-1].factor
    if not atom.is_word:
        return base in _CHARACTER_LANGUAGES and bool(run[-1].factor)
    return run[-1].is_word and _can_add(run, atom.values[0], base)


def _can_add(run: list[_Atom], value: Decimal, base: str) -> bool:
    """Whether a number goes on with a word: "twenty five" does, "five twenty" does not."""
    last = run[-1]
    if last.factor:
        return value < last.factor
    before = last.values[0]
    if before >= 100:
        return before % 100 == 0 and value < 100
    is_french = base == "fr" and ((before in {60, 80} and value < 20) or (before == 10 and 7 <= value <= 9))
    return is_french or (before >= 20 and before % 10 == 0 and 0 < value < 10)


def _build_number(run: list[_Atom], base: str) -> Number:
    by_characters = base in _CHARACTER_LANGUAGES
    sums = [_Sum()]
    for atom in run:
        if atom.factor:
            sums = [each.multiply(atom.factor, by_characters=by_characters) for each in sums]
        else:
            sums = [replace(each, current=each.current + value) for each in sums for value in atom.values]
    values = {each.get_value() for each in sums}
    if len(run) > 1 and run[-1].is_maybe_unit:  # "5m" may be metres, "4K" a kind of picture
        values |= _build_number(run[:-1], base).values
    is_bare = all(atom.factor or 1 in atom.values for atom in run) and run[0].is_word
    is_sure = (len(run) > 1 or run[0].is_sure) and not is_bare
    return Number(run[0].start, run[-1].end, frozenset(values), all(atom.is_word for atom in run), is_sure)


def _join_rows(numbers: list[Number], text: str) -> tuple[Number, ...]:
    """Let numbers in a row also be what their digits make: 911 of "nine one one", 1984 of "nineteen eighty-four".

    Only a year is sure then.
    """
    rows: list[list[Number]] = []
    for number in numbers:
        if rows and _is_next(rows[-1][-1], number, text):
            rows[-1].append(number)
        else:
            rows.append([number])
    return tuple(joined for row in rows for joined in _join_row(row, text))


def _is_next(last: Number, number: Number, text: str) -> bool:
    gap = text[last.end : number.start]
    return last.is_word == number.is_word and (gap == " " or (last.is_word and bool(_WORD_GAP.fullmatch(gap))))


def _join_row(row: list[Number], text: str) -> Iterator[Number]:
    if len(row) == 1:
        yield row[0]
        return
    firsts = [min(number.values) for number in row]
    is_year = row[0].is_word and len(row) == 2 and 13 <= firsts[0] <= 20 and 10 <= firsts[1] <= 99
    gaps = ["", *(text[last.end : number.start] for last, number in pairwise(row))]
    digits = "".join(
        "0" * len(_SPOKEN_ZERO.findall(gap)) + f"{value:.0f}" for gap, value in zip(gaps, firsts, strict=True)
    )
    whole = {Decimal(digits[:_MAX_DIGITS])}
    if len(row) == 2 and firsts[1] < 100 and not is_year:
        whole.add(firsts[0] + firsts[1] / 100)  # a price or a height: "eleven ninety-nine", "uno ochenta"
    for number in row:
        yield replace(number, values=number.values | whole, is_sure=is_year)
