"""The commands and their arguments; what they do is in the module of each."""

import sys
import uuid
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.alerts import alerts
from cli.budgets import budgets
from cli.dead_letters import dead_letters
from cli.exit_codes import get_exit_code
from cli.options import AsJson
from cli.prices import prices
from cli.receipts import receipts
from cli.reconciliations import reconcile, reconciliations
from dubbing.delivery import AUDIO_FORMATS, BedKind, LoudnessPreset
from dubbing.errors import DubbingError
from resources.settings import Engine

app = typer.Typer(
    name="dubline",
    help="Turn one recording into dubs in other languages.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(alerts, name="alerts")
app.add_typer(budgets, name="budgets")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(prices, name="prices")
app.add_typer(receipts, name="receipts")
app.add_typer(reconciliations, name="reconciliations")
app.command("reconcile")(reconcile)


@app.callback()
def prepare(context: typer.Context) -> None:
    """Set up the log, unless only help is wanted, which is to come at once."""
    if "--help" not in sys.argv and context.invoked_subcommand is not None:
        from cli.speaking import speak_as

        speak_as(context)


def _check_formats(formats: list[str] | None) -> list[str] | None:
    """Do what Typer does for a single choice."""
    if unknown := sorted(set(formats or ()) - set(AUDIO_FORMATS)):
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(map(repr, AUDIO_FORMATS))}.")
    return formats


@app.command()
def dub(
    file: Annotated[Path, typer.Argument(help="The recording: audio, or video with sound.")],
    to: Annotated[str, typer.Option("--to", help="Target languages, comma-separated: pt-BR,es")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("out"),
    source: Annotated[
        str | None, typer.Option("--from", help="Language of the recording; detected if left out.")
    ] = None,
    engine: Annotated[
        Engine | None,
        typer.Option(help="Who does the work, this machine or the vendors; as the settings say if left out."),
    ] = None,
    glossary: Annotated[
        Path | None, typer.Option(help="JSON file with terms to keep, or to translate or pronounce as given.")
    ] = None,
    bed: Annotated[
        BedKind | None,
        typer.Option(help="The original sound: lowered under the dub, without its speech, or dropped."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            callback=_check_formats,
            metavar="|".join(AUDIO_FORMATS),
            help="Format of the dub, m4a if left out; repeat it for more files beside the first.",
        ),
    ] = None,
    loudness: Annotated[
        LoudnessPreset | None, typer.Option(help="-16 LUFS, -23 or -24; as the settings say if left out.")
    ] = None,
    with_voice: Annotated[
        bool, typer.Option("--with-voice", help="Deliver the dub's voice alone too, as voice.wav.")
    ] = False,
) -> None:
    """Dub a recording. The same command again goes on where it was interrupted and buys nothing twice."""
    from cli.dub import run_dub

    wishes = {"bed": bed, "formats": formats, "loudness": loudness, "with_voice": with_voice}
    raise typer.Exit(run_dub(file, to.split(","), out, source, engine=engine, glossary=glossary, wishes=wishes))


@app.command()
def doctor() -> None:
    """Say what is missing on this machine, and the line that installs it."""
    from cli.doctor import run_doctor

    raise typer.Exit(run_doctor())


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI on 127.0.0.1; 0 takes a free one.")] = 3000,
    api_port: Annotated[int, typer.Option(help="Port of the API on 127.0.0.1; 0 takes a free one.")] = 8000,
) -> None:
    """Start the database, the API, the Dagster UI, its daemon and the metrics; Ctrl-C stops them."""
    from cli.up import run_up

    raise typer.Exit(run_up(port, api_port))


@app.command()
def migrate() -> None:
    """Bring the database's tables to the newest revision."""
    from cli.migrate import run_migrate

    raise typer.Exit(run_migrate())


@app.command()
def token(
    user: Annotated[str | None, typer.Option(help="UUID of the user; the command line's own if left out.")] = None,
    minutes: Annotated[int, typer.Option(help="How long the token is good, at most a week.")] = 60,
    admin: Annotated[bool, typer.Option("--admin", help="The user operates this installation.")] = False,
) -> None:
    """Print an access token of this installation; with Supabase, sign in there."""
    from cli.token import run_token

    raise typer.Exit(run_token(user, minutes, admin))


@app.command()
def vendors(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show each vendor's engines, limits, prices and state."""
    from cli.vendors import run_vendors

    raise typer.Exit(run_vendors(as_json=as_json))


@app.command()
def top(
    every: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds between two looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Print one page and end; so it is without a terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one page as JSON and end.")] = False,
) -> None:
    """Watch what goes on now: jobs, stages, vendors, money. Ends with q or Ctrl-C."""
    from cli.top import run_top

    raise typer.Exit(run_top(every, once=once, as_json=as_json))


@app.command()
def emulate_vendors(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8790,
) -> None:
    """Stand in for Deepgram, OpenAI and ElevenLabs, to try their engines without keys; Ctrl-C stops it."""
    from cli.emulate_vendors import run_emulate_vendors

    raise typer.Exit(run_emulate_vendors(port))


@app.command()
def sweep(as_json: AsJson = False) -> None:
    """Erase now what is due, as the hourly sweep does. Exits with 5 if something is due all the same."""
    from cli.sweep import run_sweep

    raise typer.Exit(run_sweep(as_json=as_json))


@app.command()
def erase_user(
    user: Annotated[uuid.UUID, typer.Argument(help="The user's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase everything of a user, for good: jobs, recordings, words. What runs is stopped."""
    from cli.erase_user import run_erase_user

    raise typer.Exit(run_erase_user(user, is_confirmed=yes, as_json=as_json))


@app.command()
def costs(
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, UTC; the month's if left out.")
    ] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, UTC; today if left out.")
    ] = None,
    group_by: Annotated[
        str, typer.Option(help="Comma-separated: day, user, job, language, vendor, model, operation.")
    ] = "day",
    now: Annotated[
        bool, typer.Option("--now", help="Make the bills of these days first, where they may differ.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what was spent, from the bills of the days, which are made every hour."""
    from cli.costs import run_costs

    span = (from_.date() if from_ else None, to.date() if to else None)
    raise typer.Exit(run_costs(*span, group_by, now=now, as_json=as_json))


@app.command()
def metrics() -> None:
    """Serve the metrics of the work to Prometheus; Ctrl-C stops it."""
    from cli.metrics import run_metrics

    raise typer.Exit(run_metrics())


@app.command()
def openapi() -> None:
    """Print the description of the API (OpenAPI) that client generators read."""
    from cli.openapi import run_openapi

    raise typer.Exit(run_openapi())


def main() -> None:
    """Run a command; an error of ours is one sentence and an exit code of its own."""
    try:
        app()
    except DubbingError as error:
        print(f"dubline: {error.message} [{error.code}]", file=sys.stderr)  # noqa: T201 - the command's own voice
        sys.exit(get_exit_code(error))


if __name__ == "__main__":
    main()
