import re
from importlib import import_module
from pathlib import Path

from cli.alert_pages import parse_threshold
from dubbing.alerting import AlertKind, build_rule

PAGE = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()
RULE = re.compile(r"^\| ([a-z ]+) \| `(\w+)` \| (\d+) \|$", re.MULTILINE)


def test_the_page_names_every_rule_of_a_fresh_database() -> None:
    documented = {
        (name, kind, parse_threshold(AlertKind(kind), threshold)) for name, kind, threshold in RULE.findall(PAGE)
    }
    assert documented == set(import_module("migrations.versions.0008_count_money").RULES)


def test_the_rules_of_a_fresh_database_could_be_set_by_hand() -> None:
    for name, kind, threshold in import_module("migrations.versions.0008_count_money").RULES:
        assert build_rule(name, AlertKind(kind), threshold).threshold == threshold
