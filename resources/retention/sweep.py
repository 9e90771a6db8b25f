"""One pass over everything that is due, kind by kind; one job or one page at a time, each in its own transaction."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from dubbing.errors import JobBusyError, StorageError
from dubbing.retention import Kind, Policy, plan_purge
from resources.database.connection import Database
from resources.database.holdings import CACHES, Candidate
from resources.database.tables import ErasureCause
from resources.retention.job_erasure import ErasedJob, JobErasure
from resources.retention.objects import remove_objects
from resources.retention.orphans import sweep_orphans
from resources.retention.swept import Swept, Tally
from resources.retention.uploads import close_upload, hold_upload, is_needed, list_upload_keys
from resources.retention.users import UserErasure
from resources.storage.port import ObjectStore

COUNTED = (Kind.ARTIFACT, Kind.JOB, Kind.UPLOAD, *CACHES)
"""Kinds that the tables know; objects that no row knows are counted by the sweep itself."""

PAGE_OF_REQUESTS = 200
"""Requested jobs that are listed at a time."""


class Sweep:
    """A sweep that is under way; used once."""

    def __init__(
        self, database: Database, store: ObjectStore, erasure: JobErasure, policy: Policy, now: datetime
    ) -> None:
        self._database = database
        self._store = store
        self._erasure = erasure
        self._users = UserErasure(database, store)
        self._policy = policy
        self._now = now
        self._tally = Tally()
        self._left: set[uuid.UUID] = set()  # tried already, and left to the next sweep

    def run(self) -> Swept:
        """Erase what is due; a store that is away ends it, and what was done stays done."""
        missing, broken_off = None, None
        try:
            self._sweep_requested()
            self._end_abandoned()
            self._sweep_jobs(Kind.ARTIFACT)
            self._sweep_jobs(Kind.JOB)
            self._sweep_uploads()
            for kind in CACHES:
                self._sweep_cache(kind)
            missing = sweep_orphans(self._database, self._store, self._policy, self._now, self._tally)
        except StorageError as error:
            broken_off = error.code
        with self._database.transaction() as tx:
            overdue = {
                kind: tx.holdings.count_due(kind, cutoff=self._policy.find_cutoff(kind, self._now), now=self._now)
                for kind in COUNTED
            }
            requested = tx.erasures.count_requested()
        tally = self._tally
        return Swept(
            erased=+tally.erased,
            size_bytes=tally.size_bytes,
            jobs=tuple(tally.jobs),
            users=tally.users,
            in_use=+tally.in_use,
            left_in_flight=tally.left_in_flight,
            refused=dict(tally.refused),
            overdue={kind: count for kind, count in overdue.items() if count},
            requested=requested,
            missing=missing[0] if missing is not None else None,
            missing_ids=tuple(missing[1]) if missing is not None else (),
            broken_off=broken_off,
        )

    def _sweep_requested(self) -> None:
        after = None
        while page := self._list_requested(after):
            after = page[-1]
            for job_id in page:
                self._erase_requested(job_id)
        tally = self._tally
        for erased in self._users.run_all():
            tally.erased[Kind.UPLOAD] += erased.uploads
            tally.refused.update(erased.refused)
            tally.users += erased.is_done

    def _list_requested(self, after: uuid.UUID | None) -> Sequence[uuid.UUID]:
        with self._database.transaction() as tx:
            return tx.erasures.list_requested(PAGE_OF_REQUESTS, after=after)

    def _erase_requested(self, job_id: uuid.UUID) -> None:
        try:
            with self._database.transaction() as tx:
                done = self._erasure.erase_all(tx, job_id, ErasureCause.REQUEST, "")
        except JobBusyError:
            self._pass_over(job_id)
        else:
            self._count(done)

    def _end_abandoned(self) -> None:
        """End what was interrupted at a terminal and not taken up again for as long as words are kept: it is due."""
        cutoff = self._policy.find_cutoff(Kind.JOB, self._now)
        with self._database.transaction() as tx:
            abandoned = tx.erasures.list_abandoned(cutoff=cutoff)
        for job_id in abandoned:
            with suppress(JobBusyError), self._database.transaction() as tx:
                tx.erasures.end_abandoned(job_id, cutoff=cutoff)

    def _sweep_jobs(self, kind: Kind) -> None:
        """Erase, of every job that something of this kind is due of, all that is due."""
        for due in self._list_due(kind):
            for job_id in dict.fromkeys(each.job_id for each in due):
                if job_id is not None and job_id not in self._left:
                    self._sweep_job(job_id)

    def _sweep_job(self, job_id: uuid.UUID) -> None:
        try:
            with self._database.transaction() as tx:
                done = self._erasure.erase_due(tx, job_id, self._policy, self._now)
        except JobBusyError:
            self._pass_over(job_id)
        else:
            self._count(done)

    def _pass_over(self, job_id: uuid.UUID) -> None:
        self._tally.left_in_flight += 1
        self._left.add(job_id)

    def _count(self, done: ErasedJob) -> None:
        self._tally.add_job(done)
        if done.refused:
            self._left.add(done.job_id)

    def _sweep_uploads(self) -> None:
        for due in self._list_due(Kind.UPLOAD):
            with self._database.transaction() as tx:
                held = [hold_upload(tx, uuid.UUID(each.holding.id)) for each in due]
                going = [each for each in held if each is not None and not is_needed(tx, each.id)]
                removal = remove_objects(self._store, [key for each in going for key in list_upload_keys(each)])
                gone = [each for each in going if not removal.refused.keys() & set(list_upload_keys(each))]
                for upload in gone:
                    close_upload(tx, upload)
            self._tally.erased[Kind.UPLOAD] += len(gone)
            self._tally.refused.update(removal.reasons)

    def _sweep_cache(self, kind: Kind) -> None:
        cutoff = self._policy.find_cutoff(kind, self._now)
        for due in self._list_due(kind):
            with self._database.transaction() as tx:
                held = tx.holdings.take_cached(kind, [each.holding.id for each in due], cutoff=cutoff)
                removal = remove_objects(self._store, [key for key in held.values() if key is not None])
                gone = [content_key for content_key, key in held.items() if key not in removal.refused]
                self._tally.erased[kind] += tx.holdings.remove_cached(kind, gone)
            self._tally.refused.update(removal.reasons)

    def _list_due(self, kind: Kind) -> Iterator[Sequence[Candidate]]:
        """Give what is due in pages; each is looked for when the one before is done with."""
        after = None
        cutoff = self._policy.find_cutoff(kind, self._now)
        while True:
            with self._database.transaction() as tx:
                page = tx.holdings.list_page(kind, cutoff=cutoff, now=self._now, after=after)
            if not page:
                return
            after = page[-1].place
            purge = plan_purge((each.holding for each in page), self._policy, self._now)
            self._tally.in_use[kind] += len(purge.in_use)
            due = set(purge.due)
            if chosen := [each for each in page if each.holding in due]:
                yield chosen
