"""Bodies of budgets."""

import uuid
from datetime import date, datetime

from pydantic import Field

from api.schemas import Dollars, Reply, Request
from resources.database.budgets import Standing


class BudgetReply(Reply):
    """A budget, and how it stands this month."""

    user_id: uuid.UUID | None = Field(description="Whose; null for the whole installation.")
    month: date = Field(description="The month's first day, UTC.")
    limit_usd_micros: int | None = Field(description="What may be spent in a month; null for no limit.")
    held_usd_micros: int = Field(description="Put aside for jobs that are under way.")
    spent_usd_micros: int = Field(
        description="What the jobs that are over came to: all of it for the installation, what is charged for a user."
    )
    left_usd_micros: int | None = Field(
        description="Below 0 where the limit was lowered, or an invoice asked for more; null for no limit."
    )
    set_by: str | None = Field(description="Who set the limit; null where it is that of the settings.")
    set_at: datetime | None


class BudgetPage(Reply):
    """The installation's budget, and those of users who have a limit of their own or spent something this month."""

    installation: BudgetReply
    items: list[BudgetReply]
    next_after: uuid.UUID | None = Field(description="Pass it as `after` for the next page; none on the last one.")


class BudgetQuery(Request):
    """Which budgets to list."""

    after: uuid.UUID | None = Field(default=None, description="`next_after` of the page before.")
    limit: int = Field(default=100, ge=1, le=1000)


class LimitRequest(Request):
    """What may be spent in a month."""

    limit_usd: Dollars | None = Field(description="Dollars; null for no limit.", examples=[250])


def build_budget_reply(standing: Standing) -> BudgetReply:
    """Describe a budget."""
    return BudgetReply(
        user_id=standing.user_id,
        month=standing.month,
        limit_usd_micros=standing.limit_usd_micros,
        held_usd_micros=standing.held_usd_micros,
        spent_usd_micros=standing.spent_usd_micros,
        left_usd_micros=standing.left_usd_micros,
        set_by=standing.set_by,
        set_at=standing.set_at,
    )
