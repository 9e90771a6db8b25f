"""`dubline dead-letters …`: the commands and their arguments; what they do is in `letter_work`."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

import typer

from cli.options import AsJson

dead_letters = typer.Typer(
    help="What failed for good: look at it, replay it, or give it up.", no_args_is_help=True, add_completion=False
)

State = Literal["open", "replaying", "replayed", "discarded"]
Code = Annotated[str | None, typer.Option(help="Only what died of this error code.")]
Stage = Annotated[str | None, typer.Option(help="Only what failed in this stage.")]
Vendor = Annotated[str | None, typer.Option(help="Only what failed at this vendor.")]
Job = Annotated[uuid.UUID | None, typer.Option(help="Only what belongs to this job.")]
Since = Annotated[str | None, typer.Option(help="Only what failed within this time: 30m, 2h, 3d.")]
From = Annotated[datetime | None, typer.Option("--from", help="Only what failed from this time on, UTC.")]
To = Annotated[datetime | None, typer.Option("--to", help="Only what failed before this time, UTC.")]
LetterId = Annotated[uuid.UUID, typer.Argument(help="The letter's id, as `list` shows it.")]


@dead_letters.command("list")
def list_(
    state: Annotated[State, typer.Option(help="Only those in this state.")] = "open",
    every: Annotated[bool, typer.Option("--all", help="Those in every state.")] = False,
    code: Code = None,
    stage: Stage = None,
    vendor: Vendor = None,
    job: Job = None,
    since: Since = None,
    from_: From = None,
    to: To = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List letters, the last failure first; open ones if nothing else is said."""
    from cli.letter_work import build_query, run_list

    query = build_query(None if every else state, code, stage, vendor, job, since, from_, to)
    raise typer.Exit(run_list(query, limit=limit, as_json=as_json))


@dead_letters.command()
def show(letter: LetterId, as_json: AsJson = False) -> None:
    """Show all that is known of a letter."""
    from cli.letter_work import run_show

    raise typer.Exit(run_show(letter, as_json=as_json))


@dead_letters.command()
def replay(
    letters: Annotated[list[uuid.UUID] | None, typer.Argument(help="Ids of letters; or say which by options.")] = None,
    code: Code = None,
    stage: Stage = None,
    vendor: Vendor = None,
    job: Job = None,
    since: Since = None,
    from_: From = None,
    to: To = None,
    every: Annotated[bool, typer.Option("--all", help="Every open letter.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be bought, and for how much.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Queue what failed once more; only what is missing is bought. Exits with 4 if some could not be replayed."""
    from cli.letter_work import build_query, run_replay

    chosen = build_query("open", code, stage, vendor, job, since, from_, to)
    raise typer.Exit(run_replay(letters or [], chosen, every=every, dry_run=dry_run, as_json=as_json))


@dead_letters.command()
def discard(
    letter: LetterId,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the job's history, where its owner reads it.")],
) -> None:
    """Give up what a letter stands for."""
    from cli.letter_work import run_discard

    raise typer.Exit(run_discard(letter, reason))
