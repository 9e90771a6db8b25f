"""What goes on now, in figures: read for metrics and for `dubline top`, by nobody who decides anything.

What a reading costs depends on what goes on, not on how much has been done: each uses an index that finished jobs and
settled calls are not in, or one by time.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dubbing.billing import DOUBTFUL_AFTER, get_span
from dubbing.jobs import FINAL_JOB_STATES, FINAL_LANGUAGE_STATES, JobState, LanguageState, WaitingOn
from dubbing.retention import Kind, Policy
from resources.database.balances import ABANDONED_AFTER, Limits
from resources.database.bills import Bills
from resources.database.budgets import Budgets, Standing
from resources.database.holdings import CACHES, Holdings
from resources.database.job_lock import name_slots, number_slot
from resources.database.tables import DeadLetter, LetterState, MetricTotal

OVERDUE_AFTER = timedelta(hours=2)
"""How long something may be due before it is late: the sweep comes every hour, and may take a while."""

MOST_OVERDUE = 1_000
"""Most things of a kind that are looked at: to count them all takes seconds, and that there is one is the news."""

SAVED = "dubline_saved_usd_micros_total"
"""The total of what was not bought again."""

OVERDUE_KINDS = (Kind.ARTIFACT, Kind.JOB, Kind.UPLOAD, *CACHES)
"""Kinds that the tables know."""

UNFINISHED_STATES = tuple(state for state in JobState if state not in FINAL_JOB_STATES)
LANGUAGE_STAGES = tuple(state for state in LanguageState if state not in FINAL_LANGUAGE_STATES)


class RunStatus(StrEnum):
    """Where the run of an attempt at a job is.

    A started one works, or was left in the middle; an ending one has nothing more to do and is not known to be over.
    """

    DUE = "due"
    QUEUED = "queued"
    STARTED = "started"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class OpenLetters:
    """How many dead letters of one stage and error are open."""

    stage: str
    error_code: str
    letters: int


@dataclass(frozen=True, slots=True)
class OpenAlerts:
    """How many alerts of one rule are open; 0 where a rule has raised none."""

    rule: str
    kind: str
    alerts: int


@dataclass(frozen=True, slots=True)
class SlotUse:
    """How many calls of a kind are under way over all machines, and how many may be."""

    vendor: str
    operation: str
    used: int
    slots: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """Calls of a vendor of which nobody knows what they cost, and what they cost at most."""

    calls: int = 0
    usd_micros: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls of a kind that ended lately.

    Attributes:
        latency_p95_ms: 95 of 100 calls took no longer; None where no latency is known.
    """

    vendor: str
    operation: str
    calls: int
    failed_calls: int
    latency_p95_ms: int | None


@dataclass(frozen=True, slots=True)
class Spending:
    """What calls cost that ended in the last minute, the last hour, and today (UTC)."""

    minute_usd_micros: int
    hour_usd_micros: int
    today_usd_micros: int


@dataclass(frozen=True, slots=True)
class LanguageAtWork:
    """A language of a job at work.

    Attributes:
        silence_ms: since its last heartbeat; None where it showed none.
    """

    language: str
    state: LanguageState
    progress: int
    waiting_on: WaitingOn | None
    silence_ms: int | None


@dataclass(frozen=True, slots=True)
class JobAtWork:
    """A job that is worked on: which, since when, and how far its languages are."""

    job_id: uuid.UUID
    age_ms: int
    languages: tuple[LanguageAtWork, ...]


_FINAL = ", ".join(f"'{state.value}'" for state in sorted(FINAL_LANGUAGE_STATES))

_IN_FLIGHT = "job.ended_attempt < job.launched_attempt"

# Conditions of indexes are written out: one with a parameter in it is not seen to be the same.
_COUNT_JOBS = text("SELECT state, count(*) AS jobs FROM dubbing_jobs WHERE finished_at IS NULL GROUP BY state")

_COUNT_DUE = text("SELECT count(*) FROM dubbing_jobs WHERE launched_attempt < attempt AND finished_at IS NULL")

_COUNT_IN_FLIGHT = text(f"SELECT state, count(*) AS runs FROM dubbing_jobs job WHERE {_IN_FLIGHT} GROUP BY state")  # noqa: S608

