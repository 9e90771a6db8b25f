"""Dead letters of all users, for an operator: read and written as the service, after the token was looked at."""

import uuid

from api.access import Access
from api.cursors import cut_page, parse_cursor
from api.dead_letters.replies import build_letter_reply, build_replay_reply
from api.dead_letters.schemas import (
    BulkReplayReply,
    BulkReplayRequest,
    LetterFilter,
    LetterListQuery,
    LetterPage,
    LetterReply,
    ReplayReply,
)
from dubbing.errors import NotFoundError
from resources.database.letter_views import LetterQuery, list_letter_ids, list_letters
from resources.database.positions import Position
from resources.database.tables import LetterState
from resources.replaying.replayer import NO_SUCH_LETTER, Replayer


def list_all_letters(access: Access, query: LetterListQuery) -> LetterPage:
    """Return a page of letters."""
    after = parse_cursor(query.cursor)
    with access.container.database.transaction() as tx:
        found = list_letters(tx, _build_query(query, query.state), after=after, limit=query.limit + 1)
    letters, next_cursor = cut_page(found, query.limit, lambda letter: Position(letter.last_at, letter.id))
    return LetterPage(items=[build_letter_reply(letter) for letter in letters], next_cursor=next_cursor)


def read_letter(access: Access, letter_id: uuid.UUID) -> LetterReply:
    """Return a letter.

    Raises:
        NotFoundError: there is none.
    """
    with access.container.database.transaction() as tx:
        letter = tx.letters.find(letter_id)
    if letter is None:
        raise NotFoundError(NO_SUCH_LETTER)
    return build_letter_reply(letter)


def replay_letter(access: Access, letter_id: uuid.UUID, *, dry_run: bool) -> ReplayReply:
    """Replay a letter, or say what that would buy.

    Raises:
        NotFoundError, JobBusyError, JobFinishedError, BudgetExceededError: see `Replayer.replay`.
    """
    replayer = Replayer(access.container)
    return build_replay_reply(replayer.plan(letter_id) if dry_run else replayer.replay(letter_id))


def replay_letters(access: Access, wanted: BulkReplayRequest) -> BulkReplayReply:
    """Replay some of the open letters that are asked for; go on with the others by another request."""
    query = _build_query(wanted, LetterState.OPEN)
    with access.container.database.transaction() as tx:
        found = list_letter_ids(tx, query, after=wanted.after, limit=wanted.limit + 1)
    chosen = found[: wanted.limit]
    outcomes = Replayer(access.container).replay_all(chosen, dry_run=wanted.dry_run)
    return BulkReplayReply(
        items=[build_replay_reply(outcome) for outcome in outcomes],
        next_after=chosen[-1] if len(found) > wanted.limit else None,
    )


def discard_letter(access: Access, letter_id: uuid.UUID, reason: str) -> LetterReply:
    """Give up what a letter stands for.

    Raises:
        NotFoundError, JobBusyError, JobFinishedError: see `Replayer.discard`.
    """
    return build_letter_reply(Replayer(access.container).discard(letter_id, reason))


def _build_query(wanted: LetterFilter, state: LetterState | None) -> LetterQuery:
    return LetterQuery(state, wanted.error_code, wanted.stage, wanted.vendor, wanted.job_id, wanted.since, wanted.until)
