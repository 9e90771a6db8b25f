"""What is old enough to be erased, by kind: found in pages, the oldest first, with whether somebody uses it.

Whether it is due is decided by `dubbing.retention`; the conditions here are the facts that it decides on.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from dubbing.retention import Holding, Kind

PAGE = 500
"""Most rows of a page; so many objects are asked of the store at most in one go."""

AT_REST = "job.attempt = job.launched_attempt AND job.launched_attempt = job.ended_attempt"
"""The job is neither in flight nor waiting for a run."""

CACHES: Mapping[Kind, str] = {Kind.TAKE: "takes", Kind.TRANSCRIPT: "transcripts", Kind.TRANSLATION: "translations"}
"""The table of each cache."""

# Each is joined with the rows in question, so that it costs one look at a table at most, and mostly some at an index.
_SAID_BY_A_LINE = """
    SELECT held.content_key FROM held JOIN dubbed_segments line ON line.take_key = held.content_key
    WHERE line.job_id IS DISTINCT FROM :job_id
"""
_BOUGHT_FOR_A_LIVE_JOB = """
    SELECT held.content_key
    FROM held
    JOIN vendor_calls call ON call.content_key = held.content_key
    JOIN dubbing_jobs job ON job.id = call.job_id
    WHERE job.state <> 'expired' AND job.id IS DISTINCT FROM :job_id
"""
# A run remembers the readings that it found until it has read its last line; so those looked at since the oldest run
# at work began a language are left, however short they are kept.
_USED_BY_A_RUN = """
    SELECT held.content_key FROM held
    WHERE held.used_at >= (
        SELECT min(task.started_at) FROM dubbing_jobs job JOIN language_tasks task ON task.job_id = job.id
        WHERE job.ended_attempt < job.launched_attempt AND task.finished_at IS NULL AND job.id IS DISTINCT FROM :job_id
    )
"""
# The ledger knows translations by the batch. A job that still says one would, edited, have to buy all anew.
_SAID_IN_WORDS = """
    SELECT held.content_key
    FROM held JOIN dubbed_segments line ON line.text = held.text AND line.language = held.target
    WHERE line.job_id IS DISTINCT FROM :job_id
