"""The tables, typed.

Customers' words are in `transcripts`, `segments`, `translations`, `dubbed_segments` and `segment_edits`; in a job's
reference, glossary and voices; in an upload's file name; in sentences of errors, and in what vendors said of them
(`dead_letters`). What empties them is `job_words` for a job, and the sweep for the rest.

Identifiers are made here, times are made by Postgres, states are checked by it too.
"""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from dubbing.jobs import JobState, LanguageState, WaitingOn


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can speak of it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[dict[str, Any]]: JSONB(),
    }


def one_of(column: str, states: type[StrEnum]) -> CheckConstraint:
    """Bound a column to the values of an enumeration."""
    values = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{column} IN ({values})", name=column)


EMPTY_LIST, EMPTY_OBJECT = text("'[]'::jsonb"), text("'{}'::jsonb")
YES, NO = text("true"), text("false")


class CallState(StrEnum):
    """What is known of a vendor call's bill."""

    STARTED = "started"
    SETTLED = "settled"
    FAILED = "failed"
    SPEND_UNKNOWN = "spend_unknown"


class SegmentState(StrEnum):
    """How a segment came out in one language."""

    VOICED = "voiced"
    OVERFLOW = "overflow"
    FAILED = "failed"
    ORIGINAL = "original"


class LetterState(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    REPLAYING = "replaying"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class ErasureCause(StrEnum):
    """Why something was erased."""

    RETENTION = "retention"
    REQUEST = "request"


class User(Base):
    """Who owns uploads and jobs; ``receipt_id`` is that of the erasure of all of it, once it was asked for."""

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_deletion", "id", postgresql_where=text("deletion_requested_at IS NOT NULL")),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deletion_requested_at: Mapped[datetime | None]
    deletion_requested_by: Mapped[str | None]
    receipt_id: Mapped[uuid.UUID | None]


class Upload(Base):
    """A recording: as announced, then as found in the store, then as measured.

    ``verified_at`` is set when it was found to be what was announced, and moved to a key that no upload address
    covers; ``media`` when it was decoded once from end to end. Until then ``duration_ms`` is the header's word.
    """

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_to_expire", "created_at", "id", postgresql_where=text("erased_at IS NULL")),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    file_name: Mapped[str]
    media_type: Mapped[str]
    storage_key: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None]
    media: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class DubbingJob(Base):
    """One recording into some languages; its id is the Dagster partition key.

    ``revision`` counts the edits of its lines. ``launched_attempt`` is the last attempt that has a run,
    ``ended_attempt`` the last whose run is known to be over; between the two the job is in flight.
    ``idempotency_digest`` names the body sent with the key. ``receipt_id`` is that of its erasure, once asked for.
    ``max_spend_usd_micros`` is the most that it may cost, if its user said so. ``traceparent`` is the place in a trace
    (W3C Trace Context) of the request that submitted it.
    """

    __tablename__ = "dubbing_jobs"
    __table_args__ = (
        one_of("state", JobState),
        Index("ix_dubbing_jobs_user_id_request_key", "user_id", "request_key"),
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_dubbing_jobs_newest", "user_id", text("created_at DESC"), text("id DESC")),
        Index("ix_dubbing_jobs_newest_by_state", "user_id", "state", text("created_at DESC"), text("id DESC")),
        Index("ix_dubbing_jobs_waiting", "created_at", postgresql_where=text("launched_attempt < attempt")),
        Index("ix_dubbing_jobs_in_flight", "id", postgresql_where=text("ended_attempt < launched_attempt")),
        Index(
            "ix_dubbing_jobs_deletion",
            "id",
            postgresql_where=text("deletion_requested_at IS NOT NULL AND state <> 'expired'"),
        ),
        Index(
            "ix_dubbing_jobs_to_expire",
            "finished_at",
            "id",
            postgresql_where=text("finished_at IS NOT NULL AND state <> 'expired'"),
        ),
        Index("ix_dubbing_jobs_unfinished", "id", postgresql_where=text("finished_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    upload_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("uploads.id"), index=True)
    request_key: Mapped[str]
    idempotency_key: Mapped[str | None]
    idempotency_digest: Mapped[str | None]
    reference: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=JobState.QUEUED.value)
    attempt: Mapped[int] = mapped_column(server_default="1")
    launched_attempt: Mapped[int] = mapped_column(server_default="0")
    ended_attempt: Mapped[int] = mapped_column(server_default="0")
    run_id: Mapped[str | None]
    source_language: Mapped[str | None]
    engines: Mapped[dict[str, Any]]
    voices: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    glossary: Mapped[list[dict[str, Any]]] = mapped_column(server_default=EMPTY_LIST)
    delivery: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    revision: Mapped[int] = mapped_column(server_default="1")
    max_spend_usd_micros: Mapped[int | None] = mapped_column(BigInteger)
    traceparent: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), onupdate=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    deletion_requested_at: Mapped[datetime | None]
    deletion_requested_by: Mapped[str | None]
    receipt_id: Mapped[uuid.UUID | None]


class LanguageTask(Base):
    """One language of a job.

    ``casting`` is the voice that each speaker was given, by the speaker's label; ``quality`` what was measured of the
    finished dub; ``revision`` the job's, as of the last edit of this language.
    """

    __tablename__ = "language_tasks"
    __table_args__ = (
        one_of("state", LanguageState),
        one_of("waiting_on", WaitingOn),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        UniqueConstraint("job_id", "language"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"))
    language: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=LanguageState.QUEUED.value)
    progress: Mapped[int] = mapped_column(server_default="0")
    attempt: Mapped[int] = mapped_column(server_default="1")
    waiting_on: Mapped[str | None] = mapped_column(server_default=WaitingOn.QUEUE.value)
    casting: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    quality: Mapped[dict[str, Any] | None]
    revision: Mapped[int] = mapped_column(server_default="1")
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_retryable: Mapped[bool | None]
    heartbeat_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), onupdate=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobEvent(Base):
    """What happened to a job, in order; rows are only ever added; what a person wrote in them goes with the job."""

    __tablename__ = "job_events"
    __table_args__ = (Index("ix_job_events_job_id_id", "job_id", "id"), Index("ix_job_events_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"))
    language: Mapped[str | None]
    type: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class TranscriptRow(Base):
    """A recognition that was paid for, named by its content key."""

    __tablename__ = "transcripts"
    __table_args__ = (Index("ix_transcripts_to_expire", "used_at", "content_key"),)

    content_key: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str]
    duration_ms: Mapped[int]
    words: Mapped[list[dict[str, Any]]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SegmentRow(Base):
    """A segment of a job's source."""

    __tablename__ = "segments"

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    speaker: Mapped[str]
    text: Mapped[str]


class TranslationRow(Base):
    """A translation that was paid for, named by its content key.

    One that is not final was to be mended when its job ended; ``flags`` says what is still wrong with one that is.
    """

    __tablename__ = "translations"
    __table_args__ = (Index("ix_translations_to_expire", "used_at", "content_key"),)

    content_key: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    target: Mapped[str]
    text: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(JSONB(), server_default=EMPTY_LIST)
    is_final: Mapped[bool] = mapped_column(server_default=YES)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Take(Base):
    """A synthesised reading that was paid for, named by its content key.

    The sound is in the store as it came; where in it the speech lies was measured once.
    """

    __tablename__ = "takes"
    __table_args__ = (Index("ix_takes_to_expire", "used_at", "content_key"),)

    content_key: Mapped[str] = mapped_column(primary_key=True)
    storage_key: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str]
    voice: Mapped[str]
    speech_start_ms: Mapped[int]
    speech_end_ms: Mapped[int]
    sha256: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DubbedSegment(Base):
    """A segment in one language: what is said, by which take, and where it was placed.

    ``vendor_speed`` is what the voice was asked for, ``speed`` what the take was stretched by after. A line with a
    ``translation_error`` has no translation; its text is the source's.
    """

    __tablename__ = "dubbed_segments"
    __table_args__ = (
        one_of("state", SegmentState),
        Index("ix_dubbed_segments_take_key", "take_key", postgresql_where=text("take_key IS NOT NULL")),
    )

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(JSONB(), server_default=EMPTY_LIST)
    translation_error: Mapped[str | None]
    state: Mapped[str | None]
    voice: Mapped[str | None]
    take_key: Mapped[str | None] = mapped_column(ForeignKey("takes.content_key"))
    start_ms: Mapped[int | None]
    duration_ms: Mapped[int | None]
    vendor_speed: Mapped[float | None]
    speed: Mapped[float | None]
    overflow_ms: Mapped[int | None]
    error_code: Mapped[str | None]


