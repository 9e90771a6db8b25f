"""`dubline prices …`: the commands and their arguments; what they do is in `price_work`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson

prices = typer.Typer(help="What vendors charge, and from when on.", no_args_is_help=True, add_completion=False)


@prices.command("list")
def list_(
    at: Annotated[str | None, typer.Option(help="What is in force at this moment, UTC; now if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the prices in force."""
    from cli.price_work import run_list

    raise typer.Exit(run_list(at, as_json=as_json))


@prices.command()
def add(
    vendor: Annotated[str, typer.Argument(help="As `list` names it.")],
    model: Annotated[str, typer.Argument(help="As `list` names it.")],
    unit: Annotated[str, typer.Argument(help="ms, characters, input_tokens …")],
    dollars: Annotated[str, typer.Argument(help="What so many units cost: 0.03")],
    per: Annotated[str, typer.Option("--per", help="How many units: 1000")],
    from_: Annotated[str, typer.Option("--from", help="When it begins, UTC: 2027-01-01 or 2027-01-01T12:00")],
    source: Annotated[str, typer.Option(help="Where the price is from.")],
) -> None:
    """Add the price of a model with one unit; one with several is changed by `load`, all units together."""
    from cli.price_work import run_add

    fields = {"vendor": vendor, "model": model, "unit": unit, "usd": dollars, "per_units": per}
    raise typer.Exit(run_add({**fields, "effective_from": from_, "source": source}))


@prices.command()
def load(
    file: Annotated[
        Path, typer.Argument(help="CSV with vendor,model,unit,usd,per_units,effective_from,source as its first line.")
    ],
) -> None:
    """Add all prices of a file, or none."""
    from cli.price_work import run_load

    raise typer.Exit(run_load(file))
