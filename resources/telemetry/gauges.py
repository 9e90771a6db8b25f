"""What goes on now, as gauges: read from Postgres when somebody asks for the metrics.

What is known beforehand (states, vendors, kinds) is there with 0 too, so that no alert depends on what is absent.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dubbing.circuits import Circuit
from dubbing.errors import DatabaseUnavailableError
from resources.database.connection import Database, UnitOfWork
from resources.database.live_readings import Doubt
from resources.database.signs_of_life import Sign, find_sign
from resources.retention.policy import build_policy
from resources.settings import Settings
from resources.telemetry.catalogue import CATALOGUE
from resources.vendors.building import list_call_limits
from resources.vendors.quotas import list_quota_questions

ALL_S = 4.0
"""How long all readings together may take, seconds: who asks for metrics gives up after ten, and asks again."""

ONE_S = 1.5
"""How long one reading may take, seconds: one that is slow must not cost the others their turn."""

READING_FAILED = "dubline_reading_failed"

Sample = tuple[str, tuple[str, ...], float]
"""Name of the metric, values of its labels in the catalogue's order, value."""

Read = Callable[[UnitOfWork], Iterator[Sample]]

_LIMIT = text("SELECT set_config('statement_timeout', :ms, true)")
_READ_ONLY = text("SET TRANSACTION READ ONLY")

logger = logging.getLogger(__name__)


