"""Circuit breakers of vendors, shared by all processes."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dubbing.circuits import Circuit, Entry, plan_entry, plan_failure, plan_success
from resources.database.tables import VendorCircuit


class Circuits:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def enter(self, vendor: str) -> tuple[Entry, datetime]:
        """Ask to call; the first one after an opening is let in, and the others wait for the outcome.

        Returns:
            The answer, and the time of it, which is when a call that is let in begins.
        """
        circuit, now = self._read(vendor)
        if circuit.open_until is None or now < circuit.open_until:
            return plan_entry(circuit, now), now
        circuit, now = self._read(vendor, locked=True)
        entry = plan_entry(circuit, now)
        self._write(vendor, entry.circuit)
        return entry, now

    def list_all(self) -> Mapping[str, Circuit]:
        """Return the circuits by vendor; a vendor that never failed has none."""
        rows = self._session.scalars(select(VendorCircuit).order_by(VendorCircuit.vendor))
        return {
            row.vendor: Circuit(row.failures, row.openings, row.open_until, row.is_trial, row.changed_at)
            for row in rows
        }

    def record_success(self, vendor: str, *, began_at: datetime) -> None:
        """Count from the start again, or close the circuit.

        Args:
            began_at: when the call was let in.
        """
        if self._read(vendor)[0].failures:
            circuit, now = self._read(vendor, locked=True)
            self._write(vendor, plan_success(circuit, now, began_at=began_at))

    def record_failure(self, vendor: str, *, began_at: datetime, retry_after_s: float | None = None) -> None:
        """Count a failure, and open the circuit where it is one too many.

        Args:
            began_at: when the call was let in.
        """
        # Known as changed when the call began, so that the first failure of all counts.
        first = insert(VendorCircuit).values(vendor=vendor, changed_at=began_at)
        self._session.execute(first.on_conflict_do_nothing())
        circuit, now = self._read(vendor, locked=True)
        retry_after = timedelta(seconds=retry_after_s or 0)
        self._write(vendor, plan_failure(circuit, now, began_at=began_at, retry_after=retry_after))

    def _read_clock(self) -> datetime:
        """Ask the database for the time, on which machines do not agree."""
        now: datetime = self._session.execute(select(func.clock_timestamp())).scalar_one()
        return now

    def _read(self, vendor: str, *, locked: bool = False) -> tuple[Circuit, datetime]:
        statement = select(
            VendorCircuit.failures,
            VendorCircuit.openings,
            VendorCircuit.open_until,
            VendorCircuit.is_trial,
            VendorCircuit.changed_at,
            func.clock_timestamp().label("now"),
        ).where(VendorCircuit.vendor == vendor)
        row: Row[tuple[int, int, datetime | None, bool, datetime, datetime]] | None = self._session.execute(
            statement.with_for_update() if locked else statement
        ).one_or_none()
        if row is None:
            return Circuit(), self._read_clock()
        return Circuit(row.failures, row.openings, row.open_until, row.is_trial, row.changed_at), row.now

    def _write(self, vendor: str, circuit: Circuit) -> None:
        self._session.execute(
            update(VendorCircuit)
            .where(VendorCircuit.vendor == vendor)
            .values(
                failures=circuit.failures,
                openings=circuit.openings,
                open_until=circuit.open_until,
                is_trial=circuit.is_trial,
                changed_at=circuit.changed_at,
            )
        )
