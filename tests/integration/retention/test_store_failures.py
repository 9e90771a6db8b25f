"""A store that fails half-way, or keeps one object: nothing is lost, it is told, and the next sweep ends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from dubbing.errors import StorageError
from dubbing.retention import Kind
from resources.database.tables import ErasureCause
from resources.retention.eraser import Eraser
from resources.storage.port import ObjectStore
from tests.support.kept import NOW, POLICY, STALE, WISHES, Kept, search_rows


@dataclass
class FailingStore:
    """A real store, but for deletions: it is away from the n-th object on, and keeps some.

    It cannot prove what a real server answers; the contract of the stores does.
    """

    inner: ObjectStore
    is_away_after: int | None = None
    kept_keys: set[str] = field(default_factory=set)
    deleted: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def delete_many(self, keys: Sequence[str]) -> Mapping[str, str]:
        refused = {}
        for key in keys:
            if self.is_away_after is not None and self.deleted >= self.is_away_after:
                raise StorageError("The store does not answer.")
            if key in self.kept_keys:
                refused[key] = "AccessDenied"
            else:
                self.inner.delete_many([key])
                self.deleted += 1
        return refused


@pytest.fixture
def failing(kept: Kept) -> FailingStore:
    store = FailingStore(kept.store)
    kept.eraser = Eraser(kept.database, store, POLICY, WISHES)  # type: ignore[arg-type]
    return store


@pytest.mark.parametrize("is_away_after", range(0, 16, 3))
def test_a_store_that_goes_away_ends_the_sweep_and_the_next_one_ends_the_work(
    kept: Kept, failing: FailingStore, is_away_after: int
) -> None:
    jobs = [kept.add_job(STALE) for _ in range(4)]
    failing.is_away_after = is_away_after
    first = kept.eraser.sweep(NOW)
    assert first.broken_off == "storage_failed"
    assert first.overdue.get(Kind.JOB, 0) == 4 - len(first.jobs)
    for job_id in jobs:  # what is not erased has its words and no receipt; what is has a receipt and no object
        is_erased = kept.get_job(job_id).state == "expired"
        assert kept.count("deletion_receipts", job_id=job_id) == is_erased
        assert kept.count("segments", job_id=job_id) != is_erased
    failing.is_away_after = None
    second = kept.eraser.sweep(NOW)
    assert second.broken_off is None
    assert sorted([*first.jobs, *second.jobs]) == sorted(jobs)
    assert list(kept.store.list_objects()) == []
    assert kept.count("deletion_receipts") == 4


def test_an_object_that_cannot_be_removed_keeps_its_job_and_no_other(kept: Kept, failing: FailingStore) -> None:
    stuck, other = kept.add_job(STALE), kept.add_job(STALE)
    artifact = kept.list_artifacts(stuck)[0]
    failing.kept_keys = {artifact.storage_key}
    swept = kept.eraser.sweep(NOW)
    assert swept.jobs == (other,)
    assert dict(swept.refused) == {"AccessDenied": 1}
    assert swept.overdue[Kind.ARTIFACT] == 1
    assert [each.erased_at is None for each in kept.list_artifacts(stuck) if each.id == artifact.id] == [True]
    assert kept.count("segments", job_id=stuck) == 1
    failing.kept_keys = set()
    assert kept.eraser.sweep(NOW).jobs == (stuck,)
    assert search_rows(kept.database, str(artifact.storage_key)) == ["artifacts.storage_key"]


def test_a_take_that_cannot_be_removed_stays_in_the_cache(kept: Kept, failing: FailingStore) -> None:
    job_id = kept.add_job(STALE)
    failing.kept_keys = {key for key in kept.list_keys(job_id) if key.startswith("takes/")}
    swept = kept.eraser.sweep(NOW)
    assert (swept.erased.get(Kind.TAKE, 0), swept.overdue[Kind.TAKE], kept.count("takes")) == (0, 1, 1)


def test_a_request_that_the_store_fails_is_kept_and_ended_by_the_next_sweep(kept: Kept, failing: FailingStore) -> None:
    job_id = kept.add_job(STALE)
    failing.is_away_after = 2
    with pytest.raises(StorageError):
        kept.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ana")
    failing.is_away_after, failing.kept_keys = None, {kept.list_keys(job_id)[-1]}
    with pytest.raises(StorageError):
        kept.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ana")
    assert kept.count("deletion_receipts") == 0
    failing.kept_keys = set()
    swept = kept.eraser.sweep(NOW)
    assert (swept.jobs, kept.count("deletion_receipts", cause="request")) == ((job_id,), 1)
