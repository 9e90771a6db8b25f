"""Taking in a recording: inspected, checked against what the engines offer, stored, and made a job.

Nothing is written before every check has passed; a job that breaks off half-way is taken up again by the same
request.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dubbing.content_key import build_content_key
from dubbing.engines import QUALITIES, Quality, Recognizer, Synthesizer, Translator
from dubbing.languages import find_offered, get_base, parse_language, plan_targets
from resources.database.connection import Database
from resources.database.tables import DubbingJob, Upload
from resources.media.inspection import SourceAudio
from resources.storage.port import ObjectStore


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What somebody wants dubbed.

    Attributes:
        file: the recording on this machine.
        file_name: its name for people; never part of a key.
        targets: language tags as typed.
        source_language: tag as typed, or None to detect it.
        voices: voice name by speaker by language, to overrule the casting.
    """

    user_id: uuid.UUID
    file: Path
    file_name: str
    targets: Sequence[str]
    source_language: str | None = None
    voices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AcceptedJob:
    """A job in the tables; ``resumed`` when it had been begun before."""

    job_id: uuid.UUID
    languages: tuple[str, ...]
    resumed: bool


class Intake:
    """Makes jobs."""

    def __init__(
        self,
        database: Callable[[], Database],
        store: ObjectStore,
        inspect: Callable[[Path], SourceAudio],
        recognizer: Recognizer,
        translator: Translator,
        synthesizer: Synthesizer,
    ) -> None:
        self._database = database
        self._store = store
        self._inspect = inspect
        self._recognizer = recognizer
        self._translator = translator
        self._synthesizer = synthesizer

    def list_targets(self, source: str | None) -> tuple[str, ...]:
        """List the tags that a recording can be dubbed into here.

        Args:
            source: canonical tag of the recording; None for whatever language may be detected in it.
        """
        spoken = tuple(dict.fromkeys(voice.language for voice in self._synthesizer.list_voices()))
        sources = [source] if source is not None else sorted({get_base(language) for language in spoken})
        translated = {target for each in sources for target in self._translator.list_targets(each)}
        return tuple(sorted(target for target in translated if find_offered(target, spoken)))

    def get_quality(self, target: str) -> Quality:
        """Tell how well an offered target is spoken: as well as its best voice speaks it."""
        voices = self._synthesizer.list_voices()
        spoken = find_offered(target, dict.fromkeys(voice.language for voice in voices))
        return min((voice.quality for voice in voices if voice.language == spoken), key=QUALITIES.index)

    def check_languages(self, request: JobRequest) -> tuple[str | None, tuple[str, ...]]:
        """Return the canonical source (None to detect) and targets.

        Raises:
            UnknownLanguageError, UnsupportedLanguageError: nothing has been done yet.
        """
        source = parse_language(request.source_language) if request.source_language else None
        return source, plan_targets(request.targets, self.list_targets(source), source=source)

    def submit(self, request: JobRequest) -> AcceptedJob:
        """Check, inspect, store and record a recording as a job, or take up the same job where it was left.

        Raises:
            InputError: the recording or the languages cannot be dubbed; nothing was kept.
            DiskFullError, DatabaseUnavailableError: nothing was kept.
        """
        source, targets = self.check_languages(request)
        media = self._inspect(request.file)
        engines = {
            "recognizer": self._recognizer.name,
            "translator": self._translator.name,
            "synthesizer": self._synthesizer.name,
        }
        request_key = build_content_key(
            "request",
            sha256=media.sha256,
            source=source,
            targets=sorted(targets),
            voices={language: dict(names) for language, names in request.voices.items()},
            engines=dict(engines),
        )
        database = self._database()
        with database.transaction() as tx:
            begun = tx.jobs.find_unfinished(request.user_id, request_key)
        if begun is not None:
            return AcceptedJob(begun.id, targets, resumed=True)
        job = DubbingJob(
            id=uuid.uuid4(),
            user_id=request.user_id,
            request_key=request_key,
            source_language=source,
            engines=engines,
            voices={language: dict(names) for language, names in request.voices.items()},
        )
        key = f"jobs/{job.id}/source"
        self._store.put(key, request.file)
        try:
            with database.transaction() as tx:
                tx.jobs.ensure_user(request.user_id)
                upload = tx.jobs.add_upload(
                    Upload(
                        user_id=request.user_id,
                        file_name=request.file_name,
                        storage_key=key,
                        sha256=media.sha256,
                        size_bytes=media.size_bytes,
                        media=asdict(media),
                    )
                )
                job.upload_id = upload.id
                tx.jobs.add_job(job, targets)
        except BaseException:
            self._store.delete(key)
            raise
        return AcceptedJob(job.id, targets, resumed=False)
