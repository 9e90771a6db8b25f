"""Costs of all users, for an operator: read as the service, after the token was looked at."""

from api.access import Access
from api.costs.replies import build_cost_reply
from api.costs.schemas import CostListQuery, CostReply
from resources.database.cost_views import CostQuery, list_costs


def sum_costs(access: Access, wanted: CostListQuery) -> CostReply:
    """Sum up the bills of a span."""
    query = CostQuery(wanted.from_, wanted.to, wanted.groups, wanted.limit)
    with access.container.database.transaction() as tx:
        return build_cost_reply(query, list_costs(tx, query))
