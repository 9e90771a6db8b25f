"""Taking in recordings and jobs: checked against what the engines offer before anything is written.

A recording comes from this machine (`submit`), or was uploaded by a client and admitted (``admission.py``).
"""

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dubbing.casting import plan_casting
from dubbing.content_key import build_content_key
from dubbing.delivery import Delivery
from dubbing.engines import QUALITIES, Quality, Recognizer, Synthesizer, Translator
from dubbing.errors import InputError
from dubbing.glossary import Glossary, dump_glossary, parse_glossary
from dubbing.languages import find_offered, get_base, parse_language, plan_targets
from resources.admission import build_source_key
from resources.budget import Budget
from resources.database.connection import Database
from resources.database.tables import DubbingJob, Upload
from resources.media.ffmpeg import Ffmpeg
from resources.media.inspection import SourceAudio, inspect_media, parse_source_audio
from resources.storage.port import ObjectStore
from resources.telemetry.tracing import get_traceparent


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What somebody wants dubbed, in the words they typed.

    Attributes:
        targets: language tags.
        source_language: tag, or None to detect it.
        voices: voice name by speaker by language, to overrule the casting.
        glossary: entries as `dubbing.glossary.parse_glossary` reads them.
        reference: the client's own name for the job.
        delivery: what is made of each language; as the settings say where not given.
    """

    user_id: uuid.UUID
    targets: Sequence[str]
    source_language: str | None = None
    voices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    glossary: Sequence[Mapping[str, Any]] = ()
    reference: str | None = None
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """A request that the engines can serve: canonical tags, voices that exist, names of the engines."""

    user_id: uuid.UUID
    source: str | None
    targets: tuple[str, ...]
    voices: Mapping[str, Mapping[str, str]]
    glossary: Glossary
    engines: Mapping[str, str]
    reference: str | None
    delivery: Delivery

    def build_job(self, upload: Upload) -> DubbingJob:
        """Make the row of a job on a recording."""
        return DubbingJob(
            id=uuid.uuid4(),
            user_id=self.user_id,
            upload_id=upload.id,
            request_key=self.build_request_key(upload.sha256),
            source_language=self.source,
            engines=dict(self.engines),
            voices={language: dict(names) for language, names in self.voices.items()},
            glossary=dump_glossary(self.glossary),
            delivery=self.delivery.model_dump(mode="json"),
            reference=self.reference,
            traceparent=get_traceparent(),
        )

    def build_request_key(self, sha256: str) -> str:
        """Name the request by all that determines its result."""
        return build_content_key(
            "request",
            sha256=sha256,
            source=self.source,
            targets=sorted(self.targets),
            voices={language: dict(names) for language, names in self.voices.items()},
            glossary=dump_glossary(self.glossary),
            engines=dict(self.engines),
            # As it was before there was a choice, where nothing was chosen.
            **(
                {"delivery": chosen} if (chosen := self.delivery.model_dump(mode="json", exclude_defaults=True)) else {}
            ),
        )


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
        store: Callable[[], ObjectStore],
        ffmpeg: Callable[[], Ffmpeg],
        recognizer: Recognizer,
        translator: Translator,
        synthesizer: Synthesizer,
        budget: Budget,
        *,
        max_duration_ms: int,
        delivery: Delivery,
    ) -> None:
        self._database = database
        self._store = store
        self._ffmpeg = ffmpeg
        self._recognizer = recognizer
        self._translator = translator
        self._synthesizer = synthesizer
        self._budget = budget
        self._max_duration_ms = max_duration_ms
        self._delivery = delivery

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

    def plan(self, request: JobRequest) -> JobPlan:
        """Check what was asked for against what the engines offer; nothing is done yet.

        Raises:
            UnknownLanguageError, UnsupportedLanguageError, UnknownVoiceError: it cannot be served here.
        """
        source = parse_language(request.source_language) if request.source_language else None
        targets = plan_targets(request.targets, self.list_targets(source), source=source)
        voices = {find_offered(parse_language(tag), targets): names for tag, names in request.voices.items()}
        if None in voices:
            raise InputError("Voices are chosen for a language that is not among the target languages; add it there.")
        chosen = {language: dict(names) for language, names in voices.items() if language is not None}
        for language, names in chosen.items():
            vendors = self._synthesizer.list_vendors(language)
            plan_casting(list(names), self._synthesizer.list_voices(), language, names, vendors=vendors)
        engines = {
            "recognizer": self._recognizer.name,
            "translator": self._translator.name,
            "synthesizer": self._synthesizer.name,
        }
        glossary = parse_glossary(request.glossary)
        delivery = request.delivery or self._delivery
        return JobPlan(request.user_id, source, targets, chosen, glossary, engines, request.reference, delivery)

    def inspect(self, file: Path) -> SourceAudio:
        """Decode a recording once from end to end and measure it.

        Raises:
            InputError: it cannot be dubbed.
        """
        return inspect_media(file, self._ffmpeg(), max_duration_ms=self._max_duration_ms)

    def get_media(self, upload: Upload) -> SourceAudio:
        """Return what was measured of an admitted recording; inspect it first where that has not been done yet.

        Raises:
            InputError: it cannot be dubbed.
            StorageError: the store lost or changed it.
        """
        if upload.media is not None:
            return parse_source_audio(upload.media)
        with self._store().fetch(upload.storage_key, sha256=upload.sha256) as file:
            media = self.inspect(file)
        with self._database().transaction() as tx:
            tx.uploads.record_media(upload.id, asdict(media))
        return media

    def submit(self, request: JobRequest, file: Path) -> AcceptedJob:
        """Inspect, store and record a recording of this machine as a job, or take up the job where it was left.

        The caller runs it: no sensor launches it.

        Raises:
            InputError: the recording or the languages cannot be dubbed; nothing was kept.
            BudgetExceededError: there is no money for it; nothing was kept.
            DiskFullError, DatabaseUnavailableError: nothing was kept.
        """
        plan = self.plan(request)
        media = self.inspect(file)
        database = self._database()
        with database.transaction() as tx:
            begun = tx.jobs.find_unfinished(request.user_id, plan.build_request_key(media.sha256))
        if begun is not None:
            return AcceptedJob(begun.id, plan.targets, resumed=True)
        upload = Upload(
            id=uuid.uuid4(),
            user_id=request.user_id,
            file_name=os.fsencode(file.name).decode(errors="replace"),
            media_type="application/octet-stream",
            sha256=media.sha256,
            size_bytes=media.size_bytes,
            duration_ms=media.duration_ms,
            media=asdict(media),
        )
        upload.storage_key = build_source_key(upload.id)
        self._store().put(upload.storage_key, file)
        try:
            with database.transaction() as tx:
                tx.jobs.ensure_user(request.user_id)
                job = plan.build_job(tx.uploads.add(upload))
                job.launched_attempt = job.ended_attempt = job.attempt = 1
                tx.jobs.add_job(job, plan.targets)
                self._budget.hold(tx, job, upload, plan.targets)
        except BaseException:
            self._store().delete(upload.storage_key)
            raise
        return AcceptedJob(job.id, plan.targets, resumed=False)
