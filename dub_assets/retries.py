"""What an error makes of a step of the line: another try, or the end of the job. Nobody else decides it.

Dagster keeps every error with its causes for its own pages. So an error goes there by its own sentence alone: what
caused it, and what nobody expected, may hold a customer's words.
"""

import sys
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dagster as dg

from dub_assets.parking import OutageOverError, Tally, keep_tally, sit_out_database
from dubbing.errors import DatabaseUnavailableError, DubbingError, JobBusyError
from dubbing.retry_policy import STAGE_PAUSES_S, STAGE_TRIES, Again, get_rule
from resources.database.connection import Database
from resources.telemetry.logs import saying

RETRIES = dg.RetryPolicy(
    max_retries=STAGE_TRIES - 1,
    delay=STAGE_PAUSES_S[0],
    backoff=dg.Backoff.EXPONENTIAL,
    jitter=dg.Jitter.PLUS_MINUS,
)
"""Not given to Dagster, which would try again after anything, a cancel included; each try is asked for here."""

NO_LIMIT = 1_000_000
"""Told to Dagster as the most tries: those that count are counted here, and a wait for an outage is none."""

STAYED_AWAY = "The database was away for too long; run the job again when it is back."
UNEXPECTED = "Something unexpected happened; the log of the run has the place."


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a step of a job.

    Attributes:
        stage: what the job's records call the step.
        number: how often it was tried before, as Dagster counts: waits for an outage too.
        patience_s: how long to wait for a database that is away; 0 is not at all.
    """

    job_id: uuid.UUID
    stage: str
    number: int
    database: Database
    log: dg.DagsterLogManager
    patience_s: float = 0.0
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tally", keep_tally(self.job_id, self.stage, self.number))

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
        except OutageOverError:
            raise self._begin_anew() from None
        except DubbingError as error:
            raise self._judge(error) from None  # its causes hold more than its sentence
        except Exception:  # noqa: BLE001 - no message of an unknown error may leave
            log_frames(self.log, f"An unexpected error in {self.stage}")
            raise self._judge(DubbingError(UNEXPECTED)) from None

    def _judge(self, fault: DubbingError) -> dg.RetryRequested | dg.Failure:
        # Whatever broke while the database was away may have broken for that, and cannot be told without it.
        is_back = sit_out_database(self.database, self.tally, self.patience_s)
        if is_back and (fault.retryable or fault.message == UNEXPECTED):
            return self._begin_anew()
        if is_back is False:
            fault = DatabaseUnavailableError(STAYED_AWAY)
        elif get_rule(fault.code).again is Again.STAGE and self.tally.tries < RETRIES.max_retries:
            self.tally.tries += 1
            with saying(error_code=fault.code):
                self.log.warning("%s is tried again: %s %s", self.stage, fault.code, fault.message)
            return dg.RetryRequested(NO_LIMIT, RETRIES.calculate_delay(self.tally.tries))
        self._record(fault)
        return dg.Failure(fault.message, metadata={"code": fault.code}, allow_retries=False)

    def _begin_anew(self) -> dg.RetryRequested:
        self.log.info("What %s waited for is back; it goes on.", self.stage)
        return dg.RetryRequested(NO_LIMIT, 0)

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
