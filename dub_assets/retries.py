"""What an error makes of a step of the line: another try, or the end of the job. Nobody else decides it.

Dagster keeps every error with its causes for its own pages. So an error goes there by its own sentence alone: what
caused it, and what nobody expected, may hold a customer's words.
"""

import sys
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import dagster as dg

from dubbing.errors import DatabaseUnavailableError, DubbingError, JobBusyError, VendorError
from resources.database.connection import Database

RETRIES = dg.RetryPolicy(max_retries=3, delay=2.0, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""2, 4 and 8 seconds, each two more or less so that jobs do not come back in step: by then a database has restarted.
Not given to Dagster, which would try again after anything, a cancel included; each try is asked for here."""

UNEXPECTED = "Something unexpected happened; the log of the run has the place."


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a step of a job.

    Attributes:
        stage: what the job's records call the step.
        number: how often it was tried before.
    """

    job_id: uuid.UUID
    stage: str
    number: int
    database: Database
    log: dg.DagsterLogManager

    @contextmanager
    def judging_errors(self) -> Iterator[None]:
        """Let an error of the block end the try as its kind demands.

        Raises:
            dagster.RetryRequested: it may pass, and this was not the last try.
            dagster.Failure: it ended the run; the job too, unless another process has it by now.
        """
        try:
            yield
        except (dg.Failure, dg.RetryRequested):
            raise
        except DubbingError as error:
            raise self._judge(error) from None  # its causes hold more than its sentence
        except Exception:  # noqa: BLE001 - no message of an unknown error may leave
            log_frames(self.log, f"An unexpected error in {self.stage}")
            raise self._judge(DubbingError(UNEXPECTED)) from None

    def _judge(self, fault: DubbingError) -> dg.RetryRequested | dg.Failure:
        # A vendor was asked as often as is worthwhile before its error came here.
        is_worthwhile = fault.retryable and not isinstance(fault, VendorError)
        if is_worthwhile and self.number < RETRIES.max_retries:
            self.log.warning("%s is tried again: %s %s", self.stage, fault.code, fault.message)
            return dg.RetryRequested(RETRIES.max_retries, RETRIES.calculate_delay(self.number + 1))
        self._record(fault)
        return dg.Failure(fault.message, metadata={"code": fault.code}, allow_retries=False)

    def _record(self, fault: DubbingError) -> None:
        """Fail the job, unless another process has it; what cannot be written is seen when the run has ended."""
        if isinstance(fault, JobBusyError):
            return
        with (
            suppress(JobBusyError, DatabaseUnavailableError),
            self.database.lock_job(str(self.job_id)),
            self.database.transaction() as tx,
        ):
            tx.jobs.fail_job(self.job_id, self.stage, fault)


def log_frames(log: dg.DagsterLogManager, what: str) -> None:
    """Log where the current error comes from, and nothing that it says."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    log.error("%s:\n%s", what, "\n".join(f"{each.filename}:{each.lineno} in {each.name}" for each in frames))
