"""What the store lists, compared with the rows: objects that no row knows, and rows without their object.

The listing is kept in a temporary table of the transaction, so that our memory does not grow with the store.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from resources.database.holdings import AT_REST

BATCH = 2_000
"""Objects written to the table at a time."""

SETTLED_AFTER = timedelta(hours=1)
"""A row may be younger than the listing that it is compared with; one this old is not."""

SHOWN = 20
"""Most rows without their object that are named."""

_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

_KNOWN = (
    "EXISTS (SELECT FROM artifacts row WHERE row.storage_key = listed.key AND row.erased_at IS NULL)",
    "EXISTS (SELECT FROM takes row WHERE row.storage_key = listed.key)",
    "EXISTS (SELECT FROM uploads row WHERE row.storage_key = listed.key AND row.erased_at IS NULL)",
    "EXISTS (SELECT FROM bills row WHERE row.parquet_key = listed.key)",
    "EXISTS (SELECT FROM bills row WHERE row.csv_key = listed.key)",
    f"""
    EXISTS (
        SELECT FROM uploads row
        WHERE row.erased_at IS NULL
            AND row.id = CASE WHEN listed.key ~ '^sources/{_UUID}$' THEN substr(listed.key, 9)::uuid END
    )
    """,
)
"""By which rows an object is known."""

_WORKED_ON = f"""
    EXISTS (
        SELECT FROM dubbing_jobs job
        WHERE NOT ({AT_REST})
            AND job.id = CASE WHEN listed.key ~ '^jobs/{_UUID}/' THEN substr(listed.key, 6, 36)::uuid END
    )
"""

_MAKE = text("CREATE TEMPORARY TABLE listed (key text, size_bytes bigint, changed_at timestamptz) ON COMMIT DROP")

_FILL = text("""
    INSERT INTO listed SELECT * FROM unnest(
        CAST(:keys AS text[]), CAST(:sizes AS bigint[]), CAST(:times AS timestamptz[])
    )
""")

_LIST_ORPHANS = text(f"""
    SELECT key, size_bytes, changed_at, ({_WORKED_ON}) AS in_use FROM listed
    WHERE changed_at <= :cutoff AND (changed_at, key) > (:after_at, :after_key)
    ORDER BY changed_at, key LIMIT :limit
""")  # noqa: S608

_LIST_STILL_ORPHANS = text(f"""
    SELECT key FROM unnest(CAST(:keys AS text[])) AS listed (key) WHERE NOT ({" OR ".join((*_KNOWN, _WORKED_ON))})
""")  # noqa: S608

_DROP_KNOWN = tuple(text(f"DELETE FROM listed WHERE {known}") for known in _KNOWN)  # noqa: S608

_MISSING = """
    FROM (
        SELECT 'artifact' AS kind, row.id::text AS id, row.storage_key FROM artifacts row
        WHERE row.erased_at IS NULL AND row.expires_at > :now AND row.created_at < :settled
        UNION ALL
        SELECT 'upload', row.id::text, row.storage_key FROM uploads row
        WHERE row.erased_at IS NULL AND row.verified_at < :settled
        UNION ALL
        SELECT 'take', row.content_key, row.storage_key FROM takes row WHERE row.used_at < :settled
    ) row
    WHERE NOT EXISTS (SELECT FROM listed WHERE listed.key = row.storage_key)
"""
_COUNT_MISSING = text(f"SELECT count(*) {_MISSING}")
_LIST_MISSING = text(f"SELECT row.kind || ' ' || row.id {_MISSING} ORDER BY 1 LIMIT {SHOWN}")


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object that no row knows; ``in_use`` where the job that it was made for is being worked on."""

    key: str
    size_bytes: int
    changed_at: datetime
    in_use: bool


class ListedObjects:
    """Repository over one transaction, which the listing lasts as long as."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fill(self, objects: Iterable[tuple[str, int, datetime]]) -> None:
        """Take in a listing: key, size in bytes and when it was changed."""
        self._session.execute(_MAKE)
        left = iter(objects)
        while batch := list(islice(left, BATCH)):
            keys, sizes, times = map(list, zip(*batch, strict=True))
            self._session.execute(_FILL, {"keys": keys, "sizes": sizes, "times": times})
        self._session.execute(text("CREATE INDEX ON listed (key)"))
        self._session.execute(text("CREATE INDEX ON listed (changed_at, key)"))
        self._session.execute(text("ANALYZE listed"))

    def drop_known(self) -> None:
        """Forget all objects that a row knows; after `list_missing`, which needs them."""
        for statement in _DROP_KNOWN:
            self._session.execute(statement)

    def list_orphans(self, *, cutoff: datetime, after: tuple[datetime, str], limit: int) -> Sequence[ListedObject]:
        """Return the next objects that are left and were not changed since a time, the oldest first."""
        place = {"after_at": after[0], "after_key": after[1]}
        rows = self._session.execute(_LIST_ORPHANS, {"cutoff": cutoff, "limit": limit, **place})
        return [ListedObject(*row) for row in rows]

    def list_missing(self, now: datetime) -> tuple[int, Sequence[str]]:
        """Count the rows whose object was not listed, and name some as ``kind id``."""
        times = {"now": now, "settled": now - SETTLED_AFTER}
        ids: Sequence[Any] = self._session.scalars(_LIST_MISSING, times).all()
        return int(self._session.scalar(_COUNT_MISSING, times) or 0), [str(each) for each in ids]


def list_still_orphans(session: Session, keys: Sequence[str]) -> list[str]:
    """Return those of some objects that no row knows and nobody works on, as it is now."""
    return list(session.scalars(_LIST_STILL_ORPHANS, {"keys": list(keys)}))