_OLDEST_QUEUED = text(f"""
    SELECT max(clock_timestamp() - coalesce(queued.at, job.created_at)) FROM (
        SELECT id, created_at FROM dubbing_jobs
        WHERE launched_attempt < attempt AND finished_at IS NULL AND state = 'queued'
        UNION ALL
        SELECT id, created_at FROM dubbing_jobs job WHERE {_IN_FLIGHT} AND state = 'queued'
    ) job LEFT JOIN LATERAL (
        SELECT max(at) AS at FROM job_events WHERE job_id = job.id AND type = 'job.queued'
    ) queued ON true
""")  # noqa: S608

_COUNT_WAITING = text(f"""
    SELECT task.waiting_on, count(*) AS languages
    FROM dubbing_jobs job JOIN language_tasks task ON task.job_id = job.id
    WHERE {_IN_FLIGHT} AND job.state = 'running'
        AND task.waiting_on IS NOT NULL AND task.state NOT IN ({_FINAL})
    GROUP BY task.waiting_on
""")  # noqa: S608

_OLDEST_HEARTBEAT = text(f"""
    SELECT clock_timestamp() - min(task.heartbeat_at)
    FROM dubbing_jobs job JOIN language_tasks task ON task.job_id = job.id
    WHERE {_IN_FLIGHT} AND job.state = 'running' AND task.state NOT IN ({_FINAL})
""")  # noqa: S608

_LIST_TAKEN = text("""
    SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")

_LIST_DOUBTS = text("""
    SELECT vendor, count(*) AS calls, sum(estimated_usd_micros) AS usd_micros FROM vendor_calls
    WHERE state IN ('started', 'spend_unknown')
        AND (state = 'spend_unknown' OR started_at < clock_timestamp() - CAST(:doubtful_after AS interval))
    GROUP BY vendor
""")

_COUNT_ALERTS = text("""
    SELECT coalesce(open.rule, rule.name) AS rule, coalesce(open.kind, rule.kind) AS kind,
        coalesce(open.alerts, 0) AS alerts
    FROM (SELECT rule, kind, count(*) AS alerts FROM alerts WHERE cleared_at IS NULL GROUP BY rule, kind) open
    FULL JOIN alert_rules rule ON rule.name = open.rule AND rule.kind = open.kind
    ORDER BY rule, kind
""")

_LIST_TRAFFIC = text("""
    SELECT vendor, operation, count(*) AS calls, count(error_code) AS failed_calls,
        percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms) AS latency_p95_ms
    FROM vendor_calls WHERE settled_at >= statement_timestamp() - CAST(:over AS interval)
    GROUP BY vendor, operation ORDER BY vendor, operation
""")

_SUM_SPENDING = text("""
    SELECT coalesce(sum(cost_usd_micros) FILTER (
            WHERE settled_at >= statement_timestamp() - interval '1 minute'), 0) AS minute,
        coalesce(sum(cost_usd_micros) FILTER (
            WHERE settled_at >= statement_timestamp() - interval '1 hour'), 0) AS hour,
        coalesce(sum(cost_usd_micros) FILTER (WHERE settled_at >= CAST(:today AS timestamptz)), 0) AS today
    FROM vendor_calls
    WHERE settled_at >= least(CAST(:today AS timestamptz), statement_timestamp() - interval '1 hour')
        AND state = 'settled'
""")

# A job at a terminal has no run of ours; one that was left there shows no sign of life.
_AT_WORK = f"""
    job.finished_at IS NULL AND job.state = 'running' AND ({_IN_FLIGHT} OR EXISTS (
        SELECT FROM language_tasks alive
        WHERE alive.job_id = job.id AND alive.heartbeat_at > statement_timestamp() - CAST(:abandoned_after AS interval)
    ))
"""

_COUNT_STAGES = text(f"""
    SELECT task.state, count(*) AS languages
    FROM dubbing_jobs job JOIN language_tasks task ON task.job_id = job.id
    WHERE {_AT_WORK} AND task.state NOT IN ({_FINAL})
    GROUP BY task.state
