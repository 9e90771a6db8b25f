"""From rows to the bodies that operators read."""

from api.alerts.schemas import AlertReply, RuleReply
from dubbing.alerting import AlertKind
from resources.database.money_tables import AlertRow, AlertRule


def build_alert_reply(row: AlertRow) -> AlertReply:
    """Describe an alert."""
    return AlertReply(
        id=row.id,
        rule=row.rule,
        kind=AlertKind(row.kind),
        subject=row.subject,
        threshold=row.threshold,
        value=row.value,
        raised_at=row.raised_at,
        cleared_at=row.cleared_at,
    )


def build_rule_reply(row: AlertRule) -> RuleReply:
    """Describe a threshold."""
    return RuleReply(
        name=row.name,
        kind=AlertKind(row.kind),
        threshold=row.threshold,
        is_on=row.is_on,
        set_by=row.set_by,
        set_at=row.set_at,
    )
