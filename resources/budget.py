"""Whether there is money for work: asked, and held, in the transaction that queues it; and given back when it is over.

What a call under way may still cost is for the gate to ask (``purchasing/ledger.py``).
"""

import uuid
from collections.abc import Sequence

from dubbing.errors import DubbingError, JobBusyError
from dubbing.estimating import JobEstimate
from dubbing.spend_limits import Need
from dubbing.stages import SegmentedTranscript, Translations
from dubbing.transcript import Segment
from resources.database.connection import Database, UnitOfWork
from resources.database.tables import DubbingJob, Upload
from resources.estimating import Estimator

PAGE = 200
"""Jobs whose holds are released in one go."""


class Budget:
    """Holds money for jobs.

    Args:
        estimator: says what they cost.
        max_duration_ms: of a recording whose header does not say how long it is.
    """

    def __init__(self, estimator: Estimator, *, max_duration_ms: int) -> None:
        self._estimator = estimator
        self._max_duration_ms = max_duration_ms

    def hold(self, tx: UnitOfWork, job: DubbingJob, upload: Upload, languages: Sequence[str]) -> None:
        """Hold what work on a job may cost, in the transaction that queues it; the job is in the tables already.

        Raises:
            SpendLimitTooLowError: it costs more than the job may.
            BudgetExceededError: it costs more than is left.
            SettingsError: an engine has no price.
        """
        known = tx.values.load_transcript(job.id).segments or None
        duration_ms = upload.duration_ms if upload.duration_ms is not None else self._max_duration_ms
        estimate = self._estimator.estimate(
            tx, list(languages), duration_ms, source=job.source_language, voices=job.voices, transcript=known
        )
        need = _sum(estimate)
        if upload.duration_ms is None:
            need = Need(0, need.worst_usd_micros)
        tx.balances.open_hold(job.id, need)

    def hold_lines(
        self, tx: UnitOfWork, job: DubbingJob, upload: Upload, language: str, lines: Sequence[Segment]
    ) -> None:
        """Hold what making some lines of a language again may cost; nothing is heard again for them.

        Raises:
            SpendLimitTooLowError, BudgetExceededError, SettingsError: see `hold`.
        """
        estimate = self._estimator.estimate(
            tx, [language], upload.duration_ms or 0, source=job.source_language, voices=job.voices, transcript=lines
        )
        part = estimate.languages[language]
        tx.balances.open_hold(job.id, Need(part.low_usd_micros, part.high_usd_micros))

    def sharpen(
        self,
        tx: UnitOfWork,
        job_id: uuid.UUID,
        languages: Sequence[str],
        transcript: SegmentedTranscript,
        translations: Translations | None = None,
    ) -> None:
        """Fit the hold of a job under way to what is known by now: what is said, and then in which words.

        What cannot be estimated at this moment is left to the gate, which asks before each call.

        Raises:
            SpendLimitReachedError: there is no money to go on with; nothing more is to be bought.
        """
        job = tx.jobs.get(job_id)
        if job.revision > 1:
            return  # lines are made again, of which the hold knows best
        texts = {tag: {line.number: line.text for line in lines} for tag, lines in (translations or {}).items()}
        try:
            estimate = self._estimator.estimate(
                tx,
                list(languages),
                transcript.duration_ms,
                source=transcript.language,
                voices=job.voices,
                transcript=transcript.segments,
                translations=texts,
            )
        except DubbingError:
            return
        tx.balances.cover(job_id, _sum(estimate))

    def release_ended(self, database: Database) -> int:
        """Release what is held for jobs that have ended, and say for how many; each in a transaction of its own."""
        released, after = 0, None
        while True:
            with database.transaction() as tx:
                page = tx.balances.list_ended(PAGE, after=after)
            for job_id in page:
                released += _release(database, job_id)
            if len(page) < PAGE:
                return released
            after = page[-1]


def _sum(estimate: JobEstimate) -> Need:
    return Need(estimate.lowest_usd_micros, estimate.worst_usd_micros)


def _release(database: Database, job_id: uuid.UUID) -> bool:
    try:
        with database.transaction() as tx:
            is_released = tx.balances.release_ended(job_id)
            if is_released:
                tx.purchases.close_abandoned(job_id)  # of one that was left; an invoice ends only what is in doubt
            return is_released
    except JobBusyError:
        return False  # its run was started by hand; when that is over
