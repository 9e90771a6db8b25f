"""Totals that counters and histograms are made of: rows counted once, and what is counted as it happens.

Events of jobs and closed calls are counted by the moments that they are stamped with, window after window. A window
ends before the oldest transaction that still writes began, so no stamp in it comes or goes any more: not of a row that
is not committed yet, and not of the end of a doubt that a comparison of an invoice dates once more. Its totals and its
end are written in one transaction, by one at a time: nothing is counted twice or left out, whoever dies, and however
many count.
"""
# ruff: noqa: S608 - what statements are put together of is in this file

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from dubbing.jobs import FINAL_JOB_STATES, FINAL_LANGUAGE_STATES, STAGE_START_PERCENT, JobState, LanguageState
from resources.database.job_lock import number_lock
from resources.database.tables import MetricTotal
from resources.telemetry.catalogue import CATALOGUE, NONE

COUNTING = number_lock("counting totals")

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before the first row of any installation."""

SLICE = 20_000
"""About so many rows are counted in one transaction."""

MARGIN = timedelta(seconds=1)
"""Kept from the present: a row is stamped a moment before its transaction can be seen to write."""

ROWS = 64
"""Over so many rows at most is spread what is added as it happens: more than add at once."""

ADDING = 1
"""First half of the numbers of locks on those rows; other locks of ours have no halves."""

HIDDEN_FOR = timedelta(seconds=60)
"""How long somebody is given who writes under another login and does not show since when."""

ENDED_STATES: Sequence[JobState] = sorted(FINAL_JOB_STATES - {JobState.EXPIRED})
"""How an attempt at a job ends; that its files expire comes after."""

STAGES: Sequence[LanguageState] = [state for state in STAGE_START_PERCENT if state is not LanguageState.QUEUED]

LANGUAGE_ENDS: Sequence[LanguageState] = sorted(FINAL_LANGUAGE_STATES)

# Every row is stamped while its transaction lasts: whatever is not to be seen yet was stamped after the oldest one
# that writes began. Other logins' times are hidden (pg_read_all_stats would show them), that they write is not.
_MEASURE_HORIZON = text("""
    SELECT least(
        now() - CAST(:margin AS interval),
        min(xact_start),
        now() - CAST(:hidden_for AS interval) * max((xact_start IS NULL)::int)
    )
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL
""")

_EVENTS = "job_events event WHERE event.at >= :since AND event.at < :until"
_CALLS = "vendor_calls WHERE settled_at >= :since AND settled_at < :until"

_COUNT_MS = """
    SELECT labels, width_bucket(ms - 1, CAST(:bounds AS bigint[])), count(*), sum(ms) FROM (
        SELECT {labels} AS labels, greatest(0, (extract(epoch FROM {span}) * 1000)::bigint) AS ms FROM {rows}
    ) measured GROUP BY 1, 2
"""
"""Counts spans into buckets. `width_bucket` would put an upper bound into the next one: hence - 1."""

# An interruption is nobody's stage: hours may pass before somebody goes on.
_OF_LANGUAGE = """
    (earlier.language = event.language AND earlier.type LIKE 'language.%' OR earlier.type = 'job.interrupted')
"""

_BEFORE = """
    job_events event CROSS JOIN LATERAL (
        SELECT earlier.type, earlier.at FROM job_events earlier
        WHERE earlier.job_id = event.job_id AND earlier.id < event.id AND {like_it}
        ORDER BY earlier.id DESC LIMIT 1
    ) before
    WHERE event.at >= :since AND event.at < :until
"""


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows that are counted by one stamp.

    Attributes:
        stamps: selects the stamps from ``:since`` to before ``:until``, as ``at``.
        counts: by name of the metric: selects labels, bucket, events and amount.
    """

    stamps: str
    counts: Mapping[str, str]


