"""Rules and boards against what is exported: a misspelt metric is an alert that never fires, or an empty panel."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from api.health.schemas import Checks
from dubbing import retention
from dubbing.alerting import AlertKind
from dubbing.errors import DubbingError
from dubbing.jobs import JobState, LanguageState
from resources.telemetry.catalogue import CATALOGUE, NONE, Kind
from tests.support.promql import Spoken, read_expression
from tests.support.watching import BOARDS, Query, list_queries, list_rules, read_board, run_tool

RECORDED = {rule.name: read_expression(rule.expression) for rule in list_rules() if not rule.is_alert}
OF_EVERY_TARGET = {"job", "instance"}
PROMETHEUS_OWN = {"up": OF_EVERY_TARGET}


def list_codes(kind: type[DubbingError] = DubbingError) -> set[str]:
    return {kind.code}.union(*(list_codes(child) for child in kind.__subclasses__()))


VALUES: Mapping[str, set[str]] = {
    "error_code": {NONE} | list_codes(),
    "state": {state.value for state in (*JobState, *LanguageState)},
    "operation": {"recognize", "translate", "synthesize"},
    "dependency": set(Checks.model_fields),
    "kind": {kind.value for kind in (*AlertKind, *retention.Kind)},
    "job": {"dubline-api", "dubline-worker"},
}
"""What some labels can say; a matcher for anything else matches nothing."""


def list_series() -> dict[str, set[str]]:
    """Labels of everything that Prometheus has of us, by name."""
    series: dict[str, set[str]] = dict(PROMETHEUS_OWN)
    for name, metric in CATALOGUE.items():
        labels = {*metric.labels, *OF_EVERY_TARGET}
        if metric.kind is Kind.HISTOGRAM:
            series |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
        else:
            series[name] = labels
    return series | {name: set(spoken.grouped) for name, spoken in RECORDED.items()}


SERIES = list_series()
EXPRESSIONS = [Query(rule.name, rule.expression) for rule in list_rules()] + list_queries()


@pytest.mark.parametrize("query", EXPRESSIONS, ids=lambda query: query.place)
def test_an_expression_speaks_of_what_is_exported(query: Query) -> None:
    spoken = read_expression(query.expression)
    assert spoken.selectors, "an expression that reads nothing"
    for selector in spoken.selectors:
        assert selector.metric in SERIES
        for label, values in selector.matched:
            assert label in SERIES[selector.metric], selector
            if label in VALUES:
                assert set(values) <= VALUES[label], selector
    check_grouping(spoken)


def check_grouping(spoken: Spoken) -> None:
    """Nothing is grouped by a label that a metric lacks, but for bounds, which only buckets have."""
    metrics = {selector.metric for selector in spoken.selectors}
    for metric in metrics:
        assert spoken.grouped - {"le"} <= SERIES[metric], metric
    if "le" in spoken.grouped:
        assert any(metric.endswith("_bucket") for metric in metrics)


def test_a_misspelt_metric_label_or_value_would_be_found() -> None:
    read = read_expression('sum by (vendr) (rate(dubline_cals_total{error_cod="x", state=~"gone|up"}[5m])) / bare')
    assert [selector.metric for selector in read.selectors] == ["dubline_cals_total", "bare"]
    assert read.selectors[0].matched == (("error_cod", ("x",)), ("state", ("gone", "up")))
    assert read.grouped == {"vendr"}


def test_every_metric_is_on_a_board_or_in_an_alert() -> None:
    """What nobody looks at need not be exported."""
    seen = {selector.metric for query in EXPRESSIONS for selector in read_expression(query.expression).selectors}
    bare = {name.removesuffix(end) for name in seen for end in ("_bucket", "_sum", "_count", "")}
    assert set(CATALOGUE) <= bare


def test_queries_of_boards_are_promql(tmp_path: Path) -> None:
    rules = [
        {"record": f"board:query:{number}", "expr": query.expression} for number, query in enumerate(list_queries())
    ]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "boards", "rules": rules}]}))
    run_tool("promtool", "check", "rules", tmp_path / "queries.yml")


def test_the_boards_are_five_and_known_by_their_files() -> None:
    assert {file.stem: read_board(file)["uid"] for file in BOARDS} == {
        name: name for name in (f"dubline-{of}" for of in ("cost", "latency", "retention", "throughput", "vendors"))
    }


@pytest.mark.parametrize("file", BOARDS, ids=lambda file: file.stem)
def test_a_board_is_what_grafana_10_imports(file: Path) -> None:
    board = read_board(file)
    assert board["schemaVersion"] >= 38
    assert board["id"] is None
    assert board["templating"]["list"][0]["type"] == "datasource"
    assert 6 <= len(board["panels"]) <= 9
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in board["panels"]:
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        for source in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
            assert source == {"type": "prometheus", "uid": "${datasource}"}
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


@pytest.mark.parametrize("file", BOARDS, ids=lambda file: file.stem)
def test_panels_lie_beside_each_other(file: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in read_board(file)["panels"]:
        at = panel["gridPos"]
        fields = {(at["x"] + right, at["y"] + down) for right in range(at["w"]) for down in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not fields & taken, panel["title"]
        taken |= fields


def test_what_cannot_be_read_is_not_shown_as_nothing() -> None:
    """A board that says 0 while nobody answers calms whoever looks at it."""
    assert [query.place for query in list_queries() if "vector(" in query.expression] == []


def test_money_is_shown_in_dollars() -> None:
    for board in map(read_board, BOARDS):
        for panel in board["panels"]:
            for target in panel["targets"]:
                is_money = "usd_micros" in target["expr"]
                assert is_money == (panel["fieldConfig"]["defaults"]["unit"] == "currencyUSD") or is_ratio(panel)
                assert not is_money or "/ 1e6" in target["expr"] or is_ratio(panel), panel["title"]


def is_ratio(panel: Mapping[str, object]) -> bool:
    return panel["fieldConfig"]["defaults"]["unit"] == "percentunit"  # type: ignore[index]
