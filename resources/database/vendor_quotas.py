"""What is left of our accounts at vendors, as they last said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dubbing.alerting import plan_total
from resources.database.money_tables import VendorQuota


@dataclass(frozen=True, slots=True)
class Quota:
    """What a vendor says of our account.

    Attributes:
        unit: what is counted: `characters`, or `usd_micros`.
        units_left: at least 0.
        units_total: None where the vendor does not say of how much.
        resets_at: when the vendor fills it up again; None where it does not.
    """

    unit: str
    units_left: int
    units_total: int | None = None
    resets_at: datetime | None = None


class VendorQuotas:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_all(self) -> Mapping[str, VendorQuota]:
        """Return what is known, by vendor; a vendor that was never asked is not there."""
        rows = self._session.scalars(select(VendorQuota).order_by(VendorQuota.vendor))
        return {row.vendor: row for row in rows}

    def record(self, vendor: str, quota: Quota) -> None:
        """Put what a vendor just said in the place of what it said before; see `plan_total` for what it leaves out."""
        total = quota.units_total if quota.units_total is not None else self._find_total(vendor, quota)
        statement = insert(VendorQuota).values(
            vendor=vendor,
            unit=quota.unit,
            units_left=quota.units_left,
            units_total=total,
            resets_at=quota.resets_at,
            asked_at=func.clock_timestamp(),
        )
        changed = ("unit", "units_left", "units_total", "resets_at", "asked_at")
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[VendorQuota.vendor], set_={name: statement.excluded[name] for name in changed}
            )
        )

    def _find_total(self, vendor: str, quota: Quota) -> int:
        row = self._session.execute(
            select(VendorQuota.units_left, VendorQuota.units_total)
            .where(VendorQuota.vendor == vendor, VendorQuota.unit == quota.unit)
            .with_for_update()
        ).one_or_none()
        known = row is not None and row.units_total is not None
        return plan_total(quota.units_left, (row.units_left, row.units_total) if known and row is not None else None)
