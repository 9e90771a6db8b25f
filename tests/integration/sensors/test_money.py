"""The sensor that watches the money."""

import uuid

import pytest
from sqlalchemy import delete

from dubbing.alerting import Alert, AlertKind
from dubbing.errors import DatabaseUnavailableError
from resources.database.money_tables import AlertRow, VendorQuota
from resources.database.vendor_quotas import Quota
from resources.vendors.quotas import QuotaDesk
from sensors.money import describe_open, money
from tests.integration.sensors.conftest import Ears


def test_it_asks_looks_and_says_what_is_open(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ears.evaluate(money).skip_message == "No alert is open."
    desk = QuotaDesk(ears.database, {"elevenlabs": lambda: Quota("characters", 4, 100)})
    for name in ("quota_desk", "alert_watch"):
        vars(ears.container).pop(name, None)
    monkeypatch.setitem(vars(ears.container), "quota_desk", desk)
    assert ears.evaluate(money).skip_message == "Open alerts: 2. vendor quota low: 1, vendor quota nearly gone: 1"
    ears.change(lambda tx: tx.session.execute(delete(VendorQuota)))
    assert ears.evaluate(money).skip_message == "No alert is open."
    vars(ears.container).pop("alert_watch")
    ears.change(lambda tx: tx.session.execute(delete(AlertRow)))


def test_it_names_no_user(ears: Ears) -> None:
    user = str(uuid.uuid4())
    assert user not in describe_open([Alert("budget used up", AlertKind.BUDGET_USED, user, 100, 100)])


def test_a_database_that_is_away_is_no_error(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseUnavailableError("The database cannot be reached.")

    monkeypatch.setattr(ears.container.alert_watch, "look", fail)
    assert ears.evaluate(money).skip_message == "The database cannot be reached."
