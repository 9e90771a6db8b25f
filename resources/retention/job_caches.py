"""What a job bought and is made of, in the caches that all jobs share: it goes with the job where no other needs it."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import and_, select

from dubbing.errors import InputError
from dubbing.glossary import Glossary, list_key_terms, parse_glossary
from dubbing.retention import Kind
from resources.database.connection import UnitOfWork
from resources.database.holdings import CACHES
from resources.database.job_words import JobWords
from resources.database.tables import DubbedSegment, DubbingJob, TranslationRow, Upload
from resources.purchasing.scripts import Script
from resources.purchasing.transcripts import build_transcript_key
from resources.purchasing.translation_keys import find_translation_keys


@dataclass(frozen=True, slots=True)
class JobCaches:
    """Rows of the caches that go with a job, held until the transaction ends.

    Attributes:
        held: the key of each row's object, if it has one, by content key, by kind.
        kept: how many rows other jobs need, or may need.
    """

    held: Mapping[Kind, Mapping[str, str | None]]
    kept: int

    @property
    def storage_keys(self) -> set[str]:
        """The keys of their objects."""
        return {key for rows in self.held.values() for key in rows.values() if key is not None}


def hold_caches(tx: UnitOfWork, job: DubbingJob, words: JobWords, upload: Upload) -> JobCaches:
    """Hold what nobody but this job needs.

    What was found after this job ended is another's. While a job is under way that says the same, or is of the same
    recording, all is left to its own limit: that job may have found it and not written down yet that it needs it.
    """
    keys = _list_keys(tx, job, words, upload)
    there = sum(tx.holdings.count_cached(kind, keys[kind]) for kind in CACHES)
    if words.shares_a_run():
        return JobCaches({kind: {} for kind in CACHES}, kept=there)
    ended_at = job.finished_at or job.updated_at
    held = {kind: tx.holdings.take_cached(kind, keys[kind], cutoff=ended_at, job_id=job.id) for kind in CACHES}
    return JobCaches(held, there - sum(map(len, held.values())))


def remove_caches(tx: UnitOfWork, caches: JobCaches) -> Mapping[str, int]:
    """Remove the rows; those of readings only once no line names them."""
    return {CACHES[kind]: tx.holdings.remove_cached(kind, rows.keys()) for kind, rows in caches.held.items()}


def _list_keys(tx: UnitOfWork, job: DubbingJob, words: JobWords, upload: Upload) -> Mapping[Kind, Collection[str]]:
    bought = words.list_bought()
    return {
        Kind.TAKE: bought,
        Kind.TRANSCRIPT: bought | _list_transcript_keys(job, upload),
        Kind.TRANSLATION: _list_translation_keys(tx, job),
    }


def _list_transcript_keys(job: DubbingJob, upload: Upload) -> set[str]:
    """A recognition whose language was detected is kept under that language's name too."""
    terms, engine = list_key_terms(_read_glossary(job)), str(job.engines.get("recognizer", ""))
    return {build_transcript_key(engine, upload.sha256, language, terms) for language in (None, job.source_language)}


def _list_translation_keys(tx: UnitOfWork, job: DubbingJob) -> set[str]:
    heard = tx.values.load_transcript(job.id)
    engine = str(job.engines.get("translator", ""))

    def find(keys: Collection[str]) -> Mapping[str, str]:
        statement = select(TranslationRow.content_key, TranslationRow.text).where(TranslationRow.content_key.in_(keys))
        return {row.content_key: row.text for row in tx.session.execute(statement)}

    lines = DubbedSegment.job_id == job.id, DubbedSegment.language == TranslationRow.target
    said = select(TranslationRow.content_key).join(
        DubbedSegment, and_(*lines, DubbedSegment.text == TranslationRow.text)
    )
    found = set(tx.session.scalars(said))
    for task in tx.jobs.list_languages(job.id):
        script = Script(heard.segments, heard.duration_ms, heard.language, task.language, _read_glossary(job))
        found |= find_translation_keys(script, engine, find)
    return found


def _read_glossary(job: DubbingJob) -> Glossary:
    """What cannot be read any more, after a change of its form, must not keep anything from being erased."""
    with suppress(InputError):
        return parse_glossary(job.glossary)
    return ()
