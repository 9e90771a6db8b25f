"""The eraser: one job at once, or everything that is due."""

import time
import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import NoResultFound

from dubbing.errors import JobBusyError, NotFoundError, StorageError
from dubbing.retention import Policy
from resources.database.connection import Database
from resources.database.tables import ErasureCause
from resources.retention.job_erasure import ErasedJob, JobErasure
from resources.retention.sweep import Sweep
from resources.retention.swept import Swept
from resources.retention.users import UserErasure
from resources.storage.port import ObjectStore
from resources.vendors.retention_wishes import RetentionWish

LOCK = "retention"
"""Names the hold of the one sweep that may go on."""

REQUESTS = 20
"""Most requested jobs, and users, that one look at the requests takes up."""

REFUSED = "The store refused to remove some of the files; they are tried again until they are gone."


class Eraser:
    """Erases.

    Args:
        wishes: what vendors are asked, by their name in the ledger.
    """

    def __init__(
        self, database: Database, store: ObjectStore, policy: Policy, wishes: Mapping[str, RetentionWish]
    ) -> None:
        self._database = database
        self._store = store
        self._policy = policy
        self._erasure = JobErasure(store, wishes)

    def erase_job(self, job_id: uuid.UUID, *, cause: ErasureCause, requested_by: str) -> ErasedJob:
        """Erase all that is the customer's of a job that nobody works on, whatever its age.

        That is its outputs and its words; its recording, unless another job that lives is made of it; what it bought
        and the readings it uses, unless another job needs them. A deletion that was asked for is recorded first, so
        that it is not lost whatever happens here. A job that is erased already gives the receipt of then.

        Args:
            requested_by: who asked: the id of a person, or the name of an operator's command.

        Raises:
            NotFoundError: there is no such job.
            JobBusyError: it is in flight, or a process holds it.
            StorageError: the store failed. Nothing is closed that was not erased; the next sweep ends it.
        """
        if cause is ErasureCause.REQUEST:
            with self._database.transaction() as tx:
                tx.erasures.request_deletion(job_id, requested_by)
        try:
            with self._database.transaction() as tx:
                done = self._erasure.erase_all(tx, job_id, cause, requested_by)
        except NoResultFound:
            raise NotFoundError("There is no such job.") from None
        if done.refused:
            raise StorageError(REFUSED)
        return done

    def erase_requested(self, after: uuid.UUID | None, *, seconds: float) -> tuple[uuid.UUID | None, int]:
        """Go on erasing jobs and users whose deletion was requested, for about so long; those at work are left.

        Args:
            after: where the look before ended; None to begin anew.

        Returns:
            Where to go on, None at the end; and how many were erased.

        Raises:
            StorageError: the store does not answer.
        """
        until = time.monotonic() + seconds
        with self._database.transaction() as tx:
            jobs = tx.erasures.list_requested(REQUESTS, after=after)
        erased = 0
        for job_id in jobs:
            erased += self._try_requested(job_id)
            if time.monotonic() > until:
                return job_id, erased
        users = UserErasure(self._database, self._store)
        for user_id in users.list_users(limit=REQUESTS):
            erased += users.erase(user_id).is_done
            if time.monotonic() > until:
                break
        return (jobs[-1] if len(jobs) == REQUESTS else None), erased

    def sweep(self, now: datetime | None = None) -> Swept:
        """Erase everything that is due, and what was requested; only one at a time.

        Args:
            now: aware; by the clock of Postgres where not given.
        """
        with self._database.try_hold(LOCK) as is_held:
            if not is_held:
                return Swept(is_busy=True)
            return Sweep(self._database, self._store, self._erasure, self._policy, now or self._read_clock()).run()

    def _try_requested(self, job_id: uuid.UUID) -> bool:
        try:
            with self._database.transaction() as tx:
                return self._erasure.erase_all(tx, job_id, ErasureCause.REQUEST, "").receipt is not None
        except JobBusyError:
            return False

    def _read_clock(self) -> datetime:
        with self._database.transaction() as tx:
            now: datetime = tx.session.scalars(select(func.clock_timestamp())).one()
            return now
