"""Reading the caller's own usage: as the service, for callers see no table of money, and of the caller's id alone."""

from datetime import UTC, date, datetime

from api.access import Access
from api.usage.schemas import UsageQuery, UsageReply
from resources.database.usage_views import load_usage


def read_own_usage(access: Access, query: UsageQuery) -> UsageReply:
    """Return what the caller used in a month."""
    month = date.fromisoformat(f"{query.month}-01") if query.month else datetime.now(UTC).date().replace(day=1)
    default = access.container.settings.user_budget_usd
    with access.container.database.transaction() as tx:
        usage = load_usage(tx, access.caller.user_id, month)
    limit = usage.limit_usd_micros if usage.has_own_limit else None if default is None else int(default * 1_000_000)
    left = None if limit is None else max(0, limit - usage.charged_usd_micros - usage.held_usd_micros)
    return UsageReply(
        month=f"{month:%Y-%m}",
        jobs=usage.jobs,
        languages_delivered=usage.languages,
        dubbed_minutes=round(usage.dubbed_ms / 60_000, 1),
        charged_usd_micros=usage.charged_usd_micros,
        held_usd_micros=usage.held_usd_micros,
        budget_usd_micros=limit,
        left_usd_micros=left,
    )
