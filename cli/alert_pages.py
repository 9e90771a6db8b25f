"""What the commands on alerts do: ask the database, change rules, and print what it says."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from api.alerts.replies import build_alert_reply, build_rule_reply
from api.alerts.schemas import AlertReply, RuleReply
from cli.money import render_usd
from dubbing.alerting import AlertKind, build_rule
from dubbing.errors import InputError
from resources.container import Container
from resources.settings import load_settings

OPERATOR = "operator: dubline alerts"
LIST_WIDTH = 140

_PERCENT = re.compile(r"([0-9]{1,9})\s*%?")
_DOLLARS = re.compile(r"\$?([0-9]{1,9}(?:\.[0-9]{1,6})?)")


def run_list(*, only_open: bool, limit: int, as_json: bool) -> int:
    """Print alerts."""
    with Container(load_settings()) as container, container.database.transaction() as tx:
        found = [build_alert_reply(row) for row in tx.alerts.list_newest(limit=limit, only_open=only_open)]
    if as_json:
        _print_json([alert.model_dump(mode="json") for alert in found])
    else:
        # Ids are there to be copied: on a narrow screen lines are broken, not cut.
        console = Console(width=max(Console().width, LIST_WIDTH))
        console.print(_build_alerts(found) if found else "No alert is open." if only_open else "There is no alert.")
    return 0


def run_rules(*, as_json: bool) -> int:
    """Print thresholds."""
    with Container(load_settings()) as container, container.database.transaction() as tx:
        found = [build_rule_reply(row) for row in tx.alerts.list_rules()]
    if as_json:
        _print_json([rule.model_dump(mode="json") for rule in found])
    else:
        Console().print(_build_rules(found) if found else "There is no rule.")
    return 0


def run_set(name: str, kind: AlertKind, threshold: str) -> int:
    """Add or change a threshold.

    Raises:
        InputError: it is none, or another rule has it.
    """
    rule = build_rule(name, kind, parse_threshold(kind, threshold))
    with Container(load_settings()) as container, container.database.transaction() as tx:
        tx.alerts.set_rule(rule, set_by=OPERATOR)
    typer.echo(f"{rule.name}: {rule.kind} {_describe_direction(kind)} {render_value(kind, rule.threshold)}.")
    return 0


def run_switch(name: str, *, is_on: bool) -> int:
    """Switch a threshold on or off.

    Raises:
        NotFoundError: there is none of this name.
    """
    with Container(load_settings()) as container, container.database.transaction() as tx:
        tx.alerts.switch_rule(name, is_on=is_on, set_by=OPERATOR)
    typer.echo(f"{name} is {'on' if is_on else 'off'}.")
    return 0


def parse_threshold(kind: AlertKind, text: str) -> int:
    """Read a threshold as people write it.

    Raises:
        InputError: it is none.

    >>> parse_threshold(AlertKind.BUDGET_USED, "80%"), parse_threshold(AlertKind.SPEND_RATE, "$12.50")
    (80, 12500000)
    """
    if kind != AlertKind.SPEND_RATE:
        if (percent := _PERCENT.fullmatch(text.strip())) is None:
            raise InputError("Give the threshold in whole percent, as 80.")
        return int(percent[1])
    if (dollars := _DOLLARS.fullmatch(text.strip())) is None:
        raise InputError("Give the threshold in dollars an hour, as 12.50.")
    return int(Decimal(dollars[1]) * 1_000_000)


def render_value(kind: AlertKind, value: int) -> str:
    """Write a threshold or a reading as people read it.

    >>> render_value(AlertKind.VENDOR_QUOTA_LEFT, 20), render_value(AlertKind.SPEND_RATE, 20_000_000)
    ('20 %', '$20.0000 an hour')
    """
    return f"{render_usd(value)} an hour" if kind == AlertKind.SPEND_RATE else f"{value} %"


def _describe_direction(kind: AlertKind) -> str:
    return "at or below" if kind == AlertKind.VENDOR_QUOTA_LEFT else "at or above"


def _build_alerts(alerts: Sequence[AlertReply]) -> Table:
    table = Table(Column("raised", overflow="fold"), "rule", "of", "was", "threshold", "cleared", box=box.SIMPLE_HEAD)
    table.columns[2].overflow = "fold"
    for alert in alerts:
        table.add_row(
            f"{alert.raised_at:%Y-%m-%d %H:%M:%S}",
            escape(alert.rule),
            escape(alert.subject),
            render_value(alert.kind, alert.value),
            render_value(alert.kind, alert.threshold),
            f"{alert.cleared_at:%Y-%m-%d %H:%M:%S}" if alert.cleared_at is not None else "open",
        )
    return table


def _build_rules(rules: Sequence[RuleReply]) -> Table:
    table = Table("rule", "kind", "alert", "state", box=box.SIMPLE_HEAD)
    for rule in rules:
        alert = f"{_describe_direction(rule.kind)} {render_value(rule.kind, rule.threshold)}"
        table.add_row(escape(rule.name), rule.kind, alert, "on" if rule.is_on else "off")
    return table


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))