"""

_NEEDED: Mapping[Kind, str] = {
    Kind.TAKE: f"{_SAID_BY_A_LINE} UNION {_BOUGHT_FOR_A_LIVE_JOB} UNION {_USED_BY_A_RUN}",
    Kind.TRANSCRIPT: _BOUGHT_FOR_A_LIVE_JOB,
    Kind.TRANSLATION: _SAID_IN_WORDS,
}
"""Which of some rows of a cache, called ``held``, a job other than one, or any, needs."""

_ROWS: Mapping[Kind, str] = {
    Kind.ARTIFACT: f"""
        SELECT held.id AS id, held.job_id, held.expires_at AS page_at, held.expires_at AS counts_from,
            NOT ({AT_REST}) AS in_use
        FROM artifacts held JOIN dubbing_jobs job ON job.id = held.job_id
        WHERE held.erased_at IS NULL AND held.expires_at <= :cutoff
    """,  # noqa: S608
    Kind.JOB: f"""
        SELECT job.id AS id, job.id AS job_id, job.finished_at AS page_at, job.finished_at AS counts_from,
            NOT ({AT_REST}) OR EXISTS (
                SELECT FROM artifacts made
                WHERE made.job_id = job.id AND made.erased_at IS NULL AND made.expires_at > :now
            ) AS in_use
        FROM dubbing_jobs job
        WHERE job.finished_at IS NOT NULL AND job.state <> 'expired' AND job.finished_at <= :cutoff
    """,  # noqa: S608
    Kind.UPLOAD: """
        SELECT held.id AS id, NULL::uuid AS job_id, held.created_at AS page_at,
            coalesce(held.verified_at, held.created_at) AS counts_from,
            EXISTS (SELECT FROM dubbing_jobs job WHERE job.upload_id = held.id AND job.state <> 'expired')
                OR coalesce(held.verified_at IS NULL AND held.expires_at > :now, false) AS in_use
        FROM uploads held
        WHERE held.erased_at IS NULL AND held.created_at <= :cutoff
            AND coalesce(held.verified_at, held.created_at) <= :cutoff
    """,
}

_PLACE: Mapping[Kind, str] = {
    Kind.ARTIFACT: "held.expires_at, held.id",
    Kind.JOB: "job.finished_at, job.id",
    Kind.UPLOAD: "held.created_at, held.id",
} | dict.fromkeys(CACHES, "held.used_at, held.content_key")
"""What pages are ordered by."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thing that is old enough.

    Attributes:
        page_at: with its id, its place in the pages.
        job_id: of an artifact or a job.
    """

    holding: Holding
    page_at: datetime
    job_id: uuid.UUID | None

    @property
    def place(self) -> tuple[datetime, str]:
        """Where the next page begins after it."""
        return self.page_at, self.holding.id


class Holdings:
    """Repository over one transaction; read only, but for the locks it takes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_page(
        self, kind: Kind, *, cutoff: datetime, now: datetime, after: tuple[datetime, str] | None, limit: int = PAGE
    ) -> Sequence[Candidate]:
        """Return the next things that are old enough, by age."""
        id_type = "text" if kind in CACHES else "uuid"
        follows = f"AND ({_PLACE[kind]}) > (:after_at, CAST(:after_id AS {id_type}))" if after is not None else ""
        page = f"{follows} ORDER BY {_PLACE[kind]} LIMIT :limit"
        rows = self._session.execute(
            text(_build_cache_page(kind, page) if kind in CACHES else f"{_ROWS[kind]} {page}"),
            {
                "cutoff": cutoff,
                "now": now,
                "limit": limit,
                "job_id": None,
                **({"after_at": after[0], "after_id": after[1]} if after is not None else {}),
            },
        )
        return [
            Candidate(Holding(kind, str(row.id), row.counts_from, row.in_use), row.page_at, row.job_id) for row in rows
        ]

    def count_due(self, kind: Kind, *, cutoff: datetime, now: datetime) -> int:
        """Count what is old enough and not in use."""
        rows = _build_cache_page(kind, "") if kind in CACHES else _ROWS[kind]
        counted = text(f"SELECT count(*) FILTER (WHERE NOT in_use) FROM ({rows}) rows")  # noqa: S608
        return int(self._session.scalar(counted, {"cutoff": cutoff, "now": now, "job_id": None}) or 0)

    def take_cached(
        self, kind: Kind, keys: Collection[str], *, cutoff: datetime, job_id: uuid.UUID | None = None
    ) -> Mapping[str, str | None]:
        """Hold rows of a cache that nobody needs and nobody is looking at, until the transaction ends.

        Whoever looks for one meanwhile waits, and finds that it is gone.

        Args:
            cutoff: rows used after it are left.
            job_id: a job whose own need does not count.

        Returns:
            The key of each one's object, by content key; None where the table is all there is of it.
        """
        stored = "storage_key" if kind is Kind.TAKE else "NULL::text"
        locked = text(f"""
            SELECT content_key, {stored} AS storage_key FROM {CACHES[kind]}
            WHERE content_key = ANY(:keys) AND used_at <= :cutoff ORDER BY content_key FOR UPDATE SKIP LOCKED
        """)  # noqa: S608
        rows = self._session.execute(locked, {"keys": list(keys), "cutoff": cutoff})
        held = {row.content_key: row.storage_key for row in rows}
        # Asked after, so that it is no older than the locks.
        needing = text(f"""
            WITH held AS MATERIALIZED (SELECT * FROM {CACHES[kind]} WHERE content_key = ANY(:keys)) {_NEEDED[kind]}
        """)  # noqa: S608
        needed = set(self._session.scalars(needing, {"keys": list(held), "job_id": job_id}))
        return {content_key: key for content_key, key in held.items() if content_key not in needed}

    def count_cached(self, kind: Kind, keys: Collection[str]) -> int:
        """Count the rows of a cache that are there."""
        statement = text(f"SELECT count(*) FROM {CACHES[kind]} WHERE content_key = ANY(:keys)")  # noqa: S608
        return int(self._session.scalar(statement, {"keys": list(keys)}) or 0)

    def remove_cached(self, kind: Kind, keys: Collection[str]) -> int:
        """Remove rows of a cache."""
        statement = text(f"DELETE FROM {CACHES[kind]} WHERE content_key = ANY(:keys)")  # noqa: S608
        result: Any = self._session.execute(statement, {"keys": list(keys)})
        return int(result.rowcount)


def _build_cache_page(kind: Kind, page: str) -> str:
    """Build what finds rows of a cache and then, for all of them at once, which are needed."""
    return f"""
        WITH held AS MATERIALIZED (SELECT * FROM {CACHES[kind]} held WHERE held.used_at <= :cutoff {page}),
            needed AS MATERIALIZED ({_NEEDED[kind]})
        SELECT held.content_key AS id, NULL::uuid AS job_id, held.used_at AS page_at, held.used_at AS counts_from,
            held.content_key IN (SELECT content_key FROM needed) AS in_use
        FROM held ORDER BY {_PLACE[kind]}
    """  # noqa: S608
