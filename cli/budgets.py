"""`dubline budgets …`: the commands and their arguments; what they do is in `budget_pages`."""

import uuid
from typing import Annotated

import typer

from cli.options import AsJson

budgets = typer.Typer(help="What may be spent in a month.", no_args_is_help=True, add_completion=False)

User = Annotated[uuid.UUID | None, typer.Option(help="The user whose budget it is.")]
Installation = Annotated[bool, typer.Option("--installation", help="The budget of all jobs together.")]


@budgets.command("list")
def list_(as_json: AsJson = False) -> None:
    """List budgets: limits, and what is held, spent and left this month."""
    from cli.budget_pages import run_list

    raise typer.Exit(run_list(as_json=as_json))


@budgets.command("set")
def set_(
    dollars: Annotated[str, typer.Argument(help="Dollars a month, 50 or 12.50; none for no limit.")],
    user: User = None,
    installation: Installation = False,
    as_json: AsJson = False,
) -> None:
    """Set what may be spent in a month, in place of the limit in the settings."""
    from cli.budget_pages import run_set

    raise typer.Exit(run_set(user, dollars, is_installation=installation, as_json=as_json))


@budgets.command()
def clear(user: User = None, installation: Installation = False, as_json: AsJson = False) -> None:
    """Let the settings say again what may be spent."""
    from cli.budget_pages import run_clear

    raise typer.Exit(run_clear(user, is_installation=installation, as_json=as_json))
