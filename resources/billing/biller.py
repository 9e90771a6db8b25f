"""Makes the bill of a day, and knows which days need one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dubbing.billing import Check
from dubbing.errors import ToolMissingError
from resources.billing.exports import Exports, export_bill, require_tools
from resources.database.bills import MadeBill
from resources.database.connection import Database
from resources.storage.port import ObjectStore


@dataclass(frozen=True, slots=True)
class Billed:
    """A day that was billed.

    Attributes:
        exports: where its lines are in the store; None where they are not.
        not_exported: why not, for people.
    """

    bill: MadeBill
    exports: Exports | None = None
    not_exported: str | None = None


class Biller:
    """Makes bills; any number may be made at once, those of one day one after the other."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    def make(self, day: date, *, run_id: str | None = None) -> Billed:
        """Make the bill of a day in place of the one before, then export it.

        Raises:
            DatabaseUnavailableError: there is no database, or somebody else has been making this bill for too long.
            StorageError, DiskFullError: the bill is made; its exports are those of before, or none.
        """
        with self._database.hold(f"bill:{day}"):
            with self._database.transaction() as tx:
                # Before this bill is the last one: late changes are looked for from shortly before that on.
                tx.bills.mark_stale()
            with self._database.transaction() as tx:
                bill = tx.bills.make(day, run_id=run_id)
            try:
                require_tools()
            except ToolMissingError as error:
                return Billed(bill, not_exported=error.message)
            with self._database.transaction() as tx:
                exports = export_bill(self._store, day, tx.bills.list_lines(day))
                tx.bills.record_exports(day, parquet_key=exports.parquet_key, csv_key=exports.csv_key)
            return Billed(bill, exports)

    def check(self, day: date) -> Sequence[Check]:
        """Compare the bill of a day with the ledger as it is now."""
        with self._database.transaction() as tx:
            return tx.bills.check(day)

    def find_stale_days(self, first: date = date.min, last: date = date.max) -> Sequence[date]:
        """Find the days of a span whose bill is missing, provisional, out of date or not exported, the oldest first."""
        with self._database.transaction() as tx:
            tx.bills.mark_stale()
            days = {*tx.bills.list_provisional(first, last), *tx.bills.list_unbilled(first, last)}
            if _can_export():
                days.update(tx.bills.list_unexported(first, last))
        return sorted(days)


def _can_export() -> bool:
    try:
        require_tools()
    except ToolMissingError:
        return False
    return True
