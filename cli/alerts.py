"""`dubline alerts …`: the commands and their arguments; what they do is in `alert_pages`."""

from typing import Annotated

import typer

from cli.options import AsJson
from dubbing.alerting import AlertKind

alerts = typer.Typer(
    help="Where money passed a threshold, and the thresholds.", no_args_is_help=True, add_completion=False
)

Name = Annotated[str, typer.Argument(help="The rule's name, as `rules` shows it.")]


@alerts.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List alerts, the newest first; open ones if nothing else is said."""
    from cli.alert_pages import run_list

    raise typer.Exit(run_list(only_open=not every, limit=limit, as_json=as_json))


@alerts.command()
def rules(as_json: AsJson = False) -> None:
    """List the thresholds."""
    from cli.alert_pages import run_rules

    raise typer.Exit(run_rules(as_json=as_json))


@alerts.command("set")
def set_(
    name: Annotated[str, typer.Argument(help="The rule's name, a new one or one to change.")],
    kind: Annotated[AlertKind, typer.Argument(help="What the threshold is of.")],
    threshold: Annotated[str, typer.Argument(help="Whole percent, as 80; of spend_rate dollars an hour, as 12.50.")],
) -> None:
    """Add a threshold, or change one; it counts within a minute, and is switched on."""
    from cli.alert_pages import run_set

    raise typer.Exit(run_set(name, kind, threshold))


@alerts.command()
def off(name: Name) -> None:
    """Switch a threshold off; its alerts are cleared within a minute."""
    from cli.alert_pages import run_switch

    raise typer.Exit(run_switch(name, is_on=False))


@alerts.command()
def on(name: Name) -> None:
    """Switch a threshold on again."""
    from cli.alert_pages import run_switch

    raise typer.Exit(run_switch(name, is_on=True))
