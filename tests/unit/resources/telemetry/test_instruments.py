import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from resources.telemetry.catalogue import CATALOGUE, Exporter, Kind
from resources.telemetry.instruments import Instruments


def count_something(instruments: Instruments) -> None:
    for made in (*instruments.counters.values(), *instruments.gauges.values()):
        name = made._name if made._name in CATALOGUE else f"{made._name}_total"
        labels = CATALOGUE[name].labels
        (made.labels(*labels) if labels else made).inc()
    for name, histogram in instruments.histograms.items():
        labels = CATALOGUE[name].labels
        (histogram.labels(*labels) if labels else histogram).observe(0.3)


@pytest.mark.parametrize("exporter", list(Exporter))
def test_an_exporter_shows_its_metrics_as_the_catalogue_has_them_and_nothing_else(exporter: Exporter) -> None:
    instruments = Instruments(exporter)
    count_something(instruments)
    families = text_string_to_metric_families(generate_latest(instruments.registry).decode())
    shown = {
        (f"{family.name}_total" if family.type == "counter" else family.name, family.type, family.documentation): {
            label for sample in family.samples for label in sample.labels
        }
        for family in families
        if not family.name.startswith("process_")
    }
    assert shown == {
        (metric.name, metric.kind.value, metric.help): {*metric.labels, *_list_bound(metric.kind)}
        for metric in CATALOGUE.values()
        if metric.exporter is exporter
    }


def _list_bound(kind: Kind) -> tuple[str, ...]:
    return ("le",) if kind is Kind.HISTOGRAM else ()


def test_buckets_are_those_of_the_catalogue() -> None:
    name = "dubline_http_request_duration_seconds"
    instruments = Instruments(Exporter.API)
    instruments.histograms[name].labels("GET", "/healthz").observe(0.3)
    (family,) = (f for f in instruments.registry.collect() if f.name == name)
    bounds = [float(sample.labels["le"]) for sample in family.samples if sample.name.endswith("_bucket")]
    assert bounds == [*CATALOGUE[name].buckets, float("inf")]


def test_two_applications_of_one_process_count_apart() -> None:
    first, second = Instruments(Exporter.API), Instruments(Exporter.API)
    first.gauges["dubline_http_requests_in_flight"].inc()
    assert second.registry.get_sample_value("dubline_http_requests_in_flight") == 0