""")  # noqa: S608

_COUNT_AT_WORK = text(f"SELECT count(*) FROM dubbing_jobs job WHERE {_AT_WORK}")  # noqa: S608

_LIST_AT_WORK = text(f"""
    SELECT job.id, clock_timestamp() - begun.at AS age, task.language, task.state, task.progress, task.waiting_on,
        clock_timestamp() - task.heartbeat_at AS silence
    FROM (
        SELECT job.id, job.started_at, coalesce(min(own.started_at), job.started_at, job.created_at) AS at
        FROM dubbing_jobs job JOIN language_tasks own ON own.job_id = job.id AND own.state NOT IN ({_FINAL})
        WHERE {_AT_WORK} GROUP BY job.id ORDER BY at, job.id LIMIT :limit
    ) begun JOIN dubbing_jobs job ON job.id = begun.id JOIN language_tasks task ON task.job_id = job.id
    ORDER BY begun.at, job.id, task.language
""")  # noqa: S608


class LiveReadings:
    """Repository over one transaction; read only.

    Args:
        limits: of budgets, where the table has no row.
    """

    def __init__(self, session: Session, limits: Limits) -> None:
        self._session = session
        self._limits = limits

    def get_now(self) -> datetime:
        """Tell what time it is for the database, on which machines do not agree."""
        now: datetime = self._session.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)

    def count_jobs(self) -> Mapping[JobState, int]:
        """Count the jobs that have not ended."""
        counts = {row.state: row.jobs for row in self._session.execute(_COUNT_JOBS)}
        return {state: counts.get(state.value, 0) for state in UNFINISHED_STATES}

    def count_runs(self) -> Mapping[RunStatus, int]:
        """Count the attempts that have no run yet, and those whose run is not known to be over."""
        counts = {JobState(row.state): row.runs for row in self._session.execute(_COUNT_IN_FLIGHT)}
        return {
            RunStatus.DUE: self._session.scalars(_COUNT_DUE).one(),
            RunStatus.QUEUED: counts.get(JobState.QUEUED, 0),
            RunStatus.STARTED: counts.get(JobState.RUNNING, 0),
            RunStatus.ENDING: sum(runs for state, runs in counts.items() if state in FINAL_JOB_STATES),
        }

    def find_longest_wait(self) -> timedelta | None:
        """Find how long the job has waited that waits longest, since it was last queued; None if none does."""
        wait: timedelta | None = self._session.scalars(_OLDEST_QUEUED).one()
        return wait

    def count_stages(self) -> Mapping[LanguageState, int]:
        """Count the languages of jobs that are worked on, by stage."""
        rows = self._session.execute(_COUNT_STAGES, {"abandoned_after": ABANDONED_AFTER})
        counts = {row.state: row.languages for row in rows}
        return {state: counts.get(state.value, 0) for state in LANGUAGE_STAGES}

    def count_waiting(self) -> Mapping[WaitingOn, int]:
        """Count the languages of runs that have begun and wait, by what for."""
        counts = {row.waiting_on: row.languages for row in self._session.execute(_COUNT_WAITING)}
        return {waiting_on: counts.get(waiting_on.value, 0) for waiting_on in WaitingOn}

    def find_longest_silence(self) -> timedelta | None:
        """Find the age of the oldest heartbeat among languages of runs that have begun; None if there is none."""
        silence: timedelta | None = self._session.scalars(_OLDEST_HEARTBEAT).one()
        return silence

    def count_letters(self) -> Sequence[OpenLetters]:
        """Count the open dead letters by stage and error, the most first."""
        letters = func.count()
        statement = (
            select(DeadLetter.stage, DeadLetter.error_code, letters)
            .where(DeadLetter.state == LetterState.OPEN.value)
            .group_by(DeadLetter.stage, DeadLetter.error_code)
            .order_by(letters.desc(), DeadLetter.stage, DeadLetter.error_code)
        )
        return [OpenLetters(*row) for row in self._session.execute(statement)]

    def list_slots(self, limits: Mapping[tuple[str, str], int]) -> Sequence[SlotUse]:
        """Count the slots that are taken, by whomever.

        Args:
            limits: slots by vendor and operation. Those beyond, of a process with other settings, are not seen.
        """
        taken = set(self._session.scalars(_LIST_TAKEN))
        return [
            SlotUse(
                vendor,
                operation,
                sum(number_slot(name_slots(vendor, operation), slot) in taken for slot in range(count)),
                count,
            )
            for (vendor, operation), count in limits.items()
        ]

    def list_doubts(self) -> Mapping[str, Doubt]:
        """Sum up, by vendor, the calls of which nobody knows what they cost; a vendor without is not there."""
        rows = self._session.execute(_LIST_DOUBTS, {"doubtful_after": DOUBTFUL_AFTER})
        return {row.vendor: Doubt(row.calls, int(row.usd_micros)) for row in rows}

    def get_budget(self) -> Standing:
        """Tell how the installation's budget of this month stands."""
        return Budgets(self._session, self._limits).get_standing(None)

    def count_alerts(self) -> Sequence[OpenAlerts]:
        """Count the open alerts by rule; of all rules, and of those that are gone and still have one."""
        return [OpenAlerts(*row) for row in self._session.execute(_COUNT_ALERTS)]

    def count_days_to_bill(self, now: datetime) -> int:
        """Count the days that are over, calls and all, and whose bill is missing or to be made again."""
        bills, last = Bills(self._session), (now.astimezone(UTC) - DOUBTFUL_AFTER).date() - timedelta(days=1)
        return len({*bills.list_provisional(date.min, last), *bills.list_unbilled(date.min, last)})

    def count_overdue(self, policy: Policy, now: datetime) -> Mapping[Kind, int]:
        """Count what is late to be erased, by kind: of the oldest things, at most `MOST_OVERDUE` of each."""
        holdings = Holdings(self._session)
        found = {
            kind: holdings.list_page(
                kind, cutoff=policy.find_cutoff(kind, now) - OVERDUE_AFTER, now=now, after=None, limit=MOST_OVERDUE
            )
            for kind in OVERDUE_KINDS
        }
        return {kind: sum(not each.holding.in_use for each in page) for kind, page in found.items()}

    def list_traffic(self, over: timedelta) -> Sequence[Traffic]:
        """Sum up the calls that ended in the time before now, by vendor and operation."""
        return [Traffic(*row) for row in self._session.execute(_LIST_TRAFFIC, {"over": over})]

    def sum_spending(self, now: datetime) -> Spending:
        """Sum what calls cost that ended lately."""
        start, _ = get_span(now.astimezone(UTC).date())
        row = self._session.execute(_SUM_SPENDING, {"today": start}).one()
        return Spending(int(row.minute), int(row.hour), int(row.today))

    def sum_saved(self) -> int:
        """Sum what it had cost that was found and not bought again, since ever, micro-dollars."""
        statement = select(func.coalesce(func.sum(MetricTotal.amount), 0)).where(MetricTotal.name == SAVED)
        return int(self._session.scalar(statement) or 0)

    def count_at_work(self) -> int:
        """Count the jobs that are worked on, by runs or at a terminal."""
        return int(self._session.scalars(_COUNT_AT_WORK, {"abandoned_after": ABANDONED_AFTER}).one())

    def list_at_work(self, limit: int) -> Sequence[JobAtWork]:
        """Return jobs that are worked on, those first that began first."""
        given = {"abandoned_after": ABANDONED_AFTER, "limit": limit}
        jobs: dict[uuid.UUID, JobAtWork] = {}
        for row in self._session.execute(_LIST_AT_WORK, given):
            language = LanguageAtWork(
                row.language,
                LanguageState(row.state),
                row.progress,
                WaitingOn(row.waiting_on) if row.waiting_on is not None else None,
                measure_ms(row.silence),
            )
            before = jobs[row.id].languages if row.id in jobs else ()
            jobs[row.id] = JobAtWork(row.id, measure_ms(row.age) or 0, (*before, language))
        return list(jobs.values())


def measure_ms(span: timedelta | None) -> int | None:
    """Turn a span into milliseconds, never below 0: clocks of a database are read one after the other.

    >>> measure_ms(timedelta(seconds=2)), measure_ms(timedelta(seconds=-1)), measure_ms(None)
    (2000, 0, None)
    """
    return max(0, span // timedelta(milliseconds=1)) if span is not None else None
