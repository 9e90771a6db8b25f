"""The ledger of vendor calls, and what they bought: transcripts, translations, takes.

A call is written before it is made and settled after it; what it bought is found again by its content key.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from dubbing.engines import LOCAL
from dubbing.errors import RunCrashedError
from dubbing.transcript import Transcript, Word
from dubbing.usage import Receipt
from resources.database.tables import CallState, Take, TranscriptRow, TranslationRow, VendorCall

TOUCH_EVERY = timedelta(minutes=5)
"""How old the note that a translation is in use may get; a script has thousands of them."""


@dataclass(frozen=True, slots=True)
class KeptTranslation:
    """A translation as it is kept.

    Attributes:
        flags: what is still wrong with it.
        is_final: nothing more is tried to mend it.
    """

    text: str
    flags: tuple[str, ...] = ()
    is_final: bool = True


Cached = TypeVar("Cached", TranscriptRow, Take)


class Purchases:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start_call(self, call: VendorCall) -> uuid.UUID:
        """Write a call before it is made."""
        self._session.add(call)
        self._session.flush()
        return call.id

    def settle_call(
        self,
        call_id: uuid.UUID,
        receipt: Receipt,
        cost_usd_micros: int,
        *,
        error_code: str | None = None,
        latency_ms: int | None = None,
    ) -> None:
        """Close a call that was answered and is billed; ``error_code`` says why the answer is of no use."""
        self._close_call(
            call_id,
            CallState.SETTLED,
            latency_ms=latency_ms,
            usage=dict(receipt.usage),
            vendor_request_id=receipt.request_id,
            cost_usd_micros=cost_usd_micros,
            error_code=error_code,
        )

    def fail_call(self, call_id: uuid.UUID, error_code: str, *, latency_ms: int | None = None) -> None:
        """Close a call that was refused or never arrived: nothing is billed."""
        self._close_call(call_id, CallState.FAILED, error_code=error_code, latency_ms=latency_ms)

    def doubt_call(
        self, call_id: uuid.UUID, error_code: str, receipt: Receipt | None = None, *, latency_ms: int | None = None
    ) -> None:
        """Close a call of which nobody knows what it is billed; whatever its reply said is kept."""
        said: dict[str, Any] = {}
        if receipt is not None:
            said = {"vendor_request_id": receipt.request_id} | ({"usage": dict(receipt.usage)} if receipt.usage else {})
        self._close_call(call_id, CallState.SPEND_UNKNOWN, error_code=error_code, latency_ms=latency_ms, **said)

    def close_abandoned(self, job_id: uuid.UUID) -> None:
        """Close the calls that a process made for a job and died before it heard the answer.

        For who holds the job, or knows that its run is over. A call that is under way all the same is closed once more
        by what it comes to.
        """
        self._session.execute(
            update(VendorCall)
            .where(VendorCall.job_id == job_id, VendorCall.state == CallState.STARTED.value)
            .values(
                state=case((VendorCall.vendor == LOCAL, CallState.FAILED.value), else_=CallState.SPEND_UNKNOWN.value),
                error_code=RunCrashedError.code,
                settled_at=func.clock_timestamp(),
            )
        )

    def count_calls(self, job_id: uuid.UUID) -> Mapping[str, int]:
        """Count the calls of a job whose answer was of use, by operation."""
        statement = (
            select(VendorCall.operation, func.count().label("calls"))
            .where(
                VendorCall.job_id == job_id,
                VendorCall.state == CallState.SETTLED.value,
                VendorCall.error_code.is_(None),
            )
            .group_by(VendorCall.operation)
        )
        return {row.operation: row.calls for row in self._session.execute(statement)}

    def sum_cost(self, job_id: uuid.UUID, language: str) -> int:
        """Sum what one language of a job cost, micro-dollars."""
        statement = select(func.coalesce(func.sum(VendorCall.cost_usd_micros), 0)).where(
            VendorCall.job_id == job_id, VendorCall.language == language
        )
        return int(self._session.scalar(statement) or 0)

    def find_transcript(self, content_key: str) -> Transcript | None:
        """Find a recognition bought before, and note that it is in use."""
        row = self._session.scalars(_touch(TranscriptRow, content_key)).one_or_none()
        if row is None:
            return None
        return Transcript(row.language, row.duration_ms, tuple(Word(**word) for word in row.words))

    def record_transcript(self, content_key: str, transcript: Transcript) -> None:
        """Keep a recognition."""
        self._insert_once(
            TranscriptRow,
            content_key=content_key,
            language=transcript.language,
            duration_ms=transcript.duration_ms,
            words=[asdict(word) for word in transcript.words],
        )

    def find_translations(self, content_keys: Collection[str]) -> Mapping[str, KeptTranslation]:
        """Find the translations bought before, by content key, and note that they are in use."""
        rows = self._session.scalars(select(TranslationRow).where(TranslationRow.content_key.in_(content_keys))).all()
        # Not waited for: who found a text has it, whatever becomes of the row; and two who wait in another order would
        # wait for each other.
        stale = (
            select(TranslationRow.content_key)
            .where(TranslationRow.content_key.in_(content_keys), TranslationRow.used_at < func.now() - TOUCH_EVERY)
            .with_for_update(key_share=True, skip_locked=True)
        )
        self._session.execute(
            update(TranslationRow)
            .where(TranslationRow.content_key.in_(stale))
            .values(used_at=func.now())
            .execution_options(synchronize_session=False)
        )
        return {row.content_key: KeptTranslation(row.text, tuple(row.flags), row.is_final) for row in rows}

    def record_translation(self, content_key: str, kept: KeptTranslation, *, source: str, target: str) -> None:
        """Keep a translation, in place of one that was not final."""
        found = {"text": kept.text, "flags": list(kept.flags), "is_final": kept.is_final}
        row = insert(TranslationRow).values(content_key=content_key, source=source, target=target, **found)
        self._session.execute(
            row.on_conflict_do_update(
                index_elements=["content_key"],
                set_=found | {"used_at": func.now()},
                where=TranslationRow.is_final.is_(False),
            )
        )

    def find_take(self, content_key: str) -> Take | None:
        """Find a reading bought before, and note that it is in use.

        While it is being erased this waits, and then finds none; once found it stays as long as readings are kept.
        """
        return self._session.scalars(_touch(Take, content_key)).one_or_none()

    def get_takes(self, content_keys: Collection[str]) -> Mapping[str, Take]:
        """Return readings by content key."""
        rows = self._session.scalars(select(Take).where(Take.content_key.in_(content_keys)))
        return {take.content_key: take for take in rows}

    def record_take(self, take: Take) -> None:
        """Keep a reading, in place of one that the store lost: no reading is like another to the byte."""
        columns = {column.key: getattr(take, column.key) for column in Take.__table__.columns}
        given = {key: value for key, value in columns.items() if value is not None}
        row = insert(Take).values(**given)
        fresh = given | {"used_at": func.now()}
        self._session.execute(row.on_conflict_do_update(index_elements=["content_key"], set_=fresh))

    def _insert_once(self, table: type[Any], **values: Any) -> None:
        """Insert unless another job bought the same in the meantime."""
        self._session.execute(insert(table).values(**values).on_conflict_do_nothing())

    def _close_call(self, call_id: uuid.UUID, state: CallState, **values: Any) -> None:
        """Close a call; one whose cost is known already keeps it, whoever found it out.

        When it was closed first stays: it was counted as ended then. One that somebody took for dead, or that an
        invoice lacked, and that is known now, ends a doubt.
        """
        ends_doubt = VendorCall.settled_at.is_not(None) & (VendorCall.state != state.value)
        if state is not CallState.SPEND_UNKNOWN:
            values["reconciled_at"] = case((ends_doubt, func.clock_timestamp()), else_=VendorCall.reconciled_at)
        self._session.execute(
            update(VendorCall)
            .where(VendorCall.id == call_id, VendorCall.state != CallState.SETTLED.value)
            .values(
                state=state.value,
                settled_at=func.coalesce(VendorCall.settled_at, func.clock_timestamp()),
                **values,
            )
            .execution_options(synchronize_session=False)
        )


def _touch(table: type[Cached], content_key: str) -> ReturningUpdate[Cached]:
    """Build what finds a row of a cache and notes that it is in use, in one."""
    found = update(table).where(table.content_key == content_key).values(used_at=func.now()).returning(table)
    return found.execution_options(populate_existing=True, synchronize_session=False)
