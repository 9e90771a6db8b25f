"""`docs/metrics.md` lists the catalogue."""

from pathlib import Path

import pytest

from resources.telemetry.catalogue import CATALOGUE, Metric

PAGE = (Path(__file__).parents[4] / "docs" / "metrics.md").read_text()


def render_row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind.value} | {labels} | {metric.help} |".replace("|  |", "| |")


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_page_has_the_row_of_each_metric(name: str) -> None:
    assert render_row(CATALOGUE[name]) in PAGE.splitlines()


def test_the_page_has_no_metric_that_there_is_not() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `dubline_")]
    assert rows == [render_row(metric) for metric in CATALOGUE.values()]
