"""Prices as an operator writes them down: read strictly, for a wrong one is charged until somebody notices."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from dubbing.engines import LOCAL
from dubbing.errors import InputError
from dubbing.usage import UNITS, Price

COLUMNS = ("vendor", "model", "unit", "usd", "per_units", "effective_from", "source")
"""Of a file of prices."""

MAX_LINES = 10_000
MAX_SOURCE_CHARACTERS = 300

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
_DOLLARS = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,6})?")
_COUNT = re.compile(r"[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """What a unit of a model costs from a moment on.

    Attributes:
        source: where the price is from.
        line: of the file that it stands in; 0 where it stands in none.
    """

    vendor: str
    model: str
    unit: str
    price: Price
    effective_from: datetime
    source: str
    line: int = 0

    def refuse(self, sentence: str) -> InputError:
        """Make the error that says what is wrong with it, and where it stands."""
        return InputError(f"Line {self.line}: {sentence}" if self.line else sentence)


def parse_entry(fields: Mapping[str, str], line: int = 0) -> PriceEntry:
    """Read a price.

    Args:
        fields: as typed, by the names of `COLUMNS`.

    Raises:
        InputError: one of them is wrong; says which, and what it should be.

    >>> entry = parse_entry({"vendor": "deepgram", "model": "aura-2", "unit": "characters", "usd": "0.03",
    ...     "per_units": "1000", "effective_from": "2027-01-01", "source": "invoice of January"})
    >>> entry.price, str(entry.effective_from)
    (Price(usd_micros=30000, per_units=1000), '2027-01-01 00:00:00+00:00')
    """
    given = {name: fields[name].strip() for name in COLUMNS}
    if (problem := next(_list_problems(given), None)) is not None:
        raise InputError(f"Line {line}: {problem}" if line else problem)
    whole, _, fraction = given["usd"].partition(".")
    return PriceEntry(
        given["vendor"],
        given["model"],
        given["unit"],
        Price(int(whole) * 1_000_000 + int(fraction.ljust(6, "0")), int(given["per_units"])),
        parse_moment(given["effective_from"], line),
        given["source"],
        line,
    )


def parse_moment(text: str, line: int = 0) -> datetime:
    """Read a date, or a date and a time; UTC unless it says otherwise.

    Raises:
        InputError: it is none.

    >>> str(parse_moment("2027-01-01T12:00+02:00"))
    '2027-01-01 10:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        sentence = "A moment is written as 2027-01-01 or 2027-01-01T12:00, UTC unless it says otherwise."
        raise InputError(f"Line {line}: {sentence}" if line else sentence) from None


def parse_file(text: str) -> tuple[PriceEntry, ...]:
    """Read a file of prices: CSV with a header.

    Raises:
        InputError: it is none, or a line of it is wrong; says which.
    """
    try:
        rows = list(_read_rows(text))
    except csv.Error:
        raise InputError("The file cannot be read as CSV; write one price a line, with commas between.") from None
    if not rows or tuple(name.strip() for name in rows[0][1]) != COLUMNS:
        raise InputError(f"The first line must be {','.join(COLUMNS)}.")
    entries: dict[tuple[str, str, str, datetime], PriceEntry] = {}
    for line, row in rows[1:]:
        if len(row) != len(COLUMNS):
            raise InputError(f"Line {line}: it has {len(row)} fields and must have {len(COLUMNS)}.")
        entry = parse_entry(dict(zip(COLUMNS, row, strict=True)), line)
        key = (entry.vendor, entry.model, entry.unit, entry.effective_from)
        if (earlier := entries.get(key)) is not None:
            raise entry.refuse(f"it is about the same as line {earlier.line}; keep one of them.")
        entries[key] = entry
    if not entries:
        raise InputError("There is no price in the file.")
    return tuple(entries.values())


def group_sets(entries: Sequence[PriceEntry]) -> list[list[PriceEntry]]:
    """Gather what is in force together: one model from one moment on; the earliest first."""

    def name(entry: PriceEntry) -> tuple[datetime, str, str]:
        return entry.effective_from, entry.vendor, entry.model

    return [list(group) for _, group in groupby(sorted(entries, key=name), key=name)]


def _read_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give every line that is not empty with its number.

    Raises:
        InputError: there are too many.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    for row in reader:
        if reader.line_num > MAX_LINES:
            raise InputError(f"The file has more than {MAX_LINES} lines; divide it.")
        if row:
            yield reader.line_num, row


def _list_problems(given: Mapping[str, str]) -> Iterator[str]:
    for name in ("vendor", "model"):
        if not _NAME.fullmatch(given[name]):
            yield f"a {name} is named by letters, digits and . _ : / - alone, as the ledger names it."
    if given["vendor"] == LOCAL:
        yield "what this machine makes itself costs nothing and has no price."
    if given["unit"] not in UNITS:
        yield f"a unit is one of {', '.join(UNITS)}."
    if not _DOLLARS.fullmatch(given["usd"]):
        yield "dollars are written as 0.03, with six digits after the point at most; for less, give more units."
    if not _COUNT.fullmatch(given["per_units"]):
        yield "the count of units is a whole number above 0, without separators."
    if not given["source"] or len(given["source"]) > MAX_SOURCE_CHARACTERS or not given["source"].isprintable():
        yield f"a price needs a source of 1 to {MAX_SOURCE_CHARACTERS} characters on one line: where it is from."
