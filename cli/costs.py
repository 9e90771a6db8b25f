"""`dubline costs`: what some days cost, from their bills."""

from datetime import UTC, date, datetime
from typing import Any

import typer
from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.table import Table

from api.costs.replies import build_cost_reply
from api.costs.schemas import MAX_ROWS, CostListQuery, CostReply, SumReply
from cli.money import render_usd
from resources.container import Container
from resources.database.cost_views import CostQuery, list_costs
from resources.settings import load_settings

WIDTH = 150


def run_costs(first: date | None, last: date | None, group_by: str, *, now: bool, as_json: bool) -> int:
    """Print what a span cost; this month if nothing else is said.

    Args:
        now: make its bills first, those that are missing or may have changed.

    Raises:
        typer.BadParameter: it is not a span, or not something that costs can be shown by.
    """
    today = datetime.now(UTC).date()
    last = last or max(today, first or today)
    query = _build_query(first or last.replace(day=1), last, group_by)
    with Container(load_settings()) as container:
        if now:
            for day in container.biller.find_stale_days(query.first, query.last):
                container.biller.make(day)
        with container.database.transaction() as tx:
            reply = build_cost_reply(query, list_costs(tx, query))
    if as_json:
        typer.echo(reply.model_dump_json(indent=2, by_alias=True))
    else:
        _print(reply)
    return 0


def _build_query(first: date, last: date, group_by: str) -> CostQuery:
    asked: dict[str, Any] = {"from": first, "to": last, "group_by": group_by.replace(" ", ""), "limit": MAX_ROWS}
    try:
        wanted = CostListQuery.model_validate(asked)
    except ValidationError as error:
        raise typer.BadParameter("; ".join(each["msg"] for each in error.errors())) from None
    return CostQuery(wanted.from_, wanted.to, wanted.groups, wanted.limit)


def _print(reply: CostReply) -> None:
    table = Table(*(group.value for group in reply.group_by), box=box.SIMPLE_HEAD)
    for heading in ("calls", "cost", "charged", "lost", "in doubt"):
        table.add_column(heading, justify="right")
    for row in reply.rows:
        keys = (getattr(row, group.value) for group in reply.group_by)
        table.add_row(*("all" if key is None else str(key) for key in keys), *_list_figures(row))
    table.add_section()
    table.add_row("total", *[""] * (len(reply.group_by) - 1), *_list_figures(reply.total))
    # Ids are there to be copied: on a narrow screen lines are broken, not cut.
    console = Console(width=max(Console().width, WIDTH))
    console.print(table)
    for remark in _list_remarks(reply):
        console.print(remark)


def _list_figures(sums: SumReply) -> list[str]:
    money = (sums.cost_usd_micros, sums.charged_usd_micros, sums.lost_usd_micros, sums.doubtful_usd_micros)
    return [f"{sums.calls:,}", *map(render_usd, money)]


def _list_remarks(reply: CostReply) -> list[str]:
    remarks = []
    if reply.left_out:
        remarks.append(f"{reply.left_out:,} more rows are not shown; the total counts them.")
    if reply.provisional_days:
        remarks.append(f"Provisional, can still change: {', '.join(map(str, reply.provisional_days))}.")
    if reply.unbilled_days:
        remarks.append(f"Not billed yet, and not counted here: {', '.join(map(str, reply.unbilled_days))}; --now does.")
    return remarks
