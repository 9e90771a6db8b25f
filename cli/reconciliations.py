"""`dubline reconcile` and `dubline reconciliations …`: the commands; what they do is in `reconciliation_work`."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import AsJson

reconciliations = typer.Typer(
    help="Vendors' invoices that were held against the ledger.", no_args_is_help=True, add_completion=False
)

Vendor = Literal["deepgram", "openai", "elevenlabs"]


def reconcile(
    vendor: Annotated[Vendor, typer.Argument(help="Whose invoice it is.")],
    file: Annotated[Path | None, typer.Argument(help="The invoice as CSV; see docs/reconciliation.md.")] = None,
    emulator: Annotated[
        bool, typer.Option("--emulator", help="Ask the emulator for it, at the vendor's configured address.")
    ] = False,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", help="The invoice has everything that was billed from this time on, UTC,"),
    ] = None,
    to: Annotated[datetime | None, typer.Option("--to", help="and before this time, UTC.")] = None,
    margin: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=10_080,
            help="A call that began and ended so many minutes inside the span is on the invoice for certain, if it is "
            "billed; 60 if left out, 0 for the emulator.",
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Compare anew what was compared before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hold a vendor's invoice against the ledger, and end the doubts that it answers. Exits with 6 if they differ."""
    from cli.reconciliation_work import build_wish, run_reconcile

    wish = build_wish(vendor, from_, to, margin, is_emulated=emulator, is_repeated=again, is_rehearsed=dry_run)
    raise typer.Exit(run_reconcile(wish, file, is_emulated=emulator, as_json=as_json))


@reconciliations.command("list")
def list_(
    vendor: Annotated[Vendor | None, typer.Option(help="Only this vendor's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List comparisons, the newest first."""
    from cli.reconciliation_work import run_list

    raise typer.Exit(run_list(vendor, limit=limit, as_json=as_json))


@reconciliations.command()
def show(
    reconciliation: Annotated[uuid.UUID, typer.Argument(help="The comparison's id, as `list` shows it.")],
    limit: Annotated[int, typer.Option(min=1, help="How many findings at most.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Show a comparison and each finding. Exits with 6 if invoice and ledger differ."""
    from cli.reconciliation_work import run_show

    raise typer.Exit(run_show(reconciliation, limit=limit, as_json=as_json))
