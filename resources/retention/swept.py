"""The account of one sweep: figures, ids of ours and reasons of the store, none of it a customer's word."""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from dubbing.retention import Kind
from resources.database.holdings import CACHES
from resources.retention.job_erasure import ErasedJob


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did.

    Attributes:
        is_busy: another sweep is going on, and this one did nothing.
        erased: how many of each kind.
        size_bytes: of the outputs and of the objects that no row knew; what the store says of others is not asked.
        jobs: that were erased.
        users: of whom everything was erased, as they asked.
        in_use: how many of each kind are old enough, and needed or worked on.
        left_in_flight: jobs that were passed over because somebody works on them.
        refused: how often the store refused to remove an object, by its reason.
        overdue: how many of each kind are due all the same, after the sweep.
        requested: jobs whose deletion was asked for and is still to come.
        missing: how many rows there are whose object is not in the store; None where the store was not listed.
        missing_ids: some of them, as ``kind id``.
        broken_off: code of the error that ended the sweep before its end.
    """

    is_busy: bool = False
    erased: Mapping[Kind, int] = field(default_factory=dict)
    size_bytes: int = 0
    jobs: tuple[uuid.UUID, ...] = ()
    users: int = 0
    in_use: Mapping[Kind, int] = field(default_factory=dict)
    left_in_flight: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    overdue: Mapping[Kind, int] = field(default_factory=dict)
    requested: int = 0
    missing: int | None = None
    missing_ids: tuple[str, ...] = ()
    broken_off: str | None = None


@dataclass(slots=True)
class Tally:
    """What a sweep counts while it goes on."""

    erased: Counter[Kind] = field(default_factory=Counter)
    size_bytes: int = 0
    jobs: list[uuid.UUID] = field(default_factory=list)
    users: int = 0
    in_use: Counter[Kind] = field(default_factory=Counter)
    left_in_flight: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add_job(self, done: ErasedJob) -> None:
        """Count what became of a job."""
        self.erased[Kind.ARTIFACT] += done.artifacts
        self.erased[Kind.UPLOAD] += done.has_upload
        for kind, table in CACHES.items():
            self.erased[kind] += done.caches.get(table, 0)
        self.size_bytes += done.size_bytes
        self.refused.update(done.refused)
        if done.receipt is not None:
            self.erased[Kind.JOB] += 1
            self.jobs.append(done.job_id)
