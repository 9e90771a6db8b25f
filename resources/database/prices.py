"""Prices by vendor and model, in force from a day on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dubbing.usage import Price
from resources.database.tables import PriceRow


@dataclass(frozen=True, slots=True)
class PriceSet:
    """What a model costs, by unit; vendor, model and ``effective_from`` name it for good."""

    prices: Mapping[str, Price]
    effective_from: datetime


class Prices:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find_current(self, vendor: str, model: str) -> PriceSet | None:
        """Find the prices in force now; a newer set takes the place of the whole older one."""
        rows = self._session.scalars(
            select(PriceRow).where(
                PriceRow.vendor == vendor,
                PriceRow.model == model,
                PriceRow.effective_from
                == select(func.max(PriceRow.effective_from))
                .where(
                    PriceRow.vendor == vendor,
                    PriceRow.model == model,
                    PriceRow.effective_from <= func.clock_timestamp(),
                )
                .scalar_subquery(),
            )
        ).all()
        return _assemble(rows) if rows else None

    def list_current(self) -> Mapping[tuple[str, str], PriceSet]:
        """Return the prices in force now, by vendor and model."""
        pairs = self._session.execute(
            select(PriceRow.vendor, PriceRow.model).distinct().order_by(PriceRow.vendor, PriceRow.model)
        )
        found = {(vendor, model): self.find_current(vendor, model) for vendor, model in pairs.all()}
        return {pair: prices for pair, prices in found.items() if prices is not None}


def _assemble(rows: Sequence[PriceRow]) -> PriceSet:
    return PriceSet({row.unit: Price(row.usd_micros, row.per_units) for row in rows}, rows[0].effective_from)
