"""Reading the caller's own usage: as the service, for callers see no table of money, and of the caller's id alone."""

from datetime import UTC, date, datetime

from api.access import Access
from api.usage.schemas import UsageQuery, UsageReply
from resources.database.usage_views import load_usage


def read_own_usage(access: Access, query: UsageQuery) -> UsageReply:
    """Return what the caller used in a month."""
    month = date.fromisoformat(f"{query.month}-01") if query.month else datetime.now(UTC).date().replace(day=1)
    with access.container.database.transaction() as tx:
        usage = load_usage(tx, access.caller.user_id, month)
        budget = tx.budgets.get_standing(access.caller.user_id, month)
    left = budget.left_usd_micros
    return UsageReply(
        month=f"{month:%Y-%m}",
        jobs=usage.jobs,
        languages_delivered=usage.languages,
        dubbed_minutes=round(usage.dubbed_ms / 60_000, 1),
        charged_usd_micros=budget.spent_usd_micros,
        held_usd_micros=budget.held_usd_micros,
        budget_usd_micros=budget.limit_usd_micros,
        left_usd_micros=max(0, left) if left is not None else None,
    )
