"""One look at the money: read, plan, write down what begins and what ends, and say so in the log."""

import logging
from collections.abc import Collection
from datetime import datetime

from dubbing.alerting import Alert, AlertKind, AlertPlan, Reading, Rule, plan_alerts
from resources.database.alerts import Alerts
from resources.database.balances import Limits
from resources.database.connection import Database

logger = logging.getLogger(__name__)


class AlertWatch:
    """Looks when it is told to; several may look at once, in any process, and write down everything once.

    Args:
        limits: for whom no limit of their own is set.
        vendors: whose quotas count: those that we have a key of, for what others said once is never asked again.
    """

    def __init__(self, database: Database, limits: Limits, vendors: Collection[str]) -> None:
        self._database = database
        self._limits = limits
        self._vendors = vendors

    def look(self) -> list[Alert]:
        """Raise and clear alerts as things are now.

        Returns:
            The alerts that are open after it.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached; nothing was changed.
        """
        with self._database.transaction() as tx:
            now = tx.alerts.take_turn()
            rules = [Rule(row.name, AlertKind(row.kind), row.threshold, row.is_on) for row in tx.alerts.list_rules()]
            readings = self._read(tx.alerts, rules, now)
            open_ = tx.alerts.list_open()
            done = tx.alerts.apply(plan_alerts(rules, readings, open_))
        _tell(done)
        over = set(done.to_clear)
        return [*(alert for alert in open_ if alert not in over), *done.to_raise]

    def _read(self, alerts: Alerts, rules: Collection[Rule], now: datetime) -> list[Reading]:
        """Read what some rule looks at; the others' alerts end without a reading."""
        lowest: dict[AlertKind, int] = {}
        for rule in rules:
            if rule.is_on:
                lowest[rule.kind] = min(rule.threshold, lowest.get(rule.kind, rule.threshold))
        readings: list[Reading] = []
        if AlertKind.BUDGET_USED in lowest:
            readings += alerts.read_budgets(now, self._limits, least_percent=lowest[AlertKind.BUDGET_USED])
        if AlertKind.VENDOR_QUOTA_LEFT in lowest:
            readings += alerts.read_quotas(self._vendors)
        if AlertKind.SPEND_RATE in lowest:
            readings.append(alerts.read_spend_rate(now))
        if AlertKind.INVOICE_VARIANCE in lowest:
            readings += alerts.read_variances()
        return readings


def _tell(done: AlertPlan) -> None:
    for alert in done.to_clear:
        logger.info("Alert cleared: %s (%s of %s).", alert.rule, alert.kind, alert.subject)
    for alert in done.to_raise:
        logger.warning(
            "Alert raised: %s (%s of %s is %d, threshold %d).",
            *(alert.rule, alert.kind, alert.subject, alert.value, alert.threshold),
        )
