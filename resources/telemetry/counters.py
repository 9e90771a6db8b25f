"""Counters and histograms of the work, out of the totals in Postgres; asking for them counts what is new."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from time import monotonic

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from resources.database.connection import Database
from resources.database.tables import MetricTotal
from resources.database.totals import ENDED_STATES, LANGUAGE_ENDS, STAGES
from resources.telemetry.catalogue import CATALOGUE, Exporter, Kind, Metric

PATIENCE_S = 2.0
"""How long one reading goes on counting, seconds; what is left is counted by the next ones."""

MS_PER_S = 1000

OPERATIONS = ("recognize", "translate", "synthesize")

ALWAYS_SHOWN: Mapping[str, Sequence[tuple[str, ...]]] = {
    "dubline_jobs_queued_total": [()],
    "dubline_jobs_ended_total": [(state.value,) for state in ENDED_STATES],
    "dubline_languages_ended_total": [(state.value,) for state in LANGUAGE_ENDS],
    "dubline_job_wait_seconds": [()],
    "dubline_job_duration_seconds": [(state.value,) for state in ENDED_STATES],
    "dubline_stage_duration_seconds": [(stage.value,) for stage in STAGES],
    "dubline_found_again_total": [(operation,) for operation in OPERATIONS],
    "dubline_saved_usd_micros_total": [(operation,) for operation in OPERATIONS],
}
"""Label values that are known beforehand: shown as 0, for a rate does not see the first of what begins with 1."""

Totals = Mapping[tuple[str, ...], Sequence[MetricTotal]]


class TotalsCollector(Collector):
    """Gives Prometheus what was counted. Until all of the past is counted it shows no totals, only how far it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily | GaugeMetricFamily]:
        """Count what is new, and give all of it.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        is_all = self._count()
        with self._database.transaction() as tx:
            totals, lag_s = tx.totals.list(), tx.totals.measure_lag_s()
        if lag_s is not None:
            name = "dubline_metrics_lag_seconds"
            yield GaugeMetricFamily(name, CATALOGUE[name].help, value=lag_s)
        if is_all:
            yield from build_families(totals)

    def _count(self) -> bool:
        """Say whether all was counted."""
        until, since_s = self._database.measure_horizon(), monotonic()
        while True:
            with self._database.transaction() as tx:
                if tx.totals.count(until):
                    return True
            if monotonic() - since_s > PATIENCE_S:
                return False


def build_families(rows: Sequence[MetricTotal]) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
    """Build the counters and histograms of the catalogue that the worker exports."""
    totals: dict[str, dict[tuple[str, ...], list[MetricTotal]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        totals[row.name][tuple(row.labels)].append(row)
    for metric in CATALOGUE.values():
        if metric.exporter is not Exporter.WORKER:
            continue
        shown = {labels: totals[metric.name][labels] for labels in ALWAYS_SHOWN.get(metric.name, ())}
        if metric.kind is Kind.COUNTER:
            yield _build_counter(metric, totals[metric.name] | shown)
        elif metric.kind is Kind.HISTOGRAM:
            yield _build_histogram(metric, totals[metric.name] | shown)


def _build_counter(metric: Metric, totals: Totals) -> CounterMetricFamily:
    counts_money = "usd_micros" in metric.name
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, rows in totals.items():
        family.add_metric(labels, sum(row.amount if counts_money else row.events for row in rows))
    return family


def _build_histogram(metric: Metric, totals: Totals) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    bounds = [*(str(float(bound)) for bound in metric.buckets), "+Inf"]
    for labels, rows in totals.items():
        events = {row.bucket: row.events for row in rows}
        counts = accumulate(events.get(bucket, 0) for bucket in range(len(bounds)))
        family.add_metric(labels, list(zip(bounds, counts, strict=True)), sum(row.amount for row in rows) / MS_PER_S)
    return family