class SegmentEdit(Base):
    """What somebody wants a line of one language to be instead: other words, another voice, or the original itself."""

    __tablename__ = "segment_edits"

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    voice: Mapped[str | None]
    keeps_original: Mapped[bool] = mapped_column(server_default=NO)
    revision: Mapped[int]
    edited_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class SpeakingRate(Base):
    """How fast a voice speaks a language, as learned from its takes; ``voice`` is what identifies it to its engine."""

    __tablename__ = "speaking_rates"

    language: Mapped[str] = mapped_column(primary_key=True)
    voice: Mapped[str] = mapped_column(primary_key=True)
    characters_per_second: Mapped[float]
    takes: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), onupdate=func.clock_timestamp())


class ArtifactRow(Base):
    """A stored output of a job; ``measurements`` is what was measured of it after it was made."""

    __tablename__ = "artifacts"
    __table_args__ = (
        UniqueConstraint("job_id", "language", "kind", "revision", postgresql_nulls_not_distinct=True),
        Index("ix_artifacts_to_expire", "expires_at", "id", postgresql_where=text("erased_at IS NULL")),
        Index("ix_artifacts_storage_key", "storage_key"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"))
    language: Mapped[str | None]
    kind: Mapped[str]
    revision: Mapped[int] = mapped_column(server_default="1")
    path: Mapped[str]
    storage_key: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    measurements: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class Download(Base):
    """A claim to one artifact, good for one transfer; its token is kept as a digest only.

    ``sent_bytes`` is how far the transfer that claimed it came, once it has ended; until ``lease_until`` another may go
    on from there.
    """

    __tablename__ = "downloads"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    artifact_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("artifacts.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    sent_bytes: Mapped[int | None] = mapped_column(BigInteger)


class VendorCall(Base):
    """The ledger: one row a call, written before it and settled after it.

    ``usage`` is the vendor's own count, by unit; ``price_effective_from`` names the price set that the cost was
    computed with. A call whose outcome is unknown costs nothing for certain, and ``estimated_usd_micros`` at most,
    until an invoice, or the process that was taken for dead, says what it came to (``reconciled_at``). ``latency_ms``
    is how long the engine took to answer.
    """

    __tablename__ = "vendor_calls"
    __table_args__ = (
        one_of("state", CallState),
        Index("ix_vendor_calls_job_id", "job_id"),
        Index("ix_vendor_calls_content_key", "content_key"),
        Index("ix_vendor_calls_started_at", "started_at"),
        Index("ix_vendor_calls_settled_at", "settled_at"),
        Index("ix_vendor_calls_unsettled", "vendor", postgresql_where=text("state IN ('started', 'spend_unknown')")),
        Index("ix_vendor_calls_reconciled_at", "reconciled_at", postgresql_where=text("reconciled_at IS NOT NULL")),
        Index(
            "ix_vendor_calls_request",
            "vendor",
            "vendor_request_id",
            postgresql_where=text("vendor_request_id IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"))
    language: Mapped[str | None]
    operation: Mapped[str]
    vendor: Mapped[str]
    model: Mapped[str]
    engine: Mapped[str]
    content_key: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=CallState.STARTED.value)
    usage: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    cost_usd_micros: Mapped[int] = mapped_column(BigInteger, server_default="0")
    estimated_usd_micros: Mapped[int] = mapped_column(BigInteger, server_default="0")
    price_effective_from: Mapped[datetime | None]
    vendor_request_id: Mapped[str | None]
    error_code: Mapped[str | None]
    latency_ms: Mapped[int | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    settled_at: Mapped[datetime | None]
    reconciled_at: Mapped[datetime | None]


class PriceRow(Base):
    """What a unit of a model costs from a day on: ``usd_micros`` for ``per_units``. Rows are added, never changed."""

    __tablename__ = "price_table"
    __table_args__ = (CheckConstraint("usd_micros >= 0 AND per_units > 0", name="positive"),)

    vendor: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    effective_from: Mapped[datetime] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    usd_micros: Mapped[int] = mapped_column(BigInteger)
    per_units: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str]


class VendorCircuit(Base):
    """How a vendor has been answering lately, for all processes: after some failures in a row nobody calls for a while.

    The columns are those of `dubbing.circuits.Circuit`.
    """

    __tablename__ = "vendor_circuits"

    vendor: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default="0")
    openings: Mapped[int] = mapped_column(server_default="0")
    open_until: Mapped[datetime | None]
    is_trial: Mapped[bool] = mapped_column(server_default=NO)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), onupdate=func.clock_timestamp())


