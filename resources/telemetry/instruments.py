"""What a process counts into: the metrics of the catalogue as objects of the Prometheus client."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from resources.telemetry.catalogue import CATALOGUE, Exporter, Kind, Metric

# Each counter would come with a second series that says since when it counts: `process_start_time_seconds` does.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Instruments:
    """All metrics of an exporter, and those of the process, in a registry of their own.

    Args:
        exporter: whose metrics of the catalogue.

    Attributes:
        counters: by name, as are the others.
    """

    def __init__(self, exporter: Exporter) -> None:
        self.registry = CollectorRegistry()
        metrics = [metric for metric in CATALOGUE.values() if metric.exporter is exporter]
        self.counters = {m.name: Counter(*_say(m), registry=self.registry) for m in metrics if m.kind is Kind.COUNTER}
        self.gauges = {m.name: Gauge(*_say(m), registry=self.registry) for m in metrics if m.kind is Kind.GAUGE}
        self.histograms = {
            m.name: Histogram(*_say(m), registry=self.registry, buckets=m.buckets)
            for m in metrics
            if m.kind is Kind.HISTOGRAM
        }
        ProcessCollector(registry=self.registry)


def _say(metric: Metric) -> tuple[str, str, tuple[str, ...]]:
    return metric.name, metric.help, metric.labels
