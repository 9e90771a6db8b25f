"""Every metric that the product exports, in one place.

Labels are bounded: a vendor, a state, a route; never a user, a job, or anything that a customer typed. Units are in the
names; money is in micro-dollars, as everywhere. `docs/metrics.md` lists the same, and a test holds the two equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

NONE = "none"
"""Value of the label ``error_code`` where there was no error."""


class Kind(StrEnum):
    """What a metric is, in the words of Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Exporter(StrEnum):
    """Who exports a metric: every process of the API its own, or one process for all that is in Postgres."""

    API = "api"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        help: one sentence for whoever reads it.
        buckets: upper bounds of a histogram, in the unit of the name; the last one, infinity, is left out.
    """

    name: str
    kind: Kind
    exporter: Exporter
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CALL_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
WORK_BUCKETS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 45.0, 90.0, 180.0, 420.0, 900.0, 1800.0, 3600.0, 7200.0)


def _worker(kind: Kind, name: str, help_: str, *labels: str, buckets: tuple[float, ...] = ()) -> Metric:
    return Metric(name, kind, Exporter.WORKER, help_, labels, buckets)


def _api(kind: Kind, name: str, help_: str, *labels: str, buckets: tuple[float, ...] = ()) -> Metric:
    return Metric(name, kind, Exporter.API, help_, labels, buckets)


_METRICS = (
    # Jobs
    _worker(Kind.COUNTER, "dubline_jobs_queued_total", "Attempts at jobs that were queued."),
    _worker(Kind.COUNTER, "dubline_jobs_ended_total", "Attempts at jobs that ended, by how.", "state"),
    _worker(Kind.COUNTER, "dubline_languages_ended_total", "Languages that ended, by how.", "state"),
    _worker(
        Kind.HISTOGRAM,
        "dubline_job_wait_seconds",
        "From when an attempt was queued until work on it began.",
        buckets=WORK_BUCKETS_S,
    ),
    _worker(
        Kind.HISTOGRAM,
        "dubline_job_duration_seconds",
        "From when an attempt was queued until it ended, by how.",
        "state",
        buckets=WORK_BUCKETS_S,
    ),
    _worker(
        Kind.HISTOGRAM,
        "dubline_stage_duration_seconds",
        "How long a language was in a stage.",
        "stage",
        buckets=WORK_BUCKETS_S,
    ),
    _worker(Kind.GAUGE, "dubline_jobs", "Jobs that have not ended, by state.", "state"),
    _worker(
        Kind.GAUGE,
        "dubline_oldest_queued_job_seconds",
        "How long the job has waited that waits longest; 0 where none does.",
    ),
    _worker(
        Kind.GAUGE,
        "dubline_heartbeat_age_seconds",
        "Age of the oldest heartbeat among languages of runs that have begun; 0 where there is none.",
    ),
    _worker(
        Kind.GAUGE,
        "dubline_languages_waiting",
        "Languages of runs that have begun and wait, by what for.",
        "waiting_on",
    ),
    _worker(Kind.GAUGE, "dubline_dead_letters_open", "Dead letters that nobody has dealt with.", "stage", "error_code"),
    # Vendors
    _worker(
        Kind.COUNTER,
        "dubline_calls_total",
        "Calls of engines that ended, by their error; none where there was none.",
        "vendor",
        "operation",
        "error_code",
    ),
    _worker(
        Kind.HISTOGRAM,
        "dubline_call_duration_seconds",
        "How long engines took to answer.",
        "vendor",
        "operation",
        buckets=CALL_BUCKETS_S,
    ),
    _worker(
        Kind.GAUGE,
        "dubline_vendor_slots",
        "Calls that may be under way at once, over all machines.",
        "vendor",
        "operation",
    ),
    _worker(Kind.GAUGE, "dubline_vendor_slots_used", "Slots for calls that are taken.", "vendor", "operation"),
    _worker(Kind.GAUGE, "dubline_circuit_open", "1 while a vendor that fails is left alone.", "vendor"),
    _worker(Kind.GAUGE, "dubline_vendor_quota_left_ratio", "Share of a vendor's quota or credit left, 0-1.", "vendor"),
    _worker(
        Kind.COUNTER, "dubline_found_again_total", "What was found and not bought again, by operation.", "operation"
    ),
    _worker(
        Kind.COUNTER,
        "dubline_saved_usd_micros_total",
        "What it had cost that was found and not bought again.",
        "operation",
    ),
    # Money
    _worker(
        Kind.COUNTER,
        "dubline_spend_usd_micros_total",
        "What calls cost, by the ledger.",
        "vendor",
        "model",
        "operation",
    ),
    _worker(Kind.GAUGE, "dubline_calls_in_doubt", "Calls of which nobody knows yet what they cost.", "vendor"),
    _worker(Kind.GAUGE, "dubline_calls_in_doubt_usd_micros", "What calls in doubt cost at most.", "vendor"),
    _worker(
        Kind.GAUGE, "dubline_budget_limit_usd_micros", "What may be spent this month; absent where there is no limit."
    ),
    _worker(Kind.GAUGE, "dubline_budget_spent_usd_micros", "What this month's budget has spent."),
    _worker(Kind.GAUGE, "dubline_budget_held_usd_micros", "What of this month's budget is held for work under way."),
    _worker(Kind.GAUGE, "dubline_alerts_open", "Alerts on money that are open, by rule.", "rule", "kind"),
    _worker(Kind.GAUGE, "dubline_days_to_bill", "Days that are over and whose bill is missing or provisional."),
    # Retention
    _worker(
        Kind.GAUGE,
        "dubline_retention_overdue",
        "What should have been erased two hours ago or earlier, by kind, among the 1000 oldest of each.",
        "kind",
    ),
    # Runs
    _worker(
        Kind.GAUGE,
        "dubline_runs",
        "Attempts at jobs by their runs, as our tables know them: due, queued, started, or ending.",
        "status",
    ),
    _worker(
        Kind.GAUGE,
        "dubline_daemon_silence_seconds",
        "How long Dagster's daemon has shown no sign of life; infinite where it never has.",
    ),
    # The exporter itself
    _worker(
        Kind.GAUGE, "dubline_metrics_lag_seconds", "How far the counters are behind, because something is written."
    ),
    _worker(Kind.GAUGE, "dubline_reading_failed", "1 where a part of the metrics could not be read.", "reading"),
    # The API
    _api(Kind.COUNTER, "dubline_http_requests_total", "Requests that were answered.", "method", "route", "status"),
    _api(
        Kind.HISTOGRAM,
        "dubline_http_request_duration_seconds",
        "From a request's first byte until the reply's last.",
        "method",
        "route",
        buckets=REQUEST_BUCKETS_S,
    ),
    _api(Kind.GAUGE, "dubline_http_requests_in_flight", "Requests that are being answered."),
    _api(
        Kind.GAUGE,
        "dubline_dependency_up",
        "1 where what the service stands on answers: database, store, disk, daemon.",
        "dependency",
    ),
)

CATALOGUE: Mapping[str, Metric] = {metric.name: metric for metric in _METRICS}
"""The metrics by name."""