class VendorVoiceList(Base):
    """A vendor's list of voices as last fetched, for all processes."""

    __tablename__ = "vendor_voices"

    vendor: Mapped[str] = mapped_column(primary_key=True)
    voices: Mapped[list[dict[str, Any]]]
    fetched_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class DeadLetter(Base):
    """What failed for good and waits for a person: a job, a language or a segment at one stage.

    ``vendor_words`` is what the vendor said, redacted; ``snapshot`` names what the work was given, ids and hashes only;
    ``spent_usd_micros`` is what the job, or its language, had cost by then.
    """

    __tablename__ = "dead_letters"
    __table_args__ = (
        one_of("state", LetterState),
        UniqueConstraint("job_id", "language", "segment_number", "stage", postgresql_nulls_not_distinct=True),
        Index("ix_dead_letters_newest", "state", text("last_at DESC"), text("id DESC")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"))
    language: Mapped[str | None]
    segment_number: Mapped[int | None]
    stage: Mapped[str]
    error_code: Mapped[str]
    message: Mapped[str]
    retryable: Mapped[bool]
    vendor_words: Mapped[str | None]
    run_id: Mapped[str | None]
    snapshot: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    spent_usd_micros: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="1")
    state: Mapped[str] = mapped_column(server_default=LetterState.OPEN.value)
    first_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DeletionReceipt(Base):
    """What was erased, why, for whom, and what the store said; rows are only ever added.

    ``body`` names objects by the SHA-256 of their keys only. No foreign keys: a receipt outlives what it speaks of.
    """

    __tablename__ = "deletion_receipts"
    __table_args__ = (
        one_of("cause", ErasureCause),
        Index("ix_deletion_receipts_newest", "user_id", text("erased_at DESC"), text("id DESC")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID]
    job_id: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    cause: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    erased_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    body: Mapped[dict[str, Any]]


class MetricTotal(Base):
    """How often something happened since ever, and how much of it in all: what counters and histograms are made of.

    ``labels`` are values in the order in which the catalogue of metrics names them; ``bucket`` is the number of the
    histogram's bucket. Of a counter all rows are one sum: it has several where many add to it at once.
    """

    __tablename__ = "metric_totals"

    name: Mapped[str] = mapped_column(primary_key=True)
    labels: Mapped[tuple[str, ...]] = mapped_column(ARRAY(Text(), as_tuple=True), primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True, server_default="0")
    events: Mapped[int] = mapped_column(BigInteger, server_default="0")
    amount: Mapped[int] = mapped_column(BigInteger, server_default="0")


class MetricMark(Base):
    """Until when the rows of a kind are counted in the totals."""

    __tablename__ = "metric_marks"

    name: Mapped[str] = mapped_column(primary_key=True)
    counted_until: Mapped[datetime]
