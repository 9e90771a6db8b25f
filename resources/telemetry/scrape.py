"""One answer to whoever reads metrics, out of several collectors: always an answer, whatever becomes of one of them."""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from time import monotonic

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from resources.telemetry.catalogue import CATALOGUE

FRESH_S = 1.0
"""How long an answer serves for others too, seconds."""

DEADLINE_S = 4.5
"""How long all collectors together may take, seconds; Prometheus gives up after 10."""

FAILED = "dubline_reading_failed"

logger = structlog.stdlib.get_logger()

Families = list[Metric]


class Scrape:
    """Reads collectors side by side, once for all who ask at the same time.

    A collector that hangs is left out, and not asked again before it has come back.

    Args:
        collectors: by the name under which a failure of theirs is shown.
    """

    def __init__(
        self, collectors: Mapping[str, Collector], *, fresh_s: float = FRESH_S, deadline_s: float = DEADLINE_S
    ) -> None:
        self._collectors = collectors
        self._fresh_s = fresh_s
        self._deadline_s = deadline_s
        self._turn = threading.Lock()
        self._under_way: dict[str, Future[Families]] = {}
        self._answer = b""
        self._answered_at: float | None = None

    def render(self) -> bytes:
        """Return the metrics in Prometheus's text format."""
        with self._turn:
            if self._answered_at is None or monotonic() - self._answered_at > self._fresh_s:
                self._answer = generate_latest(_Given(self._read()))
                self._answered_at = monotonic()
            return self._answer

    def _read(self) -> Families:
        until = monotonic() + self._deadline_s
        for name in self._collectors.keys() - self._under_way.keys():
            self._under_way[name] = self._begin(name)
        readings = {name: self._end(name, until) for name in self._collectors}
        failed = GaugeMetricFamily(FAILED, CATALOGUE[FAILED].help, labels=["reading"])
        for name, families in readings.items():
            failed.add_metric([name], families is None)
        return _merge([failed, *(family for families in readings.values() for family in families or ())])

    def _begin(self, name: str) -> Future[Families]:
        reading: Future[Families] = Future()

        def read() -> None:
            try:
                reading.set_result(list(self._collectors[name].collect()))
            except Exception as error:  # noqa: BLE001 - whatever it is, the other readings go out
                reading.set_exception(error)

        # Not of a pool: the process must be able to end while one of them hangs.
        threading.Thread(target=read, name=f"reading-{name}", daemon=True).start()
        return reading

    def _end(self, name: str, until: float) -> Families | None:
        """Return what a collector gave; None where it failed or has not come back."""
        try:
            families = self._under_way[name].result(max(0.0, until - monotonic()))
        except NotYetError:
            logger.warning("metrics.reading_hangs", reading=name)
            return None
        except Exception as error:
            logger.warning("metrics.reading_failed", reading=name, exc_info=error)
            families = None
        del self._under_way[name]
        return families


class _Given(Collector):
    """What was read, for whoever renders it."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _merge(families: Iterable[Metric]) -> Families:
    """Put the samples of one metric together: in the text format a metric is described once."""
    merged: dict[str, Metric] = {}
    for family in families:
        if family.name in merged:
            merged[family.name].samples += family.samples
        else:
            merged[family.name] = family
    return list(merged.values())
