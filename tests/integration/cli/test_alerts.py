"""`dubline alerts` and the quotas of `dubline vendors`, on the real database."""

import json
import uuid
from typing import Any

from sqlalchemy import insert
from typer.testing import Result

from dubbing.alerting import Alert, AlertKind, AlertPlan
from dubbing.errors import InputError, NotFoundError
from resources.container import Container
from resources.database.money_tables import AlertRow
from resources.database.vendor_quotas import Quota
from tests.integration.cli.conftest import Command

USER = str(uuid.UUID(int=7))


def read(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def test_rules_are_listed_added_changed_and_switched(dubline: Command) -> None:
    names = [rule["name"] for rule in read(dubline("alerts", "rules", "--json"))]
    assert names[:3] == ["budget half used", "budget nearly used", "budget used up"]
    assert dubline("alerts", "set", "spending madly", "spend_rate", "50.25").exit_code == 0
    assert dubline("alerts", "set", "budget half used", "budget_used", "55%").exit_code == 0
    assert dubline("alerts", "off", "vendor quota low").stdout == "vendor quota low is off.\n"
    rules = {rule["name"]: rule for rule in read(dubline("alerts", "rules", "--json"))}
    assert rules["spending madly"]["threshold"] == 50_250_000
    assert rules["spending madly"]["set_by"] == "operator: dubline alerts"
    assert (rules["budget half used"]["threshold"], rules["vendor quota low"]["is_on"]) == (55, False)
    shown = dubline("alerts", "rules").stdout
    assert all(words in shown for words in ("at or above $50.2500 an hour", "at or below 20 %", "off"))
    assert dubline("alerts", "on", "vendor quota low").exit_code == 0
    assert all(rule["is_on"] for rule in read(dubline("alerts", "rules", "--json")))


def test_what_is_no_rule_is_refused_in_one_sentence(dubline: Command) -> None:
    for arguments in (
        ("x", "budget_used", "0"),
        ("x", "budget_used", "80.5"),
        ("x", "budget_used", "many"),
        ("x", "vendor_quota_left", "100"),
        ("x", "spend_rate", "0"),
        ("x", "spend_rate", "1e3"),
        ("x", "spend_rate", "0.0000001"),
        ("x", "budget_used", "80"),
        ("", "budget_used", "60"),
        ("a/b", "budget_used", "60"),
        ("a\nb", "budget_used", "60"),
        ("x" * 65, "budget_used", "60"),
    ):
        assert isinstance(dubline("alerts", "set", *arguments).exception, InputError), arguments


def test_a_kind_that_is_none_and_a_rule_that_is_not_there_are_refused(dubline: Command) -> None:
    assert dubline("alerts", "set", "x", "moods", "1").exit_code == 2
    assert isinstance(dubline("alerts", "off", "x").exception, NotFoundError)


def test_alerts_are_listed_open_ones_first_asked_for(dubline: Command, container: Container) -> None:
    assert dubline("alerts", "list").stdout == "No alert is open.\n"
    over = Alert("budget half used", AlertKind.BUDGET_USED, "installation", 50, 51)
    alerts = (
        Alert("budget used up", AlertKind.BUDGET_USED, USER, 100, 104),
        Alert("spending fast", AlertKind.SPEND_RATE, "installation", 20_000_000, 21_500_000),
    )
    with container.database.transaction() as tx:
        tx.alerts.apply(AlertPlan(to_raise=(over, *alerts), to_clear=()))
        tx.alerts.apply(AlertPlan(to_raise=(), to_clear=(over,)))
    listed = read(dubline("alerts", "list", "--json"))
    assert [(each["rule"], each["value"]) for each in listed] == [
        ("spending fast", 21_500_000),
        ("budget used up", 104),
    ]
    assert [each["rule"] for each in read(dubline("alerts", "list", "--all", "--json"))][-1] == over.rule
    assert len(read(dubline("alerts", "list", "--all", "--limit", "1", "--json"))) == 1
    shown = dubline("alerts", "list", env={"COLUMNS": "80"}).stdout
    assert all(words in shown for words in (USER, "104 %", "100 %", "$21.5000 an hour", "open"))
    assert over.rule not in shown


def test_a_name_in_brackets_is_shown_as_it_is(dubline: Command, container: Container) -> None:
    assert dubline("alerts", "set", "[red]x[x]", "budget_used", "60").exit_code == 0
    with container.database.transaction() as tx:
        values = {"id": uuid.uuid4(), "rule": "[red]x", "kind": "budget_used", "threshold": 1, "value": 1}
        tx.session.execute(insert(AlertRow).values(**values, subject="[bold]y"))
    assert "[red]x[x]" in dubline("alerts", "rules").stdout
    assert "[red]x" in dubline("alerts", "list").stdout


def test_vendors_show_what_is_left_where_it_is_known(dubline: Command, container: Container) -> None:
    with container.database.transaction() as tx:
        tx.quotas.record("elevenlabs", Quota("characters", 70_000, 100_000))
        tx.quotas.record("deepgram", Quota("usd_micros", 12_500_000))
    shown = dubline("vendors").stdout
    assert "left 0 minutes ago: 70,000 of 100,000 characters (70 %)" in shown
    assert "left 0 minutes ago: $12.5000 of $12.5000 (100 %)" in shown
    quotas = {line["vendor"]: line["quota"] for line in read(dubline("vendors", "--json"))}
    assert quotas["openai"] is None
    assert (quotas["elevenlabs"]["percent_left"], quotas["elevenlabs"]["resets_at"]) == (70, None)
