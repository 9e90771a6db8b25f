"""The first stage: what is said, when, in which language."""

import dagster as dg

from dub_assets.checks import build_check
from dub_assets.partitions import dub_jobs
from dub_assets.source import source
from dub_assets.stage import Stage, open_stage
from dubbing.envelope import RATE_HZ, Envelope, build_envelope
from dubbing.errors import NoSpeechError
from dubbing.glossary import list_key_terms, parse_glossary
from dubbing.jobs import LanguageState
from dubbing.languages import name_language
from dubbing.onsets import snap_onsets
from dubbing.segmentation import plan_segments
from dubbing.stages import SegmentedTranscript
from resources.container import Container
from resources.database.tables import DubbingJob, Upload
from resources.media.decoding import decode_mono
from resources.telemetry.context import ContextPool


@dg.asset(
    partitions_def=dub_jobs,
    deps=[source],
    group_name="dub",
    kinds={"text"},
    owners=["team:dubbing"],
    dagster_type=dg.PythonObjectDagsterType(SegmentedTranscript),
    check_specs=[
        build_check("transcript", "speech_found", "Somebody speaks in the recording."),
    ],
)
def transcript(context: dg.AssetExecutionContext, container: dg.ResourceParam[Container]) -> dg.MaterializeResult:
    """Words with their times, gathered into the segments that are translated and voiced, from where they are heard.

    Recognition is paid for once per recording: a rerun finds it by the content of the source. Once a line was edited
    the segments stay as they are: it was chosen by its number.
    """
    with open_stage(context, container, LanguageState.TRANSCRIBING) as stage:
        stage.report(stage.list_languages(), 0.0)
        with container.database.transaction() as tx:
            upload, job = tx.uploads.get_of_job(stage.job_id), tx.jobs.get(stage.job_id)
            edited = tx.values.load_transcript(stage.job_id) if job.revision > 1 else None
        made = edited or _hear(stage, upload, job)
        stage.report(stage.list_languages(), 1.0)
    spoken_ms = sum(segment.end_ms - segment.start_ms for segment in made.segments)
    return dg.MaterializeResult(
        value=made,
        metadata={
            "source_language": name_language(made.language),
            "duration_s": made.duration_ms / 1000,
            "speech_s": spoken_ms / 1000,
            "segments": len(made.segments),
            "speakers": len({segment.speaker for segment in made.segments}),
            "recognizer": container.recognizer.name,
        },
        check_results=[
            dg.AssetCheckResult(check_name="speech_found", passed=True, metadata={"segments": len(made.segments)})
        ],
    )


def _hear(stage: Stage, upload: Upload, job: DubbingJob) -> SegmentedTranscript:
    container = stage.container
    media = container.intake.get_media(upload)
    with ContextPool(1, "envelope") as beside:  # a vendor takes longer than looking at the sound
        envelope = beside.submit(_measure_envelope, container, upload)
        heard = container.transcripts.get(
            stage.build_order(),
            upload,
            media.duration_ms,
            language=job.source_language,
            key_terms=list_key_terms(parse_glossary(job.glossary)),
        )
    segments = plan_segments(heard.words, language=heard.language)
    if not segments:
        raise NoSpeechError("Nobody speaks in this recording; there is nothing to dub.")
    return SegmentedTranscript(heard.language, heard.duration_ms, snap_onsets(segments, envelope.result()))


def _measure_envelope(container: Container, upload: Upload) -> Envelope:
    with container.store.fetch(upload.storage_key) as file:
        return build_envelope(decode_mono(file, container.ffmpeg, rate_hz=RATE_HZ))
