"""Jobs with calls in the ledger at times of their own, and what is billed of them, put straight into the tables."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from dubbing.jobs import FINAL_LANGUAGE_STATES, LanguageState
from resources.billing.biller import Biller
from resources.database.connection import Database
from resources.database.money_tables import Bill, BillingRow
from resources.database.tables import CallState, LanguageTask, PriceRow, VendorCall
from resources.storage.port import ObjectStore
from tests.support.jobs import add_job

DAY = date(2026, 3, 14)
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
"""Long ago: everything of that day has ended."""

SINCE = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Ledger:
    """A database, a store, and the calls that are put there."""

    database: Database
    store: ObjectStore
    biller: Biller = field(init=False)

    def __post_init__(self) -> None:
        self.biller = Biller(self.database, self.store)

    def add_job(self, states: Mapping[str, LanguageState], user_id: uuid.UUID | None = None) -> uuid.UUID:
        """Add a job whose languages ended, where they did, at noon."""
        job_id = add_job(self.database, tuple(states), user_id=user_id)
        for language, state in states.items():
            self.end_language(job_id, language, state, NOON if state in FINAL_LANGUAGE_STATES else None)
        return job_id

    def end_language(self, job_id: uuid.UUID, language: str, state: LanguageState, at: datetime | None) -> None:
        task = (LanguageTask.job_id == job_id) & (LanguageTask.language == language)
        with self.database.transaction() as tx:
            tx.session.execute(update(LanguageTask).where(task).values(state=state.value, finished_at=at))

    def add_call(
        self,
        job_id: uuid.UUID,
        language: str | None = "es",
        cost: int = 0,
        *,
        state: CallState = CallState.SETTLED,
        at: datetime = NOON,
        **values: Any,
    ) -> uuid.UUID:
        row = VendorCall(
            id=uuid.uuid4(),
            job_id=job_id,
            language=language,
            engine="engine",
            content_key="key",
            state=state.value,
            cost_usd_micros=cost,
            started_at=at,
            settled_at=None if state is CallState.STARTED else at + timedelta(seconds=1),
            **{"vendor": "acme", "model": "m", "operation": "synthesize", "price_effective_from": SINCE} | values,
        )
        with self.database.transaction() as tx:
            tx.session.add(row)
        return row.id

    def change_call(self, call_id: uuid.UUID, **values: Any) -> None:
        with self.database.transaction() as tx:
            tx.session.execute(update(VendorCall).where(VendorCall.id == call_id).values(**values))

    def remove_call(self, call_id: uuid.UUID) -> None:
        with self.database.transaction() as tx:
            tx.session.execute(delete(VendorCall).where(VendorCall.id == call_id))

    def add_price(self, unit: str, usd_micros: int) -> None:
        """Price a thousand units of the model."""
        with self.database.transaction() as tx:
            row = PriceRow(vendor="acme", model="m", effective_from=SINCE, unit=unit, per_units=1000, source="test")
            row.usd_micros = usd_micros
            tx.session.add(row)

    def list_lines(self, day: date = DAY) -> list[BillingRow]:
        with self.database.transaction() as tx:
            return list(tx.session.scalars(select(BillingRow).where(BillingRow.day == day)))

    def get_line(self, day: date = DAY) -> BillingRow:
        (line,) = self.list_lines(day)
        return line

    def get_bill(self, day: date = DAY) -> Bill:
        with self.database.transaction() as tx:
            return tx.session.get_one(Bill, day)

    def backdate_bill(self, day: date, by: timedelta) -> None:
        with self.database.transaction() as tx:
            tx.session.execute(update(Bill).where(Bill.day == day).values(made_at=Bill.made_at - by))

    def empty(self) -> None:
        """Remove all rows, as only the owner can."""
        with self.database.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql("TRUNCATE users, bills CASCADE")
            connection.exec_driver_sql("DELETE FROM price_table WHERE vendor = 'acme'")
