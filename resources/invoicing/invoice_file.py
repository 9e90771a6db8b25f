"""Reading an invoice that somebody gives us: a CSV file, strictly, line by line.

The format is in docs/reconciliation.md. Every error names the line; none repeats what stands there.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import BinaryIO

from dubbing.errors import InputError
from dubbing.reconciling import InvoiceLine, Span

MAX_FILE_BYTES = 50_000_000
"""Largest file, bytes; a hundred thousand lines are about twelve million."""

MAX_LINE_BYTES = 2_000

UNITS = ("ms", "characters", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")
REQUIRED = ("request_id", "model", "at")
SUMS = ("usd_micros", "usd")
OPTIONAL = ("vendor", "operation", *UNITS)

_BOM = b"\xef\xbb\xbf"
_BLOCK_BYTES = 1 << 20
_MICROS = Decimal(1_000_000)

_REQUEST_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:-]{0,127}")
_MODEL = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:/-]{0,99}")
_QUANTITY = re.compile(r"[0-9]{1,12}")
_USD_MICROS = re.compile(r"[0-9]{1,12}")
_USD = re.compile(r"[0-9]{1,6}(\.[0-9]{1,18})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def measure_invoice(file: BinaryIO) -> str:
    """Hash a file, and go back to its beginning.

    Returns:
        SHA-256, 64 hexadecimal digits.

    Raises:
        InputError: it is empty, or too large.
    """
    digest, size_bytes = hashlib.sha256(), 0
    while block := file.read(_BLOCK_BYTES):
        size_bytes += len(block)
        if size_bytes > MAX_FILE_BYTES:
            raise InputError(f"The invoice is larger than {MAX_FILE_BYTES // 1_000_000} MB; give it in parts.")
        digest.update(block)
    if size_bytes == 0:
        raise InputError("The invoice is empty; export it anew.")
    file.seek(0)
    return digest.hexdigest()


def read_invoice(file: BinaryIO, vendor: str, span: Span) -> Iterator[InvoiceLine]:
    """Read the lines of an invoice one by one.

    Args:
        vendor: that every line must be of, where lines name one.
        span: that every line must lie in.

    Raises:
        InputError: a line is not as it should be; the sentence names it.
    """
    columns: Sequence[str] = ()
    for number, cells in _read_rows(file):
        if not columns:
            columns = _check_header(cells)
        elif cells:  # an empty line is none
            if len(cells) != len(columns):
                raise _refuse(number, f"it has {len(cells)} cells, the header {len(columns)}")
            yield _parse_line(number, dict(zip(columns, cells, strict=True)), vendor, span)


def _read_rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            raise _refuse(number, f"it is longer than {MAX_LINE_BYTES} bytes")
        line = raw.removeprefix(_BOM) if number == 1 else raw
        try:
            # A quoted cell over several lines is refused here too: no line of ours needs one.
            cells = next(csv.reader([line.decode("ascii").rstrip("\r\n")], strict=True), [])
        except (UnicodeDecodeError, csv.Error):
            raise _refuse(number, "it is not CSV of plain ASCII with commas") from None
        yield number, cells


def _check_header(columns: Sequence[str]) -> Sequence[str]:
    known = {*REQUIRED, *SUMS, *OPTIONAL}
    if missing := [name for name in REQUIRED if name not in columns]:
        raise _refuse(1, f"the header lacks the column {missing[0]}")
    if sum(name in columns for name in SUMS) != 1:
        raise _refuse(1, "the header must have one of the columns usd_micros and usd")
    if len(set(columns)) != len(columns) or not known.issuperset(columns):
        raise _refuse(
            1, f"the header may only have these columns, each once: {', '.join((*REQUIRED, *SUMS, *OPTIONAL))}"
        )
    return columns


def _parse_line(number: int, cells: dict[str, str], vendor: str, span: Span) -> InvoiceLine:
    for name, pattern in (("request_id", _REQUEST_ID), ("model", _MODEL)):
        if pattern.fullmatch(cells[name]) is None:
            raise _refuse(number, f"{name} is empty, too long, or has characters that none has")
    if cells.get("vendor", vendor) != vendor:
        raise _refuse(number, f"it is not of {vendor}; give each vendor's lines in a file of their own")
    at = _parse_time(number, cells["at"])
    if not span.from_at <= at < span.to_at:
        raise _refuse(number, "its time lies outside the span that was given; give the span of the whole invoice")
    usage = {unit: _parse_quantity(number, unit, cells[unit]) for unit in UNITS if cells.get(unit)}
    used = {unit: quantity for unit, quantity in usage.items() if quantity}
    return InvoiceLine(cells["request_id"], cells["model"], used, _parse_sum(number, cells), at)


def _parse_quantity(number: int, unit: str, text: str) -> int:
    if _QUANTITY.fullmatch(text) is None:
        raise _refuse(number, f"{unit} is not a whole number")
    return int(text)


def _parse_sum(number: int, cells: dict[str, str]) -> int:
    """Read what a line costs, rounded half up to the micro-dollar as the ledger's own sums are."""
    if "usd_micros" in cells:
        if _USD_MICROS.fullmatch(cells["usd_micros"]) is None:
            raise _refuse(number, "usd_micros is not a whole number of micro-dollars; leave credits out")
        return int(cells["usd_micros"])
    if _USD.fullmatch(cells["usd"]) is None:
        raise _refuse(number, "usd is not a sum of dollars like 0.0077; leave credits out")
    return int((Decimal(cells["usd"]) * _MICROS).to_integral_value(ROUND_HALF_UP))


def _parse_time(number: int, text: str) -> datetime:
    error = _refuse(number, "at is not a time with an offset, like 2026-11-23T16:00:00Z")
    if _TIME.fullmatch(text) is None:
        raise error
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise error from None


def _refuse(number: int, reason: str) -> InputError:
    return InputError(f"Line {number} of the invoice cannot be read: {reason}. Nothing was compared.")
