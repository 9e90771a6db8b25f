"""Dates and times of day in a source line, and whether a translation still tells them.

Everything here works on folded text (`dubbing.phrases.fold`). The order of a date and the 12 or 24 hour clock may
change; what the parts are may not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from dubbing.fact_numbers import find_numbers, list_ordinals
from dubbing.fact_words import LANGUAGES, MONTHS, NUMBER_WORDS, PARTS_OF_HOURS, ROUND_HOURS, WEEKDAYS
from dubbing.languages import get_base
from dubbing.phrases import compile_words

_CLOCK = re.compile(
    r"(?<![\d.,:/])(?P<h1>\d{1,2}):(?P<m1>\d{2})(?::\d{2})?(?!\d)(?:\s*(?P<half1>[ap])\.?m\b\.?)?(?:\s*(?:uhr|h)\b)?"
    r"|(?<![\d.,:/])(?P<h2>\d{1,2})(?:\.(?P<m2>\d{2}))?\s*(?P<half2>[ap])\.?m\b\.?"
    r"|(?<![\d.,:/])(?P<h3>\d{1,2})\s*h\s*(?P<m3>\d{2})\b"
    r"|(?<![\d.,:/])(?P<h4>\d{1,2})(?:\.(?P<m4>\d{2}))?\s*uhr\b(?:\s*(?P<m5>\d{2})\b)?"
    r"|(?<![\d.,:/])(?P<h5>\d{1,2})\s*o'clock"
    r"|\b(?:alle|dalle|ore|um)\s(?P<h6>\d{1,2})\.(?P<m6>\d{2})(?![\d.,]*\d)"
)
_ISO_DATE = re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?!\d)")
_LOCAL_DATE = re.compile(r"(?<![\d./])(?P<one>\d{1,2})([./])(?P<two>\d{1,2})\2(?P<year>\d{4}|\d{2})(?![\d/])")
_EASTERN_DATE = re.compile(
    r"(?:(?P<year>\d{4})[년年] ?)?(?<!\d)(?P<month>\d{1,2})[월月](?: ?(?P<day>\d{1,2})[일日号])?"
)
_MAY_BE_OTHER_WORDS = frozenset({"may", "march", "mars", "marz", "mar", "mai", "jan", "sep", "dec"})


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or a time of day in a text.

    Attributes:
        start, end: in the folded text.
        hours, minute: of a time; the hours it may be told by.
        day, month, year: of a date, as far as told.
        either: day and month of a date whose order is not known.
    """

    start: int
    end: int
    hours: frozenset[int] = frozenset()
    minute: int = 0
    day: int | None = None
    month: int | None = None
    year: int | None = None
    either: tuple[int, ...] = ()


def find_moments(text: str, language: str) -> tuple[Moment, ...]:
    """Find dates and times that are told with digits.

    >>> [(m.day, m.month, m.year, sorted(m.hours)) for m in find_moments("on march 3rd, 2026 at 5:30 pm", "en")]
    [(3, 3, 2026, []), (None, None, None, [5, 17])]
    """
    moments: list[Moment] = []
    for moment in (*_find_dates(text, get_base(language)), *_find_times(text)):
        if all(moment.end <= other.start or other.end <= moment.start for other in moments):
            moments.append(moment)
    return tuple(sorted(moments, key=lambda moment: moment.start))


def is_moment_told(moment: Moment, translation: str, target: str) -> bool:
    """Whether a folded translation tells the same date or time, as far as that can be judged.

    >>> afternoon = find_moments("at 5:30 pm", "en")[0]
    >>> [is_moment_told(afternoon, told, "fr") for told in ("a 17 h 30", "a cinq heures et demie", "a 17 h 45")]
    [True, True, False]
    """
    told = _list_integers(translation, target)
    if not any(map(str.isdigit, translation)) and get_base(target) not in NUMBER_WORDS:
        return True  # numerals of a script that is not read here
    if moment.hours:
        return _is_time_told(moment, told, translation)
    day_and_month = all(part in told or _has_month(part, translation, target) for part in moment.either)
    return (
        day_and_month
        and (moment.day in (None, 1) or moment.day in told)
        and (moment.month is None or _has_month(moment.month, translation, target) or moment.month in told)
        and (moment.year is None or any(moment.year % 100 == number % 100 for number in told))
    )


