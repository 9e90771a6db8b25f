"""Rules and routes, by Prometheus' own programs."""

import re

import pytest
import yaml  # type: ignore[import-untyped]

from tests.support.watching import OBSERVABILITY, RULE_TESTS, RULES, RUNBOOKS, Rule, list_alerts, run_tool


def test_the_configuration_is_one() -> None:
    run_tool("promtool", "check", "config", "prometheus.yml")


def test_the_rules_are_rules() -> None:
    run_tool("promtool", "check", "rules", "--lint-fatal", *RULES)


def test_every_alert_fires_and_clears_as_its_test_says() -> None:
    run_tool("promtool", "test", "rules", *RULE_TESTS)


def list_expectations(alert: str) -> list[bool]:
    """Whether the alert is expected to fire, for each time that a test looks at it."""
    return [
        bool(look["exp_alerts"])
        for file in RULE_TESTS
        for test in yaml.safe_load(file.read_text())["tests"]
        for look in test.get("alert_rule_test", ())
        if look["alertname"] == alert
    ]


@pytest.mark.parametrize("alert", sorted({rule.name for rule in list_alerts()}))
def test_an_alert_is_seen_to_fire_and_to_be_quiet(alert: str) -> None:
    assert set(list_expectations(alert)) == {True, False}


@pytest.mark.parametrize("rule", list_alerts(), ids=lambda rule: rule.name)
def test_an_alert_waits_says_how_bad_it_is_and_leads_to_its_page(rule: Rule) -> None:
    page = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", rule.name.removeprefix("Dubline")).lower()
    assert rule.name.startswith("Dubline")
    assert rule.more["labels"]["severity"] in ("page", "ticket")
    assert {"for", "annotations"} <= rule.more.keys()
    assert rule.more["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule.more["annotations"]["runbook_url"] == f"docs/runbooks/{page}.md"
    assert (RUNBOOKS / f"{page}.md").read_text().startswith(f"# {rule.name}\n")


def test_pages_go_to_who_is_on_call_and_tickets_do_not() -> None:
    run_tool("amtool", "check-config", "alertmanager.yml")
    for severity, receiver in (("page", "on-call"), ("ticket", "tickets"), ("unheard-of", "tickets")):
        arguments = ("config", "routes", "test", "--config.file=alertmanager.yml", f"severity={severity}")
        assert run_tool("amtool", *arguments).strip() == receiver


def test_what_inhibits_and_what_is_inhibited_are_alerts_of_ours() -> None:
    text = (OBSERVABILITY / "alertmanager.yml").read_text()
    named = set(re.findall(r"Dubline\w+", text))
    assert len(named) > 5
    assert named <= {rule.name for rule in list_alerts()}
