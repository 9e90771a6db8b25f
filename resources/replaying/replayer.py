"""Replaying letters: checked against what is still there and what may be spent, then queued; or only priced."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from dubbing.errors import DatabaseUnavailableError, DubbingError, JobBusyError, JobFinishedError, NotFoundError
from dubbing.jobs import DELIVERED_STATES, LanguageState
from dubbing.replaying import ReplayPlan, plan_replay
from resources.container import Container
from resources.database.connection import UnitOfWork
from resources.database.jobs import EXPIRED
from resources.database.tables import DeadLetter, LetterState, Upload
from resources.replaying.missing import Missing

NO_SUCH_LETTER = "There is no such dead letter."
SETTLED = "This letter is settled; there is nothing to replay or to discard."
BEING_REPLAYED = "This letter is being replayed; wait for what comes of it."
SOURCE_GONE = "The recording of this job has expired; upload it and submit it again."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the wish to replay a letter.

    Attributes:
        attempt: at the job, which makes it; None where none does.
        is_begun: it was begun by this wish, and not by an earlier one.
        plan: what it would buy, where only that was asked.
        error: why it was not begun.
    """

    letter_id: uuid.UUID
    attempt: int | None = None
    is_begun: bool = False
    plan: ReplayPlan | None = None
    error: DubbingError | None = None


class Replayer:
    """Works on letters for an operator."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def replay(self, letter_id: uuid.UUID) -> Outcome:
        """Queue what a letter stands for once more; one that is being replayed is left to that.

        Raises:
            NotFoundError: there is no such letter.
            JobBusyError: its job is being worked on.
            JobFinishedError: it is settled, or what it was made of has expired.
            BudgetExceededError, SpendLimitTooLowError: there is no money for it.
        """
        letter, upload = self._get(letter_id)
        check_source(self._container, upload)
        with self._container.database.transaction() as tx:
            tx.jobs.lock(letter.job_id)
            letter = _find(tx, letter_id)
            if letter.state == LetterState.REPLAYING:
                return Outcome(letter_id, letter.snapshot.get("replay_attempt"))
            _check_open(letter)
            attempt = _begin(tx, letter)
            self._container.budget.hold(tx, tx.jobs.get(letter.job_id), upload, list_languages(letter))
            return Outcome(letter_id, attempt, is_begun=True)

    def plan(self, letter_id: uuid.UUID) -> Outcome:
        """Say what a replay would buy, and buy nothing.

        Raises:
            NotFoundError, JobFinishedError: as `replay`.
            VendorError: a vendor's voices cannot be listed.
        """
        letter, upload = self._get(letter_id)
        _check_open(letter)
        check_source(self._container, upload)
        with self._container.database.transaction() as tx:
            prices = {model: price.prices for model, price in tx.prices.list_current().items()}
        languages = list_languages(letter)
        needs = Missing(self._container, letter.job_id).list_needs(languages)
        return Outcome(letter_id, plan=plan_replay(languages, needs, prices))

    def replay_all(self, letter_ids: Sequence[uuid.UUID], *, dry_run: bool = False) -> list[Outcome]:
        """Replay letters; one that cannot be says why, and the others go on."""
        work = self.plan if dry_run else self.replay
        outcomes = []
        for letter_id in letter_ids:
            try:
                outcomes.append(work(letter_id))
            except DatabaseUnavailableError:
                raise
            except DubbingError as error:
                outcomes.append(Outcome(letter_id, error=error))
        return outcomes

    def discard(self, letter_id: uuid.UUID, reason: str) -> DeadLetter:
        """Give up what a letter stands for, and write the reason into the job's history.

        Raises:
            NotFoundError: there is no such letter.
            JobBusyError: it is being replayed.
            JobFinishedError: it is settled.
        """
        letter, _ = self._get(letter_id)
        with self._container.database.transaction() as tx:
            tx.jobs.lock(letter.job_id)
            letter = _find(tx, letter_id)
            if letter.state == LetterState.REPLAYING:
                raise JobBusyError(BEING_REPLAYED)
            _check_open(letter)
            tx.letters.discard(letter)
            said = {"letter": str(letter_id), "stage": letter.stage, "code": letter.error_code, "reason": reason}
            tx.jobs.record_event(letter.job_id, "letter.discarded", language=letter.language, data=said)
            return letter

    def _get(self, letter_id: uuid.UUID) -> tuple[DeadLetter, Upload]:
        with self._container.database.transaction() as tx:
            letter = _find(tx, letter_id)
            return letter, tx.uploads.get_of_job(letter.job_id)


def check_source(container: Container, upload: Upload) -> None:
    """Let a job be made again while its recording is there; in no transaction, for the store is asked.

    Raises:
        JobFinishedError: it is not.
        StorageError: the store does not answer.
    """
    if container.store.find_info(upload.storage_key) is None:
        raise JobFinishedError(SOURCE_GONE)


def list_languages(letter: DeadLetter) -> Sequence[str]:
    """List the languages that a letter stands for, or for a line of."""
    named: Sequence[str] = letter.snapshot.get("languages", [])
    return [letter.language] if letter.language is not None else named


def _find(tx: UnitOfWork, letter_id: uuid.UUID) -> DeadLetter:
    letter = tx.letters.find(letter_id)
    if letter is None:
        raise NotFoundError(NO_SUCH_LETTER)
    return letter


def _check_open(letter: DeadLetter) -> None:
    if letter.state == LetterState.REPLAYING:
        raise JobBusyError(BEING_REPLAYED)
    if letter.state != LetterState.OPEN:
        raise JobFinishedError(SETTLED)


def _begin(tx: UnitOfWork, letter: DeadLetter) -> int:
    """Queue the language, or the languages, of a letter; a delivered one for the lines that it lost."""
    states = {task.language: LanguageState(task.state) for task in tx.jobs.list_languages(letter.job_id)}
    language = letter.language
    if letter.segment_number is None or language is None or states[language] not in DELIVERED_STATES:
        return tx.replays.begin(letter.job_id, list_languages(letter))
    if not any(file.language == language for file in tx.views.list_artifacts(letter.job_id)):
        raise JobFinishedError(EXPIRED)
    return tx.replays.begin_lines(letter.job_id, [language])
