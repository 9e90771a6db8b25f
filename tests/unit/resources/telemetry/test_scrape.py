import threading
from collections.abc import Iterable, Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from resources.telemetry.scrape import FAILED, Scrape


class Given(Collector):
    """Gives a gauge, or what it is told to raise."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.error = error
        self.readings = 0

    def collect(self) -> Iterable[Metric]:
        self.readings += 1
        if self.error is not None:
            raise self.error
        return [GaugeMetricFamily(self.name, "help", value=1)]


class Hanging(Given):
    """Gives its gauge when it is let go."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.may_end = threading.Event()

    def collect(self) -> Iterable[Metric]:
        given = super().collect()
        self.may_end.wait()
        return given


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging("late")
    yield hanging
    hanging.may_end.set()


def read(scrape: Scrape) -> dict[str, float]:
    """Values by name, with that of the only label."""
    return {
        ".".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(scrape.render().decode())
        for sample in family.samples
    }


def test_a_reading_that_fails_is_named_and_the_others_are_given() -> None:
    scrape = Scrape({"good": Given("there"), "bad": Given("gone", OSError("the database is away"))})
    assert read(scrape) == {"there": 1, f"{FAILED}.good": 0, f"{FAILED}.bad": 1}


def test_what_a_failure_says_is_not_given_to_readers() -> None:
    assert b"secret" not in Scrape({"bad": Given("gone", OSError("a secret address"))}).render()


def test_a_reading_that_hangs_is_left_out_and_not_begun_a_second_time(hanging: Hanging) -> None:
    scrape = Scrape({"good": Given("there"), "slow": hanging}, fresh_s=-1, deadline_s=0.05)
    assert read(scrape) == read(scrape) == {"there": 1, f"{FAILED}.good": 0, f"{FAILED}.slow": 1}
    assert hanging.readings == 1


def test_a_reading_that_hung_is_given_once_it_has_come_back(hanging: Hanging) -> None:
    scrape = Scrape({"slow": hanging}, fresh_s=-1, deadline_s=0.05)
    assert "late" not in read(scrape)
    hanging.may_end.set()
    patient = Scrape({"slow": hanging}, fresh_s=-1, deadline_s=30)
    assert read(patient)["late"] == 1


def test_an_answer_serves_for_who_asks_right_after() -> None:
    given = Given("there")
    scrape = Scrape({"good": given}, fresh_s=3600)
    assert scrape.render() == scrape.render()
    assert given.readings == 1


def test_an_answer_that_is_old_is_made_anew() -> None:
    given = Given("there")
    scrape = Scrape({"good": given}, fresh_s=-1)
    scrape.render()
    scrape.render()
    assert given.readings == 2


def test_a_metric_of_two_readings_is_described_once() -> None:
    class Parts(Collector):
        """Names a part of its own that failed."""

        def collect(self) -> Iterable[Metric]:
            family = GaugeMetricFamily(FAILED, "help", labels=["reading"])
            family.add_metric(["part"], 1)
            return [family]

    scrape = Scrape({"parts": Parts()})
    assert scrape.render().count(b"# TYPE dubline_reading_failed") == 1
    assert read(scrape) == {f"{FAILED}.parts": 0, f"{FAILED}.part": 1}
