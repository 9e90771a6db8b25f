"""Objects that no row knows: erased once they are old enough; and rows without their object: told, not changed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import func, select

from dubbing.retention import Holding, Kind, Policy, plan_purge
from resources.database.connection import Database, UnitOfWork
from resources.database.holdings import PAGE
from resources.database.job_lock import number_job, number_lock
from resources.database.listed_objects import ListedObject, ListedObjects, list_still_orphans
from resources.retention.objects import Removal, remove_objects
from resources.retention.swept import Tally
from resources.storage.port import ObjectStore

_FIRST = (datetime.min.replace(tzinfo=UTC), "")

_JOB_KEY = re.compile(r"jobs/([0-9a-f-]{36})/")
_TAKE_KEY = re.compile(r"takes/[^/]+/([^/]+)\.wav")


@dataclass(slots=True)
class _Odd:
    """Objects with names that are no text, which no row can know; they are seldom, and few are taken at a time."""

    keys: list[str] = field(default_factory=list)
    size_bytes: int = 0


def sweep_orphans(
    database: Database, store: ObjectStore, policy: Policy, now: datetime, tally: Tally
) -> tuple[int, Sequence[str]]:
    """Erase old objects that no row knows.

    Returns:
        How many rows have no object, and some of them.

    Raises:
        StorageError: the store does not answer; what was removed before stays removed.
    """
    cutoff, odd = policy.find_cutoff(Kind.ORPHAN, now), _Odd()
    with database.transaction() as tx:
        listed = ListedObjects(tx.session)
        listed.fill(_read_listing(store, cutoff, odd))
        missing = listed.list_missing(now)
        listed.drop_known()
        after = _FIRST
        while page := listed.list_orphans(cutoff=cutoff, after=after, limit=PAGE):
            after = (page[-1].changed_at, page[-1].key)
            _sweep_page(database, store, page, policy, now, tally)
    _count(tally, remove_objects(store, odd.keys), odd.size_bytes)
    return missing


def _read_listing(store: ObjectStore, cutoff: datetime, odd: _Odd) -> Iterator[tuple[str, int, datetime]]:
    for each in store.list_objects():
        if _is_text(each.key):
            yield each.key, each.size_bytes, each.changed_at
        elif each.changed_at <= cutoff and len(odd.keys) < PAGE:
            odd.keys.append(each.key)
            odd.size_bytes += each.size_bytes


def _sweep_page(
    database: Database, store: ObjectStore, page: Sequence[ListedObject], policy: Policy, now: datetime, tally: Tally
) -> None:
    purge = plan_purge((Holding(Kind.ORPHAN, o.key, o.changed_at, o.in_use) for o in page), policy, now)
    sizes = {each.key: each.size_bytes for each in page}
    tally.in_use[Kind.ORPHAN] += len(purge.in_use)
    # A transaction of its own, so that it sees rows that were written since, and holds its claims no longer.
    with database.transaction() as tx:
        due = [holding.id for holding in purge.due]
        removal = remove_objects(store, list_still_orphans(tx.session, _claim(tx, due)))
    _count(tally, removal, sum(sizes[key] for key in removal.removed))


def _count(tally: Tally, removal: Removal, size_bytes: int) -> None:
    tally.erased[Kind.ORPHAN] += len(removal.removed)
    tally.size_bytes += size_bytes
    tally.refused.update(removal.reasons)


def _claim(tx: UnitOfWork, keys: Sequence[str]) -> list[str]:
    """Keep those that nobody is putting something under right now: by the lock of its job, or of who buys a take."""
    locks = {key: number for key in keys if (number := _find_lock(key)) is not None}
    held = {
        number: bool(tx.session.scalar(select(func.pg_try_advisory_xact_lock(number))))
        for number in sorted(set(locks.values()))
    }
    return [key for key in keys if key not in locks or held[locks[key]]]


def _find_lock(key: str) -> int | None:
    if made := _JOB_KEY.match(key):
        return number_job(made[1])
    if bought := _TAKE_KEY.fullmatch(key):
        return number_lock(f"buy:{bought[1]}")
    return None


def _is_text(key: str) -> bool:
    """Whether Postgres takes it; a file's name may be any bytes."""
    try:
        return "\0" not in key and bool(key.encode())
    except UnicodeEncodeError:
        return False
