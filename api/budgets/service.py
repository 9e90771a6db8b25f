"""Budgets of everybody, for an operator: read and written as the service, after the token was looked at."""

import logging
import uuid

from api.access import Access
from api.budgets.schemas import BudgetPage, BudgetQuery, BudgetReply, LimitRequest, build_budget_reply
from api.schemas import to_usd_micros

logger = logging.getLogger(__name__)


def list_budgets(access: Access, query: BudgetQuery) -> BudgetPage:
    """Return the installation's budget and a page of those of users."""
    with access.container.database.transaction() as tx:
        installation = tx.budgets.get_standing(None)
        found = tx.budgets.list_users(query.limit + 1, after=query.after)
    items = [build_budget_reply(each) for each in found[: query.limit]]
    return BudgetPage(
        installation=build_budget_reply(installation),
        items=items,
        next_after=items[-1].user_id if len(found) > query.limit else None,
    )


def set_budget(access: Access, user_id: uuid.UUID | None, wanted: LimitRequest) -> BudgetReply:
    """Set a limit; jobs that are under way keep what is held for them."""
    with access.container.database.transaction() as tx:
        tx.budgets.set_limit(user_id, to_usd_micros(wanted.limit_usd), str(access.caller.user_id))
        return build_budget_reply(tx.budgets.get_standing(user_id))


def clear_budget(access: Access, user_id: uuid.UUID | None) -> BudgetReply:
    """Let the settings say again what may be spent."""
    with access.container.database.transaction() as tx:
        tx.budgets.clear_limit(user_id)
        logger.info("The limit of %s was cleared by %s.", user_id or "the installation", access.caller.user_id)
        return build_budget_reply(tx.budgets.get_standing(user_id))
