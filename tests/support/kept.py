# ruff: noqa: S608 - the names in these statements are those of our own tables
"""Jobs of any age with everything that is kept of them, put straight into the tables and the store.

Nothing was dubbed: they cannot prove that a real job leaves nothing else behind.
"""

import tempfile
import uuid
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, text, update

from dubbing.retention import Policy
from resources.database.connection import Database
from resources.database.tables import (
    ArtifactRow,
    CallState,
    DeadLetter,
    DubbedSegment,
    DubbingJob,
    LanguageTask,
    SegmentEdit,
    SegmentRow,
    Take,
    TranscriptRow,
    TranslationRow,
    Upload,
    VendorCall,
)
from resources.retention.eraser import Eraser
from resources.storage.port import ObjectStore
from resources.vendors.retention_wishes import RetentionWish

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""The clock of these tests; everything is put so long before it."""

KEEP = timedelta(hours=48)
POLICY = Policy(job=KEEP, upload=KEEP, take=KEEP, transcript=KEEP, translation=KEEP, orphan=KEEP)

STALE, FRESH = timedelta(hours=49), timedelta(hours=47)

WORD = "periwinkle"
"""What the customer said."""

WISHES = {"deepgram": RetentionWish("deepgram", "mip_opt_out=true")}


@dataclass
class Kept:
    """A database and a store, and what is put into them."""

    database: Database
    store: ObjectStore
    policy: Policy = POLICY
    eraser: Eraser = field(init=False)

    def __post_init__(self) -> None:
        self.eraser = Eraser(self.database, self.store, self.policy, WISHES)

    def put(self, key: str, content: bytes = b"sound") -> str:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            self.store.put(key, Path(file.name))
        return key

    def has(self, key: str) -> bool:
        return self.store.find_info(key) is not None

    def add_upload(self, age: timedelta = STALE, *, user_id: uuid.UUID | None = None, **values: Any) -> uuid.UUID:
        """Add a recording that was admitted, or as ``values`` say."""
        user_id, upload_id = user_id or uuid.uuid4(), uuid.uuid4()
        made_at = NOW - age
        row = {
            "storage_key": f"sources/{upload_id}",
            "verified_at": made_at,
            "created_at": made_at,
            "file_name": f"{WORD}.wav",
            "media_type": "audio/wav",
            "sha256": uuid.uuid4().hex * 2,
            "size_bytes": 5,
            "duration_ms": 1000,
            "media": {"duration_ms": 1000},
        }
        with self.database.transaction() as tx:
            tx.jobs.ensure_user(user_id)
            upload = tx.uploads.add(Upload(id=upload_id, user_id=user_id, **(row | values)))
        self.put(upload.storage_key)
        return upload_id

    def add_job(
        self,
        age: timedelta = STALE,
        *,
        user_id: uuid.UUID | None = None,
        upload_id: uuid.UUID | None = None,
        text: str = WORD,
        **values: Any,
    ) -> uuid.UUID:
        """Add a job that was delivered so long ago, with its recording, words, one reading and two files."""
        job_id, upload_id = uuid.uuid4(), upload_id or self.add_upload(age, user_id=user_id)
        with self.database.transaction() as tx:
            user_id = tx.session.get_one(Upload, upload_id).user_id
        ended_at = NOW - age
        row = {
            "state": "completed",
            "attempt": 1,
            "launched_attempt": 1,
            "ended_attempt": 1,
            "finished_at": ended_at,
            "started_at": ended_at,
            "reference": WORD,
            "idempotency_key": f"{WORD} {job_id}",
            "glossary": [{"term": WORD}],
            "voices": {"es": {WORD: "tone_es"}},
        }
        take_key = f"{uuid.uuid4().hex}{uuid.uuid4().hex}"
        engines = {"recognizer": "r", "translator": "t", "synthesizer": "s"}
        with self.database.transaction() as tx:
            job = DubbingJob(
                id=job_id, user_id=user_id, upload_id=upload_id, request_key="k", engines=engines, **(row | values)
            )
            tx.jobs.add_job(job, ["es"])
            tx.session.execute(
                update(LanguageTask)
                .where(LanguageTask.job_id == job_id)
                .values(
                    state="completed",
                    casting={WORD: "tone_es"},
                    error_message=f"No voice {WORD}.",
                    finished_at=ended_at,
                )
            )
            take = Take(
                content_key=take_key,
                storage_key=f"takes/{take_key[:2]}/{take_key}.wav",
                language="es",
                voice="v",
                speech_start_ms=0,
                speech_end_ms=1,
                sha256="0" * 64,
                used_at=ended_at,
            )
            tx.session.add(take)
            tx.session.flush()
            tx.session.add_all(
                [
                    SegmentRow(job_id=job_id, number=1, start_ms=0, end_ms=1, speaker="s", text=text),
                    DubbedSegment(job_id=job_id, language="es", number=1, text=f"es {text}", take_key=take_key),
                    SegmentEdit(job_id=job_id, language="es", number=1, text=text, revision=2),
                    DeadLetter(
                        job_id=job_id,
                        stage="mixing",
                        error_code="internal",
                        message=WORD,
                        retryable=False,
                        vendor_words=WORD,
                        snapshot={"voice": WORD, "languages": ["es"]},
                    ),
                ]
            )
            tx.session.add_all(
                VendorCall(
                    job_id=job_id,
                    language="es",
                    operation=operation,
                    vendor=vendor,
                    model="m",
                    engine="e",
                    content_key=key,
                    state=CallState.SETTLED.value,
                )
                for operation, vendor, key in (
                    ("recognize", "deepgram", f"h{take_key}"),
                    ("synthesize", "local", take_key),
                )
            )
            tx.session.add(
                TranscriptRow(
                    content_key=f"h{take_key}", language="en", duration_ms=1, words=[{"w": text}], used_at=ended_at
                )
            )
            tx.session.add(
                TranslationRow(
                    content_key=f"l{take_key}", source="en", target="es", text=f"es {text}", used_at=ended_at
                )
            )
        self.put(take.storage_key)
        for name in ("dub.m4a", "captions.srt"):
            self.add_artifact(job_id, name, expires_at=ended_at + KEEP)
        return job_id

    def add_artifact(self, job_id: uuid.UUID, name: str, *, expires_at: datetime, **values: Any) -> uuid.UUID:
        artifact = ArtifactRow(
            id=uuid.uuid4(), job_id=job_id, language="es", kind=name, path=f"es/{name}", media_type="audio/mp4",
            size_bytes=5, sha256="0" * 64, expires_at=expires_at,
            **({"storage_key": f"jobs/{job_id}/{uuid.uuid4().hex[:16]}/es/{name}"} | values),
        )  # fmt: skip
        with self.database.transaction() as tx:
            tx.session.add(artifact)
        self.put(artifact.storage_key)
        return artifact.id

    def get_job(self, job_id: uuid.UUID) -> DubbingJob:
        with self.database.transaction() as tx:
            return tx.jobs.get(job_id)

    def change_job(self, job_id: uuid.UUID, **values: Any) -> None:
        with self.database.transaction() as tx:
            tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(**values))

    def list_artifacts(self, job_id: uuid.UUID) -> list[ArtifactRow]:
        with self.database.transaction() as tx:
            return list(tx.session.scalars(select(ArtifactRow).where(ArtifactRow.job_id == job_id)))

    def list_keys(self, job_id: uuid.UUID) -> list[str]:
        """Every object that the job has: its files, its recording, its reading."""
        with self.database.transaction() as tx:
            takes = select(Take.storage_key).join(DubbedSegment).where(DubbedSegment.job_id == job_id)
            return [
                *tx.session.scalars(select(ArtifactRow.storage_key).where(ArtifactRow.job_id == job_id)),
                tx.uploads.get_of_job(job_id).storage_key,
                *tx.session.scalars(takes),
            ]

    def count(self, table: str, **where: Any) -> int:
        conditions = " AND ".join(f"{column} = :{column}" for column in where) or "true"
        with self.database.transaction() as tx:
            found = tx.session.scalar(text(f"SELECT count(*) FROM {table} WHERE {conditions}"), where)
            return int(found or 0)


def search_rows(database: Database, word: str) -> list[str]:
    """Look for a word in every column of every table of the product; the value names the columns that hold it."""
    return search_everywhere(database.engine, word)


def search_everywhere(engine: Engine, word: str) -> list[str]:
    """Look for a word, however it is capitalised, in every column of every table of a database.

    What Dagster keeps compressed is looked into too.
    """
    with engine.connect() as connection:
        columns = connection.execute(
            text("SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
                 "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3")
        ).all()  # fmt: skip
        found = []
        for schema, table, column, kind in columns:
            source = f'{schema}."{table}"'
            if kind == "bytea":
                rows = connection.scalars(text(f'SELECT "{column}" FROM {source} WHERE "{column}" IS NOT NULL'))
                is_there = any(word.encode() in _unpack(bytes(row)).lower() for row in rows)
            else:
                there = f'SELECT EXISTS (SELECT FROM {source} WHERE position(:word IN lower("{column}"::text)) > 0)'
                is_there = bool(connection.scalar(text(there), {"word": word}))
            if is_there:
                found.append(f"{table}.{column}")
        return found


def _unpack(content: bytes) -> bytes:
    with suppress(zlib.error):
        return zlib.decompress(content)
    return content
