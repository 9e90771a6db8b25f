"""What the commands on budgets do: change a limit, and print how budgets stand."""

import json
import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

import typer
from rich import box
from rich.console import Console
from rich.table import Column, Table

from api.budgets.schemas import build_budget_reply
from api.schemas import MAX_USD
from cli.money import render_usd
from dubbing.errors import InputError
from resources.container import Container
from resources.database.budgets import Standing
from resources.database.connection import UnitOfWork
from resources.settings import load_settings

OPERATOR = "dubline budgets"
"""Who set a limit at a terminal."""

PAGE = 1000
LIST_WIDTH = 120


def run_list(*, as_json: bool) -> int:
    """Print all budgets."""
    with Container(load_settings()) as container, container.database.transaction() as tx:
        standings = [tx.budgets.get_standing(None), *_list_users(tx)]
    _print(standings, as_json=as_json)
    return 0


def run_set(user_id: uuid.UUID | None, dollars: str, *, is_installation: bool, as_json: bool) -> int:
    """Set a limit, and print the budget.

    Raises:
        InputError: nothing or too much says whose, or it is no sum.
    """
    _check_whose(user_id, is_installation=is_installation)
    limit = parse_limit(dollars)
    with Container(load_settings()) as container, container.database.transaction() as tx:
        tx.budgets.set_limit(user_id, limit, OPERATOR)
        standing = tx.budgets.get_standing(user_id)
    _print([standing], as_json=as_json)
    return 0


def run_clear(user_id: uuid.UUID | None, *, is_installation: bool, as_json: bool) -> int:
    """Take a limit away, and print the budget.

    Raises:
        InputError: nothing or too much says whose.
    """
    _check_whose(user_id, is_installation=is_installation)
    with Container(load_settings()) as container, container.database.transaction() as tx:
        tx.budgets.clear_limit(user_id)
        standing = tx.budgets.get_standing(user_id)
    _print([standing], as_json=as_json)
    return 0


def parse_limit(dollars: str) -> int | None:
    """Read a limit, micro-dollars; None is no limit.

    Raises:
        InputError: it is no sum.

    >>> parse_limit("12.50"), parse_limit("none")
    (12500000, None)
    """
    if dollars == "none":
        return None
    try:
        sum_ = Decimal(dollars)
    except InvalidOperation:
        sum_ = Decimal("NaN")
    if not sum_.is_finite() or not 0 <= sum_ <= MAX_USD or sum_ * 1_000_000 % 1:
        raise InputError("Give dollars a month, as 50 or 12.50, with six digits after the point at most; or none.")
    return int(sum_ * 1_000_000)


def _check_whose(user_id: uuid.UUID | None, *, is_installation: bool) -> None:
    if (user_id is not None) == is_installation:
        raise InputError("Say whose budget it is: --user ID, or --installation.")


def _list_users(tx: UnitOfWork) -> Iterator[Standing]:
    after = None
    while page := tx.budgets.list_users(PAGE, after=after):
        yield from page
        after = page[-1].user_id


def _print(standings: Sequence[Standing], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([build_budget_reply(each).model_dump(mode="json") for each in standings], indent=2))
        return
    table = Table(
        Column("whose"),
        *(Column(name, justify="right") for name in ("limit", "held", "spent", "left")),
        Column("set by"),
        title=f"Budgets of {standings[0].month:%B %Y} (UTC)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for each in standings:
        table.add_row(
            str(each.user_id or "installation"),
            _render(each.limit_usd_micros),
            _render(each.held_usd_micros),
            _render(each.spent_usd_micros),
            _render(each.left_usd_micros),
            each.set_by or "settings",
        )
    console = Console(width=max(Console().width, LIST_WIDTH))  # ids are there to be copied
    console.print(table)


def _render(usd_micros: int | None) -> str:
    if usd_micros is None:
        return "–"
    return f"-{render_usd(-usd_micros)}" if usd_micros < 0 else render_usd(usd_micros)
