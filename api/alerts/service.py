"""Alerts and rules, for an operator: read and written as the service, after the token was looked at."""

from api.access import Access
from api.alerts.replies import build_alert_reply, build_rule_reply
from api.alerts.schemas import AlertListQuery, AlertPage, RuleList, RuleReply, RuleRequest
from api.cursors import cut_page, parse_cursor
from dubbing.alerting import build_rule
from resources.database.positions import Position


def list_alerts(access: Access, query: AlertListQuery) -> AlertPage:
    """Return a page of alerts."""
    after = parse_cursor(query.cursor)
    with access.container.database.transaction() as tx:
        found = tx.alerts.list_newest(limit=query.limit + 1, only_open=query.state == "open", after=after)
    alerts, next_cursor = cut_page(found, query.limit, lambda alert: Position(alert.raised_at, alert.id))
    return AlertPage(items=[build_alert_reply(alert) for alert in alerts], next_cursor=next_cursor)


def list_rules(access: Access) -> RuleList:
    """Return all rules."""
    with access.container.database.transaction() as tx:
        return RuleList(items=[build_rule_reply(row) for row in tx.alerts.list_rules()])


def set_rule(access: Access, name: str, wanted: RuleRequest) -> RuleReply:
    """Add a rule, or put it in the place of the one of this name.

    Raises:
        InputError: no such threshold, or another rule has it.
    """
    rule = build_rule(name, wanted.kind, wanted.threshold, is_on=wanted.is_on)
    with access.container.database.transaction() as tx:
        return build_rule_reply(tx.alerts.set_rule(rule, set_by=str(access.caller.user_id)))
