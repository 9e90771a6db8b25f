"""How values pass from asset to asset: through the product's own tables, so that the API sees what Dagster sees."""

import uuid
from datetime import timedelta

import dagster as dg

from dub_assets.retries import Try
from dubbing.delivery import AUDIO_FORMATS
from dubbing.stages import CaptionFiles, Dubs, SegmentedTranscript, Translations, Voicings
from resources.container import Container
from resources.database.connection import UnitOfWork

DUB = "dub"
SOUND_KINDS = (DUB, *(f"{DUB}_{audio_format}" for audio_format in AUDIO_FORMATS), "voice", "waveform")
"""What the mix makes; the dub itself first."""
CAPTION_KINDS = ("captions_srt", "captions_vtt")


class JobRecordsIOManager(dg.IOManager):
    """Saves and loads the value of a stage by its type; the partition key says whose it is."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Save a stage's value; the same value twice is the same as once."""
        job_id = uuid.UUID(context.partition_key)
        with self._begin(context, job_id).judging_errors(), self._container.database.transaction() as tx:
            _save(tx, job_id, obj, self._container.settings.artifact_ttl)

    def load_input(self, context: dg.InputContext) -> object:
        """Load what an earlier stage, of this run or another, left for the job."""
        job_id = uuid.UUID(context.partition_key)
        with self._begin(context, job_id).judging_errors(), self._container.database.transaction() as tx:
            return _load(tx, job_id, context.dagster_type.typing_type)

    def _begin(self, context: dg.OutputContext | dg.InputContext, job_id: uuid.UUID) -> Try:
        step = context.step_context
        patience_s = self._container.settings.outage_patience_minutes * 60
        return Try(job_id, step.step.key, step.previous_attempt_count, self._container.database, step.log, patience_s)


def _save(tx: UnitOfWork, job_id: uuid.UUID, value: object, ttl: timedelta) -> None:
    match value:
        case SegmentedTranscript():
            tx.values.save_transcript(job_id, value)
        case Translations():
            for language, lines in value.items():
                tx.values.save_translation(job_id, language, lines)
        case Voicings():
            for language, voiced in value.items():
                tx.values.save_voiced(job_id, language, voiced)
        case Dubs() | CaptionFiles():
            for language, files in value.items():
                for file in files:
                    tx.values.save_artifact(job_id, language or None, file, ttl)
        case _:
            raise TypeError(f"no stage makes a {type(value).__name__}")


def _load(tx: UnitOfWork, job_id: uuid.UUID, type_: type) -> object:
    if type_ is SegmentedTranscript:
        return tx.values.load_transcript(job_id)
    if type_ is Translations:
        return tx.values.load_translations(job_id)
    if type_ is Voicings:
        return tx.values.load_voiced(job_id)
    if type_ is Dubs:
        made = tx.values.load_artifacts(job_id, SOUND_KINDS)
        return Dubs(
            {language: tuple(sorted(files, key=lambda file: file.kind != DUB)) for language, files in made.items()}
        )
    if type_ is CaptionFiles:
        return CaptionFiles(tx.values.load_artifacts(job_id, CAPTION_KINDS))
    raise TypeError(f"no stage makes a {type_.__name__}")
