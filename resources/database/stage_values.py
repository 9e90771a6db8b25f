"""What the stages made, saved and loaded as the values that pass between them.

Saving the same value again changes nothing: a stage may run twice.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import ScalarResult, ScalarSelect, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from dubbing.stages import (
    Artifact,
    SegmentedTranscript,
    TranslatedSegment,
    Translations,
    VoicedSegment,
    Voicings,
)
from dubbing.transcript import Segment
from resources.database.tables import (
    ArtifactRow,
    DubbedSegment,
    DubbingJob,
    LanguageTask,
    SegmentRow,
    SegmentState,
    Upload,
)

_HOW_IT_SOUNDS = (
    "state", "voice", "take_key", "start_ms", "duration_ms", "vendor_speed", "speed", "overflow_ms", "error_code",
)  # fmt: skip
"""What is known of a line once it was read aloud; of another text it is not true any more."""


_Other = aliased(ArtifactRow)

_IS_PRESENT = or_(
    select(LanguageTask.id)
    .where(
        LanguageTask.job_id == ArtifactRow.job_id,
        LanguageTask.language == ArtifactRow.language,
        LanguageTask.revision == ArtifactRow.revision,
    )
    .exists(),
    ArtifactRow.language.is_(None)
    & ~select(_Other.id)
    .where(
        _Other.job_id == ArtifactRow.job_id,
        _Other.language.is_(None),
        _Other.kind == ArtifactRow.kind,
        _Other.revision > ArtifactRow.revision,
    )
    .exists(),
)
"""The output is of its language's present revision; or the job's own, and nothing has taken its place."""


class StageValues:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save_transcript(self, job_id: uuid.UUID, transcript: SegmentedTranscript) -> None:
        """Replace the segments of a job and record its language."""
        self._session.execute(delete(SegmentRow).where(SegmentRow.job_id == job_id))
        self._session.add_all(
            SegmentRow(
                job_id=job_id, number=s.number, start_ms=s.start_ms, end_ms=s.end_ms, speaker=s.speaker, text=s.text
            )
            for s in transcript.segments
        )
        self._session.execute(
            update(DubbingJob).where(DubbingJob.id == job_id).values(source_language=transcript.language)
        )

    def load_transcript(self, job_id: uuid.UUID) -> SegmentedTranscript:
        """Return the segments of a job."""
        job = self._session.get_one(DubbingJob, job_id)
        upload = self._session.get_one(Upload, job.upload_id)
        rows = self._session.scalars(select(SegmentRow).where(SegmentRow.job_id == job_id).order_by(SegmentRow.number))
        segments = tuple(Segment(r.number, r.start_ms, r.end_ms, r.text, r.speaker) for r in rows)
        return SegmentedTranscript(job.source_language or "und", upload.duration_ms or 0, segments)

    def save_translation(self, job_id: uuid.UUID, language: str, segments: Sequence[TranslatedSegment]) -> None:
        """Replace a language's lines; a line whose text stays keeps its take."""
        numbers = [segment.number for segment in segments]
        self._session.execute(
            delete(DubbedSegment).where(
                DubbedSegment.job_id == job_id,
                DubbedSegment.language == language,
                DubbedSegment.number.not_in(numbers),
            )
        )
        row = insert(DubbedSegment)
        said = {column: row.excluded[column] for column in ("text", "flags", "translation_error")}
        voiced = {
            column: case((DubbedSegment.text == row.excluded.text, getattr(DubbedSegment, column)), else_=None)
            for column in _HOW_IT_SOUNDS
        }
        self._session.execute(
            row.on_conflict_do_update(index_elements=["job_id", "language", "number"], set_=said | voiced),
            [
                {
                    "job_id": job_id,
                    "language": language,
                    "number": segment.number,
                    "text": segment.text,
                    "flags": list(segment.flags),
                    "translation_error": segment.error_code,
                }
                for segment in segments
            ],
        )

    def load_translations(self, job_id: uuid.UUID) -> Translations:
        """Return every language's lines."""
        lines = Translations()
        for row in self._dubbed(job_id):
            line = TranslatedSegment(row.number, row.text, tuple(row.flags), row.translation_error)
            lines[row.language] = (*lines.get(row.language, ()), line)
        return lines

    def save_voiced(self, job_id: uuid.UUID, language: str, segments: Sequence[VoicedSegment]) -> None:
        """Record what each line says, maybe shorter than it was translated, by which take, and where it was placed."""
        for segment in segments:
            self._session.execute(
                update(DubbedSegment)
                .where(
                    DubbedSegment.job_id == job_id,
                    DubbedSegment.language == language,
                    DubbedSegment.number == segment.number,
                )
                .values(
                    text=segment.text,
                    state=_find_state(segment).value,
                    voice=segment.voice,
                    take_key=segment.take_key,
                    start_ms=segment.start_ms,
                    duration_ms=segment.duration_ms,
                    vendor_speed=segment.vendor_speed,
                    speed=segment.speed,
                    overflow_ms=segment.overflow_ms,
                    error_code=segment.error_code,
                )
            )

    def load_voiced(self, job_id: uuid.UUID) -> Voicings:
        """Return every language's lines as they sound; a language with a line not read since it changed is left out."""
        rows = self._dubbed(job_id).all()
        stale = {row.language for row in rows if row.state is None}
        voiced = Voicings()
        for row in rows:
            if row.language in stale:
                continue
            voiced[row.language] = (*voiced.get(row.language, ()), _build_voiced(row))
        return voiced

    def load_heard(self, job_id: uuid.UUID, language: str) -> Mapping[int, VoicedSegment]:
        """Return a language's lines that have a take of their present text, by number, whatever became of others.

        A line whose voice is to be chosen anew is not among them.
        """
        rows = [row for row in self._dubbed(job_id) if row.language == language and row.take_key and row.voice]
        return {row.number: _build_voiced(row) for row in rows}

    def save_artifact(self, job_id: uuid.UUID, language: str | None, artifact: Artifact, ttl: timedelta) -> None:
        """Record a stored output, to be had for ``ttl`` from now; the same kind again takes its place.

        It belongs to the present revision of its language, or of the job: what others made of those before stays.
        """
        values = {
            "path": artifact.path,
            "storage_key": artifact.storage_key,
            "media_type": artifact.media_type,
            "size_bytes": artifact.size_bytes,
            "sha256": artifact.sha256,
            "measurements": dict(artifact.measurements),
            "expires_at": func.now() + ttl,
            "erased_at": None,
        }
        row = insert(ArtifactRow).values(
            id=uuid.uuid4(),
            job_id=job_id,
            language=language,
            kind=artifact.kind,
            revision=_find_revision(job_id, language),
            **values,
        )
        self._session.execute(
            row.on_conflict_do_update(index_elements=["job_id", "language", "kind", "revision"], set_=values)
        )

    def expire_artifacts(self, job_id: uuid.UUID, language: str, revision: int) -> None:
        """Let what was made for a revision that was never finished go the way of all that has expired.

        The job's own files of that revision too, unless another language was finished with them: they have a manifest.
        """
        has_manifest = select(_Other.id).where(
            _Other.job_id == job_id,
            _Other.language.is_(None),
            _Other.kind == "manifest",
            _Other.revision == revision,
        )
        self._session.execute(
            update(ArtifactRow)
            .where(
                ArtifactRow.job_id == job_id,
                or_(ArtifactRow.language == language, ArtifactRow.language.is_(None) & ~has_manifest.exists()),
                ArtifactRow.revision == revision,
                ArtifactRow.expires_at > func.now(),
            )
            .values(expires_at=func.now())
        )

    def load_artifacts(
        self, job_id: uuid.UUID, kinds: Sequence[str] | None = None
    ) -> Mapping[str, tuple[Artifact, ...]]:
        """Return a job's outputs as they are now, of these kinds or all, by language; those of the job itself under "".

        Of a language that is being made again that is what has been made again. What was erased is not among them.
        """
        is_there = ArtifactRow.erased_at.is_(None)
        statement = select(ArtifactRow).where(ArtifactRow.job_id == job_id, is_there, _IS_PRESENT)
        if kinds is not None:
            statement = statement.where(ArtifactRow.kind.in_(kinds))
        rows = self._session.scalars(statement.order_by(ArtifactRow.language, ArtifactRow.path))
        found: dict[str, tuple[Artifact, ...]] = {}
        for r in rows:
            artifact = Artifact(r.kind, r.path, r.storage_key, r.media_type, r.size_bytes, r.sha256, r.measurements)
            found[r.language or ""] = (*found.get(r.language or "", ()), artifact)
        return found

    def _dubbed(self, job_id: uuid.UUID) -> ScalarResult[DubbedSegment]:
        statement = select(DubbedSegment).where(DubbedSegment.job_id == job_id)
        return self._session.scalars(statement.order_by(DubbedSegment.language, DubbedSegment.number))


def _find_revision(job_id: uuid.UUID, language: str | None) -> ScalarSelect[int]:
    if language is None:
        return select(DubbingJob.revision).where(DubbingJob.id == job_id).scalar_subquery()
    task = (LanguageTask.job_id == job_id) & (LanguageTask.language == language)
    return select(LanguageTask.revision).where(task).scalar_subquery()


def _build_voiced(row: DubbedSegment) -> VoicedSegment:
    return VoicedSegment(
        number=row.number,
        text=row.text,
        voice=row.voice or "",
        take_key=row.take_key,
        start_ms=row.start_ms or 0,
        duration_ms=row.duration_ms or 0,
        speed=row.speed or 1.0,
        overflow_ms=row.overflow_ms or 0,
        error_code=row.error_code,
        vendor_speed=row.vendor_speed or 1.0,
        is_original=row.state == SegmentState.ORIGINAL,
    )


def _find_state(segment: VoicedSegment) -> SegmentState:
    if segment.is_original:
        return SegmentState.ORIGINAL
    if segment.take_key is None:
        return SegmentState.FAILED
    return SegmentState.OVERFLOW if segment.overflow_ms else SegmentState.VOICED
