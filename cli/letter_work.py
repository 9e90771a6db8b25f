"""What the commands on dead letters do: ask the database, replay, and print what came of it."""

import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich.console import Console

from api.dead_letters.replies import build_letter_reply, build_replay_reply
from cli.exit_codes import SOME_LANGUAGES_FAILED
from cli.letter_pages import build_list, build_outcomes, build_page
from dubbing.errors import InputError, NotFoundError
from resources.container import Container
from resources.database.letter_views import LetterQuery, list_letter_ids, list_letters
from resources.database.tables import LetterState
from resources.replaying.replayer import NO_SUCH_LETTER, Replayer
from resources.settings import load_settings

MAX_REASON_CHARACTERS = 200

_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def build_query(
    state: str | None,
    code: str | None = None,
    stage: str | None = None,
    vendor: str | None = None,
    job: uuid.UUID | None = None,
    since: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
) -> LetterQuery:
    """Say which letters are meant.

    Raises:
        InputError: a time that is none, or two beginnings.
    """
    if since is not None and from_ is not None:
        raise InputError("Give --since or --from, not both.")
    begin = datetime.now(UTC) - parse_ago(since) if since is not None else _in_utc(from_)
    return LetterQuery(LetterState(state) if state else None, code, stage, vendor, job, begin, _in_utc(to))


def parse_ago(text: str) -> timedelta:
    """Read how long ago.

    Raises:
        InputError: it is no such time.

    >>> parse_ago("90m")
    datetime.timedelta(seconds=5400)
    """
    if (found := _AGO.fullmatch(text)) is None:
        raise InputError("Say how long ago as 30m, 2h or 3d.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def run_list(query: LetterQuery, *, limit: int, as_json: bool) -> int:
    """Print letters."""
    with Container(load_settings()) as container, container.database.transaction() as tx:
        letters = [build_letter_reply(letter) for letter in list_letters(tx, query, limit=limit)]
    if as_json:
        _print_json([letter.model_dump(mode="json") for letter in letters])
    else:
        Console().print(build_list(letters) if letters else "There is no such dead letter.")
    return 0


def run_show(letter_id: uuid.UUID, *, as_json: bool) -> int:
    """Print a letter.

    Raises:
        NotFoundError: there is none.
    """
    with Container(load_settings()) as container, container.database.transaction() as tx:
        letter = tx.letters.find(letter_id)
    if letter is None:
        raise NotFoundError(NO_SUCH_LETTER)
    reply = build_letter_reply(letter)
    if as_json:
        _print_json(reply.model_dump(mode="json"))
    else:
        Console().print(build_page(reply))
    return 0


def run_replay(
    letter_ids: Sequence[uuid.UUID], query: LetterQuery, *, every: bool, dry_run: bool, as_json: bool
) -> int:
    """Replay letters, and print what became of each.

    Returns:
        0, or 4 where one could not be replayed.

    Raises:
        InputError: nothing says which.
    """
    is_chosen = every or query != LetterQuery(LetterState.OPEN)
    if bool(letter_ids) == is_chosen:
        raise InputError("Name letters by their ids, or choose them with options, or say --all.")
    with Container(load_settings()) as container:
        if not letter_ids:
            with container.database.transaction() as tx:
                letter_ids = list_letter_ids(tx, query)
        outcomes = [build_replay_reply(each) for each in Replayer(container).replay_all(letter_ids, dry_run=dry_run)]
    refused = [each for each in outcomes if each.error is not None]
    if as_json:
        begun = sum(1 for each in outcomes if each.is_begun)
        sums = {"letters": len(outcomes), "begun": begun, "refused": len(refused)}
        _print_json({**sums, "items": [each.model_dump(mode="json") for each in outcomes]})
    else:
        Console().print(build_outcomes(outcomes, dry_run=dry_run) if outcomes else "There is nothing to replay.")
    return SOME_LANGUAGES_FAILED if refused else 0


def run_discard(letter_id: uuid.UUID, reason: str) -> int:
    """Give a letter up.

    Raises:
        InputError: no reason, or one that cannot be kept.
        NotFoundError, JobBusyError, JobFinishedError: see `Replayer.discard`.
    """
    reason = reason.strip()
    if not reason.isprintable() or not 0 < len(reason) <= MAX_REASON_CHARACTERS:
        raise InputError(f"Give a reason of 1 to {MAX_REASON_CHARACTERS} characters on one line.")
    with Container(load_settings()) as container:
        Replayer(container).discard(letter_id, reason)
    typer.echo(f"{letter_id} is discarded.")
    return 0


def _in_utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))