class GaugesCollector(Collector):
    """The gauges of the process that exports what is in Postgres; see `CATALOGUE`.

    Each part is read for itself: one that cannot be read is named by `dubline_reading_failed`, the others come.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._slots = list_call_limits(settings)
        self._vendors = sorted({vendor for vendor, _ in self._slots})
        self._quotas_of = frozenset(list_quota_questions(settings))
        self._policy = build_policy(settings)
        self._parts: Mapping[str, Read] = {
            "jobs": _read_jobs,
            "runs": _read_runs,
            "waiting": _read_waiting,
            "dead_letters": _read_letters,
            "slots": self._read_slots,
            "circuits": self._read_circuits,
            "quotas": self._read_quotas,
            "doubts": self._read_doubts,
            "budget": _read_budget,
            "alerts": _read_alerts,
            "bills": _read_bills,
            "retention": self._read_overdue,
        }

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Name the metrics without reading them."""
        names = dict.fromkeys(name for names in _NAMES.values() for name in names)
        yield from (_build_family(name) for name in (*names, READING_FAILED))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read everything."""
        deadline = monotonic() + ALL_S
        samples = {**self._read_tables(deadline), **self._read_daemon()}
        families = {family.name: family for family in self.describe()}
        for reading, found in samples.items():
            for name, labels, value in found or ():
                families[name].add_metric(labels, value)
            families[READING_FAILED].add_metric((reading,), float(found is None))
        yield from families.values()

    def _read_tables(self, deadline: float) -> Mapping[str, Sequence[Sample] | None]:
        """Read the parts in one transaction that changes nothing; None for each that could not be read."""
        found: dict[str, Sequence[Sample] | None] = dict.fromkeys(self._parts)
        try:
            with self._database.transaction() as tx:
                tx.session.execute(_READ_ONLY)
                for reading, read in self._parts.items():
                    found[reading] = _try(tx, reading, read, deadline)
        except DatabaseUnavailableError as error:
            logger.warning("the gauges could not be read: %s", error.code)
        return found

    def _read_daemon(self) -> Mapping[str, Sequence[Sample] | None]:
        try:
            seen_at, now = find_sign(self._database, Sign.DAEMON)
        except DatabaseUnavailableError:
            return {"daemon": None}
        silence = (now - seen_at).total_seconds() if seen_at is not None else math.inf
        return {"daemon": [("dubline_daemon_silence_seconds", (), silence)]}

    def _read_slots(self, tx: UnitOfWork) -> Iterator[Sample]:
        for use in tx.readings.list_slots(self._slots):
            yield "dubline_vendor_slots", (use.vendor, use.operation), use.slots
            yield "dubline_vendor_slots_used", (use.vendor, use.operation), use.used

    def _read_circuits(self, tx: UnitOfWork) -> Iterator[Sample]:
        circuits, now = tx.circuits.list_all(), tx.readings.get_now()
        for vendor in sorted({*self._vendors, *circuits}):
            yield "dubline_circuit_open", (vendor,), is_left_alone(circuits.get(vendor, Circuit()), now)

    def _read_quotas(self, tx: UnitOfWork) -> Iterator[Sample]:
        for vendor, quota in tx.quotas.list_all().items():
            # What a vendor said that nobody asks any more is no news.
            if vendor in self._quotas_of and quota.units_total:
                yield "dubline_vendor_quota_left_ratio", (vendor,), quota.units_left / quota.units_total

    def _read_doubts(self, tx: UnitOfWork) -> Iterator[Sample]:
        doubts = tx.readings.list_doubts()
        for vendor in sorted({*self._vendors, *doubts}):
            doubt = doubts.get(vendor, Doubt())
            yield "dubline_calls_in_doubt", (vendor,), doubt.calls
            yield "dubline_calls_in_doubt_usd_micros", (vendor,), doubt.usd_micros

    def _read_overdue(self, tx: UnitOfWork) -> Iterator[Sample]:
        for kind, count in tx.readings.count_overdue(self._policy, tx.readings.get_now()).items():
            yield "dubline_retention_overdue", (kind.value,), count


_NAMES: Mapping[str, Sequence[str]] = {
    "jobs": ("dubline_jobs", "dubline_oldest_queued_job_seconds"),
    "runs": ("dubline_runs", "dubline_heartbeat_age_seconds"),
    "waiting": ("dubline_languages_waiting",),
    "dead_letters": ("dubline_dead_letters_open",),
    "slots": ("dubline_vendor_slots", "dubline_vendor_slots_used"),
    "circuits": ("dubline_circuit_open",),
    "quotas": ("dubline_vendor_quota_left_ratio",),
    "doubts": ("dubline_calls_in_doubt", "dubline_calls_in_doubt_usd_micros"),
    "budget": ("dubline_budget_limit_usd_micros", "dubline_budget_spent_usd_micros", "dubline_budget_held_usd_micros"),
    "alerts": ("dubline_alerts_open",),
    "bills": ("dubline_days_to_bill",),
    "retention": ("dubline_retention_overdue",),
    "daemon": ("dubline_daemon_silence_seconds",),
}
"""The metrics of each reading."""


def is_left_alone(circuit: Circuit, now: datetime) -> bool:
    """Tell whether nobody calls a vendor now: its circuit is open, or one call tries and the others wait for it."""
    return circuit.open_until is not None and now < circuit.open_until


def _try(tx: UnitOfWork, reading: str, read: Read, deadline: float) -> Sequence[Sample] | None:
    left_s = min(ONE_S, deadline - monotonic())
    if left_s <= 0:
        return None
    try:
        with tx.session.begin_nested():
            tx.session.execute(_LIMIT, {"ms": str(max(1, int(left_s * 1000)))})
            return list(read(tx))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        logger.warning("a reading failed: %s, %s", reading, type(error).__name__)
        return None


def _build_family(name: str) -> GaugeMetricFamily:
    metric = CATALOGUE[name]
    return GaugeMetricFamily(name, metric.help, labels=metric.labels)


def _count_s(span: timedelta | None) -> float:
    return span.total_seconds() if span is not None else 0.0


def _read_jobs(tx: UnitOfWork) -> Iterator[Sample]:
    for state, jobs in tx.readings.count_jobs().items():
        yield "dubline_jobs", (state.value,), jobs
    yield "dubline_oldest_queued_job_seconds", (), _count_s(tx.readings.find_longest_wait())


def _read_runs(tx: UnitOfWork) -> Iterator[Sample]:
    for status, runs in tx.readings.count_runs().items():
        yield "dubline_runs", (status.value,), runs
    yield "dubline_heartbeat_age_seconds", (), _count_s(tx.readings.find_longest_silence())


def _read_waiting(tx: UnitOfWork) -> Iterator[Sample]:
    for waiting_on, languages in tx.readings.count_waiting().items():
        yield "dubline_languages_waiting", (waiting_on.value,), languages


def _read_letters(tx: UnitOfWork) -> Iterator[Sample]:
    for open_ in tx.readings.count_letters():
        yield "dubline_dead_letters_open", (open_.stage, open_.error_code), open_.letters


def _read_budget(tx: UnitOfWork) -> Iterator[Sample]:
    budget = tx.readings.get_budget()
    if budget.limit_usd_micros is not None:
        yield "dubline_budget_limit_usd_micros", (), budget.limit_usd_micros
    yield "dubline_budget_spent_usd_micros", (), budget.spent_usd_micros
    yield "dubline_budget_held_usd_micros", (), budget.held_usd_micros


def _read_alerts(tx: UnitOfWork) -> Iterator[Sample]:
    for open_ in tx.readings.count_alerts():
        yield "dubline_alerts_open", (open_.rule, open_.kind), open_.alerts


def _read_bills(tx: UnitOfWork) -> Iterator[Sample]:
    yield "dubline_days_to_bill", (), tx.readings.count_days_to_bill(tx.readings.get_now())