_SOURCES: Mapping[str, _Source] = {
    "job_events": _Source(
        f"SELECT event.at FROM {_EVENTS}",
        {
            "dubline_jobs_queued_total": f"""
                SELECT CAST('{{}}' AS text[]), 0, count(*), 0 FROM {_EVENTS} AND event.type = 'job.queued'
                HAVING count(*) > 0
            """,
            "dubline_jobs_ended_total": f"""
                SELECT ARRAY[split_part(event.type, '.', 2)], 0, count(*), 0
                FROM {_EVENTS} AND event.type = ANY(:job_ends) GROUP BY 1
            """,
            "dubline_languages_ended_total": f"""
                SELECT ARRAY[split_part(event.type, '.', 2)], 0, count(*), 0
                FROM {_EVENTS} AND event.type = ANY(:language_ends) GROUP BY 1
            """,
            # A job that was interrupted begins again and has not been queued anew.
            "dubline_job_wait_seconds": _COUNT_MS.format(
                labels="CAST('{}' AS text[])",
                span="event.at - before.at",
                rows=_BEFORE.format(like_it="earlier.type IN ('job.queued', 'job.running')")
                + "AND event.type = 'job.running' AND before.type = 'job.queued'",
            ),
            "dubline_job_duration_seconds": _COUNT_MS.format(
                labels="ARRAY[split_part(event.type, '.', 2)]",
                span="event.at - before.at",
                rows=_BEFORE.format(like_it="earlier.type = 'job.queued'") + "AND event.type = ANY(:job_ends)",
            ),
            "dubline_stage_duration_seconds": _COUNT_MS.format(
                labels="ARRAY[split_part(before.type, '.', 2)]",
                span="event.at - before.at",
                rows=_BEFORE.format(like_it=_OF_LANGUAGE)
                + "AND event.type LIKE 'language.%' AND before.type = ANY(:stages)",
            ),
        },
    ),
    "calls": _Source(
        f"SELECT settled_at AS at FROM {_CALLS}",
        {
            "dubline_calls_total": f"""
                SELECT ARRAY[vendor, operation, coalesce(error_code, '{NONE}')], 0, count(*), 0 FROM {_CALLS} GROUP BY 1
            """,
            "dubline_call_duration_seconds": _COUNT_MS.format(
                labels="ARRAY[vendor, operation]",
                span="latency_ms * interval '1 ms'",
                rows=f"{_CALLS} AND latency_ms IS NOT NULL",
            ),
        },
    ),
    # A cost is known once a call is settled: as it ended, or when a doubt about it did.
    "spend": _Source(
        f"""
            SELECT settled_at AS at FROM {_CALLS} AND reconciled_at IS NULL AND state = 'settled' UNION ALL
            SELECT reconciled_at FROM vendor_calls
            WHERE reconciled_at >= :since AND reconciled_at < :until AND state = 'settled'
        """,
        {
            "dubline_spend_usd_micros_total": f"""
                SELECT ARRAY[vendor, model, operation], 0, count(*), sum(cost_usd_micros) FROM (
                    SELECT vendor, model, operation, cost_usd_micros
                    FROM {_CALLS} AND reconciled_at IS NULL AND state = 'settled'
                    UNION ALL
                    SELECT vendor, model, operation, cost_usd_micros FROM vendor_calls
                    WHERE reconciled_at >= :since AND reconciled_at < :until AND state = 'settled'
                ) known GROUP BY 1
            """
        },
    ),
}

COUNTED = frozenset(name for source in _SOURCES.values() for name in source.counts)
"""The metrics that are counted from rows."""

_ADD_UP = """
    ON CONFLICT (name, labels, bucket) DO UPDATE
    SET events = metric_totals.events + excluded.events, amount = metric_totals.amount + excluded.amount
"""

# Many find something at once, and none waits for another's commit: each takes the first row that is nobody's now.
# Both metrics in one statement and always in this order: who finds no row free never waits crosswise. What was bought
# under a key last is what is found there; where the first key was never bought under, the next one was.
_ADD_FOUND = text(f"""
    WITH free AS (
        SELECT place FROM generate_series(0, {ROWS - 1}) place WHERE pg_try_advisory_xact_lock({ADDING}, place) LIMIT 1
    ),
    bought AS (
        SELECT call.cost_usd_micros FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS key (content_key, place)
        JOIN vendor_calls call USING (content_key)
        WHERE call.state = 'settled' ORDER BY place, call.started_at DESC LIMIT 1
    ),
    found (name, events, amount) AS (
        VALUES ('dubline_found_again_total', CAST(:found AS bigint), 0),
            ('dubline_saved_usd_micros_total', :found, coalesce((SELECT cost_usd_micros FROM bought), 0))
    )
    INSERT INTO metric_totals (name, labels, bucket, events, amount)
    SELECT name, ARRAY[CAST(:operation AS text)], coalesce((SELECT place FROM free), 0), events, amount FROM found
    {_ADD_UP}
""")

