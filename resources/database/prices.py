"""Prices by vendor and model, in force from a day on."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dubbing.errors import SettingsError
from dubbing.price_sets import PriceEntry, group_sets
from dubbing.usage import Price
from resources.database.tables import PriceRow, VendorCall


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

    def get_current(self, vendor: str, model: str, units: Set[str]) -> PriceSet:
        """Return the prices in force now.

        Raises:
            SettingsError: there is none for one of the units.
        """
        found = self.find_current(vendor, model)
        if found is None or not units <= found.prices.keys():
            raise SettingsError(
                f"There is no price for {model} of {vendor}, so it is not bought; add one to the price table."
            )
        return found

    def list_current(self) -> Mapping[tuple[str, str], PriceSet]:
        """Return the prices in force now, by vendor and model."""
        pairs = self._session.execute(
            select(PriceRow.vendor, PriceRow.model).distinct().order_by(PriceRow.vendor, PriceRow.model)
        )
        found = {(vendor, model): self.find_current(vendor, model) for vendor, model in pairs.all()}
        return {pair: prices for pair, prices in found.items() if prices is not None}

    def list_rows(self, at: datetime | None = None) -> Sequence[PriceRow]:
        """Return what is in force at a moment, or now, in order of vendor, model and unit."""
        moment = func.clock_timestamp() if at is None else at
        newest = (
            select(PriceRow.vendor, PriceRow.model, func.max(PriceRow.effective_from).label("since"))
            .where(PriceRow.effective_from <= moment)
            .group_by(PriceRow.vendor, PriceRow.model)
            .subquery()
        )
        rows = select(PriceRow).join(
            newest,
            (PriceRow.vendor == newest.c.vendor)
            & (PriceRow.model == newest.c.model)
            & (PriceRow.effective_from == newest.c.since),
        )
        return self._session.scalars(rows.order_by(PriceRow.vendor, PriceRow.model, PriceRow.unit)).all()

    def add(self, entries: Sequence[PriceEntry]) -> None:
        """Add sets of prices, all or none; a set in the future comes into force by itself.

        Raises:
            InputError: one would change what is in force already or was charged, or is not whole; says which.
        """
        self._session.execute(text("LOCK TABLE price_table IN SHARE ROW EXCLUSIVE MODE"))  # one operator at a time
        for entries_of_set in group_sets(entries):
            self._check(entries_of_set)
            self._session.add_all(
                PriceRow(
                    vendor=entry.vendor,
                    model=entry.model,
                    effective_from=entry.effective_from,
                    unit=entry.unit,
                    usd_micros=entry.price.usd_micros,
                    per_units=entry.price.per_units,
                    source=entry.source,
                )
                for entry in entries_of_set
            )
            self._session.flush()

    def _check(self, entries: Sequence[PriceEntry]) -> None:
        first, units = entries[0], {entry.unit for entry in entries}
        since = f"{first.effective_from:%Y-%m-%d %H:%M} UTC"
        sets = self._list_units(first.vendor, first.model)
        if first.effective_from in sets:
            raise first.refuse(
                f"There are prices of {first.model} from {since} on already, and prices are never changed; "
                "choose another moment."
            )
        if self._was_charged_since(first):
            raise first.refuse(
                f"Calls to {first.model} were charged since {since} at the prices that were in force then, and those "
                "charges stay; let the new prices begin later."
            )
        earlier = [moment for moment in sets if moment < first.effective_from]
        if earlier and (lacking := sets[max(earlier)] - units):
            raise first.refuse(
                f"A new set of prices takes the place of the whole older one, and this one of {first.model} lacks "
                f"{', '.join(sorted(lacking))}; give every unit, from the same moment on."
            )
        later = [moment for moment in sets if moment > first.effective_from]
        if later and (lacking := units - sets[min(later)]):
            raise first.refuse(
                f"The set of {first.model} that follows on {min(later):%Y-%m-%d %H:%M} UTC lacks "
                f"{', '.join(sorted(lacking))}, so that would have no price from then on; begin after it."
            )

    def _list_units(self, vendor: str, model: str) -> Mapping[datetime, Set[str]]:
        """List which units each set of a model has, by the moment from which on it counts."""
        sets: dict[datetime, set[str]] = {}
        for row in self._session.scalars(select(PriceRow).where(PriceRow.vendor == vendor, PriceRow.model == model)):
            sets.setdefault(row.effective_from, set()).add(row.unit)
        return sets

    def _was_charged_since(self, entry: PriceEntry) -> bool:
        calls = select(VendorCall.id).where(
            VendorCall.vendor == entry.vendor,
            VendorCall.model == entry.model,
            VendorCall.started_at >= entry.effective_from,
            VendorCall.price_effective_from.is_not(None),
        )
        return self._session.scalar(calls.limit(1)) is not None


def _assemble(rows: Sequence[PriceRow]) -> PriceSet:
    return PriceSet({row.unit: Price(row.usd_micros, row.per_units) for row in rows}, rows[0].effective_from)
