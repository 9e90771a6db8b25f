"""What the commands on prices do: ask the database, add to it, and print what there is."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.money import render_price
from dubbing.errors import FileMissingError, InputError
from dubbing.price_sets import PriceEntry, parse_entry, parse_file, parse_moment
from dubbing.usage import Price
from resources.container import Container
from resources.database.tables import PriceRow
from resources.settings import load_settings

MAX_BYTES = 4_000_000
"""Largest file that is read. Source: as many lines as are accepted, each with the longest source, are less."""


def run_list(at: str | None, *, as_json: bool) -> int:
    """Print the prices in force.

    Raises:
        InputError: the moment is none.
    """
    moment = parse_moment(at) if at is not None else None
    with Container(load_settings()) as container, container.database.transaction() as tx:
        rows = tx.prices.list_rows(moment)
    if as_json:
        typer.echo(json.dumps([_describe(row) for row in rows], indent=2))
    else:
        Console().print(_build_table(rows) if rows else "There is no price.")
    return 0


def run_add(fields: Mapping[str, str]) -> int:
    """Add a price.

    Raises:
        InputError: it is none, or cannot be added.
    """
    return _add([parse_entry(fields)])


def run_load(file: Path) -> int:
    """Add all prices of a file, or none.

    Raises:
        FileMissingError: there is no such file.
        InputError: it is no file of prices, or one of them cannot be added; says in which line.
    """
    return _add(parse_file(_read(file)))


def _add(entries: Sequence[PriceEntry]) -> int:
    with Container(load_settings()) as container, container.database.transaction() as tx:
        tx.prices.add(entries)
    for entry in entries:
        price = render_price(entry.unit, entry.price)
        typer.echo(f"{entry.model} of {entry.vendor}: {price} from {entry.effective_from:%Y-%m-%d %H:%M} UTC on")
    return 0


def _read(file: Path) -> str:
    if not file.is_file():
        raise FileMissingError(f"There is no file {file.name}; check the path.")
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError:
        raise InputError(f"The file {file.name} cannot be read; check its permissions.") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"The file {file.name} is larger than {MAX_BYTES // 1_000_000} MB; divide it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"The file {file.name} is not UTF-8; save it as CSV in UTF-8.") from None


def _describe(row: PriceRow) -> Mapping[str, str | int]:
    return {
        "vendor": row.vendor,
        "model": row.model,
        "unit": row.unit,
        "usd_micros": row.usd_micros,
        "per_units": row.per_units,
        "effective_from": row.effective_from.astimezone(UTC).isoformat(),
        "source": row.source,
    }


def _build_table(rows: Sequence[PriceRow]) -> Table:
    table = Table("vendor", "model", "price", "since, UTC", "source", box=box.SIMPLE_HEAD)
    for row in rows:
        price = render_price(row.unit, Price(row.usd_micros, row.per_units))
        since = f"{row.effective_from.astimezone(UTC):%Y-%m-%d %H:%M}"
        table.add_row(*map(escape, (row.vendor, row.model, price, since, row.source)))
    return table