_COUNT = f"""
    INSERT INTO metric_totals (name, labels, bucket, events, amount)
    SELECT CAST(:name AS text), counted.* FROM ({{rows}}) counted {_ADD_UP}
"""

_EVENT_TYPES = {
    "job_ends": [f"job.{state.value}" for state in ENDED_STATES],
    "language_ends": [f"language.{state.value}" for state in LANGUAGE_ENDS],
    "stages": [f"language.{stage.value}" for stage in STAGES],
}

# The moment after so many more: always later than the last one, so that rows of one moment are never cut in two.
_FIND_SLICE_END = """
    SELECT at FROM ({stamps}) stamp WHERE at > :since ORDER BY at OFFSET :slice LIMIT 1
"""

_FIND_MARK = text("SELECT counted_until FROM metric_marks WHERE name = :name")
_MOVE_MARK = text("""
    INSERT INTO metric_marks (name, counted_until) VALUES (:name, :until)
    ON CONFLICT (name) DO UPDATE SET counted_until = excluded.counted_until
""")
# A mark in the future, left by a clock that was set back, keeps the counting from going on for as long.
_MEASURE_LAG = text("SELECT max(abs(extract(epoch FROM clock_timestamp() - counted_until))) FROM metric_marks")


def measure_horizon(connection: Connection) -> datetime:
    """Measure until when everything that was stamped can be seen.

    Args:
        connection: of the login itself, for other roles are not shown what others do; its snapshots are to be older
            than those that count.
    """
    horizon: datetime = connection.scalars(_MEASURE_HORIZON, {"margin": MARGIN, "hidden_for": HIDDEN_FOR}).one()
    return horizon


class Totals:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, until: datetime) -> bool:
        """Count what was stamped before a moment and is not counted yet, or a slice of it where that is much.

        Args:
            until: a horizon that was measured before this transaction began to read.

        Returns:
            Whether all of it is counted.
        """
        self._session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": COUNTING})
        are_counted = [self._count_source(name, source, until) for name, source in _SOURCES.items()]
        return all(are_counted)

    def list(self) -> Sequence[MetricTotal]:
        """Return all totals, those of a metric together."""
        order = (MetricTotal.name, MetricTotal.labels, MetricTotal.bucket)
        return self._session.scalars(select(MetricTotal).order_by(*order)).all()

    def measure_lag_s(self) -> float | None:
        """Measure how far the counting is behind, or ahead of a clock that was set back; None before it has begun."""
        lag_s = self._session.scalar(_MEASURE_LAG)
        return float(lag_s) if lag_s is not None else None

    def add_found(self, operation: str, found: int, content_keys: Sequence[str] = ()) -> None:
        """Count what was found and not bought again, with what it had cost; the last thing in its transaction.

        Args:
            content_keys: those that it may have been bought under, the likeliest first; none where no call is of it
                alone, and no money is counted.
        """
        self._session.execute(_ADD_FOUND, {"operation": operation, "found": found, "keys": list(content_keys)})

    def _count_source(self, name: str, source: _Source, horizon: datetime) -> bool:
        since = self._session.scalar(_FIND_MARK, {"name": name}) or BEGINNING
        if since >= horizon:  # somebody who measured later has counted since
            return True
        find_end = text(_FIND_SLICE_END.format(stamps=source.stamps))
        slice_end = self._session.scalar(find_end, {"since": since, "until": horizon, "slice": SLICE})
        window = {"since": since, "until": slice_end or horizon}
        for metric, rows in source.counts.items():
            count = text(_COUNT.format(rows=rows))
            self._session.execute(count, window | _EVENT_TYPES | {"name": metric, "bounds": list_bounds_ms(metric)})
        self._session.execute(_MOVE_MARK, {"name": name, "until": window["until"]})
        return slice_end is None


def list_bounds_ms(metric: str) -> list[int]:
    """Return the upper bounds of a histogram of the catalogue, milliseconds; the last one, infinity, is left out."""
    return [round(bound_s * 1000) for bound_s in CATALOGUE[metric].buckets]
