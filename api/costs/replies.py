"""From sums to the bodies that operators read, as JSON and as CSV."""

import csv
import io

from api.costs.schemas import CostReply, CostRowReply, SumReply
from dubbing.billing import guard_cell
from resources.database.cost_views import CostQuery, CostRow, Costs


def build_cost_reply(query: CostQuery, costs: Costs) -> CostReply:
    """Describe what a span cost."""
    return CostReply(
        from_=query.first,
        to=query.last,
        group_by=list(query.groups),
        rows=[CostRowReply.model_validate(_describe(row)) for row in costs.rows],
        total=SumReply.model_validate(_describe(costs.total)),
        left_out=costs.left_out,
        provisional_days=list(costs.provisional_days),
        unbilled_days=list(costs.unbilled_days),
    )


def render_csv(reply: CostReply) -> str:
    """Write the rows of a report as CSV; no cell is a formula to a spreadsheet."""
    names = [*(group.value for group in reply.group_by), *SumReply.model_fields]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(names)
    for row in reply.rows:
        cells = row.model_dump(mode="json")
        writer.writerow(_guard(cells[name]) for name in names)
    return file.getvalue()


def _guard(cell: str | int | None) -> str | int:
    return guard_cell(cell) if isinstance(cell, str) else cell if cell is not None else ""


def _describe(row: CostRow) -> dict[str, object]:
    return {
        **{group.value: key for group, key in row.keys.items()},
        "calls": row.sums.calls,
        "failed_calls": row.sums.failed_calls,
        "doubtful_calls": row.sums.doubtful_calls,
        "cost_usd_micros": row.sums.cost_usd_micros,
        "charged_usd_micros": row.charged_usd_micros,
        "lost_usd_micros": row.lost_usd_micros,
        "doubtful_usd_micros": row.sums.doubtful_usd_micros,
    }
