"""`dubline receipts …`: the commands and their arguments; what they do is in `receipt_pages`."""

import uuid
from typing import Annotated

import typer

from cli.options import AsJson

receipts = typer.Typer(help="What was erased, why and when.", no_args_is_help=True, add_completion=False)


@receipts.command("list")
def list_(
    user: Annotated[uuid.UUID | None, typer.Option(help="Only what was this user's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List receipts, the newest first."""
    from cli.receipt_pages import run_list

    raise typer.Exit(run_list(user, limit=limit, as_json=as_json))


@receipts.command()
def show(
    receipt: Annotated[uuid.UUID, typer.Argument(help="The receipt's id; one that is pending says so.")],
    as_json: AsJson = False,
) -> None:
    """Show a receipt."""
    from cli.receipt_pages import run_show

    raise typer.Exit(run_show(receipt, as_json=as_json))


@receipts.command("for-job")
def for_job(
    job: Annotated[uuid.UUID, typer.Argument(help="The job's id.")],
    as_json: AsJson = False,
) -> None:
    """Show the receipt of a job; the job itself need not be known any more."""
    from cli.receipt_pages import run_for_job

    raise typer.Exit(run_for_job(job, as_json=as_json))
