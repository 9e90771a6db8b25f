"""Dead letters: what failed for good, at the level at which it failed, until a person or a later run settles it.

There is one letter for a thing that fails, however often and wherever: a job, a language of it, a line of a language.
At any time a failed language is covered by one open letter, its own or its job's; whoever writes here holds the job.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from dubbing.errors import DubbingError, VendorError, build_error
from dubbing.jobs import LanguageState
from resources.database.letter_facts import describe_work, find_failed_call, sum_spending
from resources.database.tables import DeadLetter, DubbedSegment, DubbingJob, LetterState, SegmentState

UNSETTLED = (LetterState.OPEN.value, LetterState.REPLAYING.value)

MAX_WORDS = 300
"""Most characters that are kept of what a vendor said."""

LINE_LOST = "This line is not heard in the dub; replay the letter to have it made, or change the line."


class DeadLetters:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record_job(self, job_id: uuid.UUID, stage: str, error: DubbingError, languages: Collection[str]) -> None:
        """Record that a job failed as a whole, and with it these languages.

        A language whose own letter was being replayed counts there: the same thing failed again.
        """
        own = [each for each in self._list_unsettled(job_id) if each.language in languages and _is_of_language(each)]
        for letter in own:
            self._write(job_id, letter.language, None, stage, error)
        rest = sorted(set(languages) - {letter.language for letter in own})
        if rest:
            before = self._find(job_id, None, None, stage)
            kept = _list_languages(before) if before is not None and before.state in UNSETTLED else []
            self._write(job_id, None, None, stage, error, languages=sorted({*kept, *rest}))

    def record_language(self, job_id: uuid.UUID, language: str, stage: str, error: DubbingError) -> None:
        """Record that a language failed alone.

        Where it is all that the letter of its job still stood for, that is the letter; else it is taken out there.
        """
        for letter in self._list_unsettled(job_id):
            if letter.language is None and _list_languages(letter) == [language]:
                self._write(job_id, None, None, stage, error, languages=[language])
                return
        self._release(job_id, [language])
        self._write(job_id, language, None, stage, error)

    def record_segment(self, job_id: uuid.UUID, language: str, number: int, stage: str, error: DubbingError) -> None:
        """Record that a line was lost; once an attempt, and not again if a person discarded it."""
        letter = self._find(job_id, language, number, stage)
        if letter is not None:
            is_known = letter.state == LetterState.OPEN and letter.snapshot.get("attempt") == self._get_attempt(job_id)
            if is_known or letter.state == LetterState.DISCARDED:
                return
        self._write(job_id, language, number, stage, error)

    def settle_language(self, job_id: uuid.UUID, language: str, state: LanguageState) -> None:
        """Bring the letters of a language in line with its end; a failed one writes its letter by itself.

        Delivered, its letters are replayed, but for lines that were lost all the same: they get one. Cancelled, what
        was being replayed is open again.
        """
        if state is LanguageState.FAILED:
            return
        covering = [each for each in self._list_unsettled(job_id) if language in _list_covered(each)]
        if state is LanguageState.CANCELLED:
            for letter in covering:
                letter.state = LetterState.OPEN.value
            self._session.flush()
            return
        lost = self._list_lost_lines(job_id, language)
        for letter in covering:
            if letter.language is not None and letter.segment_number not in lost:
                letter.state = LetterState.REPLAYED.value
        self._release(job_id, [language])
        for number, line in lost.items():
            stage = LanguageState.TRANSLATING if line.translation_error else LanguageState.SYNTHESIZING
            error = build_error(line.translation_error or line.error_code or DubbingError.code, LINE_LOST)
            self.record_segment(job_id, language, number, stage.value, error)
        self._session.flush()

    def mark_replaying(self, job_id: uuid.UUID, languages: Collection[str], attempt: int) -> None:
        """Record that languages were queued once more, and which attempt at the job is to make them.

        The letter of a job of which only some are is no letter of those any more.
        """
        for letter in self._list_unsettled(job_id):
            covered = _list_covered(letter)
            if covered and covered <= set(languages):
                letter.state = LetterState.REPLAYING.value
                letter.snapshot = {**letter.snapshot, "replay_attempt": attempt}
            elif letter.language is None:
                self._release(job_id, languages)
        self._session.flush()

    def discard(self, letter: DeadLetter) -> None:
        """Give up what a letter stands for."""
        letter.state = LetterState.DISCARDED.value
        self._session.flush()

    def find(self, letter_id: uuid.UUID) -> DeadLetter | None:
        """Find a letter, as it is now."""
        statement = select(DeadLetter).where(DeadLetter.id == letter_id)
        return self._session.scalars(statement.execution_options(populate_existing=True)).one_or_none()

    def has_open(self, job_id: uuid.UUID, language: str) -> bool:
        """Tell whether an open letter covers a language."""
        return any(
            letter.state == LetterState.OPEN and language in _list_covered(letter)
            for letter in self._list_unsettled(job_id)
        )

    def _release(self, job_id: uuid.UUID, languages: Collection[str]) -> None:
        """Take languages out of their job's letter; what stands for none any more is settled."""
        for letter in self._list_unsettled(job_id):
            if letter.language is None and _list_covered(letter) & set(languages):
                left = [each for each in _list_languages(letter) if each not in languages]
                if left:
                    letter.snapshot = {**letter.snapshot, "languages": left}
                else:  # it keeps saying what it stood for
                    letter.state = LetterState.REPLAYED.value
        self._session.flush()

    def _write(
        self,
        job_id: uuid.UUID,
        language: str | None,
        segment: int | None,
        stage: str,
        error: DubbingError,
        *,
        languages: Sequence[str] = (),
    ) -> None:
        """Write a letter, or the next failure into the one there is."""
        job = self._session.get_one(DubbingJob, job_id)
        call = find_failed_call(self._session, job_id, language, error.code)
        work = describe_work(self._session, job, language, segment)
        spent = sum_spending(self._session, job_id, language)
        letter = self._find(job_id, language, segment, stage)
        if letter is None:
            letter = DeadLetter(job_id=job_id, language=language, segment_number=segment, attempts=0)
        letter.snapshot = {**work, **call, **({"languages": list(languages)} if languages else {})}
        letter.stage, letter.run_id = stage, job.run_id
        letter.error_code, letter.message, letter.retryable = error.code, error.message, error.retryable
        letter.vendor_words = _keep_words(error)
        letter.spent_usd_micros = spent
        letter.state, letter.last_at = LetterState.OPEN.value, func.clock_timestamp()
        letter.attempts += 1
        self._session.add(letter)
        self._session.flush()

    def _find(self, job_id: uuid.UUID, language: str | None, segment: int | None, stage: str) -> DeadLetter | None:
        """Find the letter of a thing; of several that an older release wrote, the one of this stage."""
        statement = (
            select(DeadLetter)
            .where(
                DeadLetter.job_id == job_id,
                DeadLetter.language.is_not_distinct_from(language),
                DeadLetter.segment_number.is_not_distinct_from(segment),
            )
            .order_by((DeadLetter.stage == stage).desc(), DeadLetter.last_at.desc())
            .limit(1)
        )
        return self._session.scalars(statement.execution_options(populate_existing=True)).first()

    def _list_unsettled(self, job_id: uuid.UUID) -> Sequence[DeadLetter]:
        statement = select(DeadLetter).where(DeadLetter.job_id == job_id, DeadLetter.state.in_(UNSETTLED))
        return self._session.scalars(statement.execution_options(populate_existing=True)).all()

    def _list_lost_lines(self, job_id: uuid.UUID, language: str) -> Mapping[int, DubbedSegment]:
        lines: Iterable[DubbedSegment] = self._session.scalars(
            select(DubbedSegment)
            .where(
                DubbedSegment.job_id == job_id,
                DubbedSegment.language == language,
                or_(DubbedSegment.state == SegmentState.FAILED.value, DubbedSegment.translation_error.is_not(None)),
                DubbedSegment.state.is_distinct_from(SegmentState.ORIGINAL.value),
            )
            .order_by(DubbedSegment.number)
            .execution_options(populate_existing=True)
        )
        return {line.number: line for line in lines}

    def _get_attempt(self, job_id: uuid.UUID) -> int:
        return self._session.scalars(select(DubbingJob.attempt).where(DubbingJob.id == job_id)).one()


def _is_of_language(letter: DeadLetter) -> bool:
    return letter.language is not None and letter.segment_number is None


def _list_covered(letter: DeadLetter) -> set[str]:
    """List the languages that a letter stands for, or for a line of."""
    return {letter.language} if letter.language is not None else set(_list_languages(letter))


def _list_languages(letter: DeadLetter) -> list[str]:
    named: Any = letter.snapshot.get("languages", [])
    return list(named)


def _keep_words(error: DubbingError) -> str | None:
    words = error.vendor_words if isinstance(error, VendorError) else None
    return words[:MAX_WORDS] if words else None