def find_swapped_names(text: str, translation: str, *, source: str, target: str) -> tuple[str, ...]:
    """List months and weekdays that became others; one that is only left out is not judged.

    >>> find_swapped_names("see you on tuesday", "nos vemos el lunes", source="en", target="es")
    ('tuesday',)
    """
    swapped: list[str] = []
    for table in (WEEKDAYS, MONTHS):
        told = {name for name in table if _find_name(table[name], translation, target)}
        asked = {name: _find_name(table[name], text, source) for name in table}
        if told - {name for name, word in asked.items() if word}:
            swapped += [
                word for name, word in asked.items() if word and name not in told and word not in _MAY_BE_OTHER_WORDS
            ]
    return tuple(swapped)


def _find_dates(text: str, base: str) -> Iterator[Moment]:
    for match in _ISO_DATE.finditer(text):
        year, month, day = (int(match[part]) for part in ("year", "month", "day"))
        if 1 <= month <= 12 and 1 <= day <= 31:
            yield Moment(*match.span(), day=day, month=month, year=year)
    for match in _LOCAL_DATE.finditer(text):
        one, two = int(match["one"]), int(match["two"])
        if 1 <= one <= 31 and 1 <= two <= 31 and min(one, two) <= 12:
            yield Moment(*match.span(), year=int(match["year"]), either=(one, two))
    for match in _EASTERN_DATE.finditer(text):
        if 1 <= int(match["month"]) <= 12:
            yield _build_date(match, int(match["month"]), match["day"])
    if base in LANGUAGES and base != "ko":
        for match in _compile_named_date(base).finditer(text):
            told_day = match["day1"] or match["day2"]
            if told_day or match["year"]:
                yield _build_date(match, _number_months(base)[match["month"]], told_day)


def _build_date(match: re.Match[str], month: int, day: str | None) -> Moment:
    """Build a date; what can be no day of a month is left out."""
    told_day = int(day) if day and 1 <= int(day) <= 31 else None
    return Moment(*match.span(), day=told_day, month=month, year=int(match["year"]) if match["year"] else None)


def _find_times(text: str) -> Iterator[Moment]:
    for match in _CLOCK.finditer(text):
        hour = next(int(match[name]) for name in ("h1", "h2", "h3", "h4", "h5", "h6") if match[name])
        minute = next((int(match[name]) for name in ("m1", "m2", "m3", "m4", "m5", "m6") if match[name]), 0)
        if hour <= 24 and minute < 60:
            yield Moment(*match.span(), hours=_list_hours(hour, match["half1"] or match["half2"]), minute=minute)


def _list_hours(hour: int, half: str | None) -> frozenset[int]:
    short = hour % 12
    morning = {short, 12, 24} if short == 0 else {short}
    afternoon = {12} if short == 0 else {short, short + 12}
    return frozenset(morning if half == "a" else afternoon if half == "p" else morning | afternoon)


def _is_time_told(moment: Moment, told: frozenset[int], translation: str) -> bool:
    if compile_words(PARTS_OF_HOURS).search(translation):
        return True
    if moment.hours & {0, 12} and not moment.minute and compile_words(ROUND_HOURS).search(translation):
        return True
    return bool(moment.hours & told) and (not moment.minute or moment.minute in told)


def _list_integers(translation: str, target: str) -> frozenset[int]:
    digits = frozenset(map(int, re.findall(r"\d{1,6}", translation)))
    words = {value for number in find_numbers(translation, target) for value in number.values}
    small = {int(value) for value in words if value == value.to_integral_value() and value < 10**6}
    return digits | small | list_ordinals(translation, target)


def _has_month(month: int, translation: str, target: str) -> bool:
    return 1 <= month <= 12 and bool(_find_name(MONTHS[str(month)], translation, target))


def _find_name(names: dict[str, str], text: str, language: str) -> str | None:
    match = compile_words(names.get(get_base(language), "")).search(text)
    return match.group() if match else None


@lru_cache(maxsize=16)
def _number_months(base: str) -> dict[str, int]:
    return {word: int(month) for month, names in MONTHS.items() for word in names[base].split()}


@lru_cache(maxsize=16)
def _compile_named_date(base: str) -> re.Pattern[str]:
    months = "|".join(sorted(_number_months(base), key=len, reverse=True))
    return re.compile(
        r"(?:(?<![\d.,:])(?P<day1>\d{1,2})(?:st|nd|rd|th|er|o|\.o|\.)?\s+(?:de |of )?)?"
        rf"\b(?P<month>{months})\b\.?"
        r"(?:\s+(?:the )?(?P<day2>\d{1,2})(?:st|nd|rd|th)?(?![\d:.,]*\d))?"
        r"(?:,?\s+(?:de |of |del )?(?P<year>\d{4})\b)?"
    )
