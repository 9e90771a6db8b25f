"""The last stage: every file read back and proved, and the document that lists them all."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import dagster as dg

from dub_assets.checks import EVERY_LANGUAGE, build_check
from dub_assets.files import store_artifact
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, Stage, open_stage, tabulate
from dubbing.errors import StorageError
from dubbing.jobs import DELIVERED_STATES, FinalState, LanguageState
from dubbing.manifest import (
    ArtifactEntry,
    CaptionsEntry,
    EnginesEntry,
    ErrorEntry,
    JobEntry,
    LanguageEntry,
    LoudnessEntry,
    Manifest,
    SourceEntry,
    TranslationEntry,
    render_manifest,
)
from dubbing.quality import list_issues, plan_final_state
from dubbing.stages import Artifact, CaptionFiles, Dubs, SegmentedTranscript, VoicedSegment, Voicings
from dubbing.timing import Placement, Timeline, TimingReport, assess_timeline
from resources.container import Container
from resources.hashing import measure_sha256
from resources.storage.port import ObjectStore

HASHES_AGREE = "hashes_agree"


@dg.asset(
    partitions_def=dub_jobs,
    group_name="dub",
    kinds={"json"},
    owners=["team:dubbing"],
    check_specs=[
        build_check(
            "manifest",
            EVERY_LANGUAGE,
            "Every language of the job was delivered; the metadata says which was not and why.",
        ),
        build_check(
            "manifest",
            HASHES_AGREE,
            "Every file, read back from the store, has the hash that was recorded when it was made.",
        ),
    ],
)
def manifest(
    context: dg.AssetExecutionContext,
    container: dg.ResourceParam[Container],
    transcript: SegmentedTranscript,
    tts_audio: Voicings,
    mixed_audio: Dubs,
    captions: CaptionFiles,
) -> dg.MaterializeResult:
    """The list of all files with their hashes, and what was measured of each dub; then the job is done."""
    with open_stage(context, container, LanguageState.FINALIZING) as stage:

        def finish_language(language: str, report: Report) -> LanguageEntry:
            files = (*mixed_audio[language], *captions[language])
            for done, artifact in enumerate(files, start=1):
                _prove(container.store, artifact)
                report(done / len(files))
            return _describe_language(stage, language, files, _assess(transcript, tts_audio[language]))

        delivered = stage.run_languages(mixed_audio.keys() & captions.keys(), finish_language)
        document = _build_manifest(stage, transcript, delivered)
        with tempfile.TemporaryDirectory(prefix="dubline-manifest-") as folder:
            file = Path(folder) / "manifest.json"
            file.write_bytes(render_manifest(document))
            artifact = store_artifact(
                container.store,
                stage.job_id,
                file,
                kind="manifest",
                path="manifest.json",
                media_type="application/json",
            )
        with container.database.transaction() as tx:
            tx.values.save_artifact(stage.job_id, None, artifact, container.settings.artifact_ttl)
            for entry in delivered.values():
                tx.jobs.advance(stage.job_id, entry.language, LanguageState(entry.state), 100)
    undelivered = {
        entry.language: entry.error.message if entry.error else entry.state
        for entry in document.languages
        if entry.state not in DELIVERED_STATES
    }
    mismatches = stage.describe_failures()
    return dg.MaterializeResult(
        metadata={
            "languages": tabulate({entry.language: _tabulate_entry(entry) for entry in document.languages}),
            "files": sum(len(entry.artifacts) for entry in document.languages) + 1,
            "manifest_sha256": artifact.sha256,
            "manifest": dg.MetadataValue.path(container.store.locate(artifact.storage_key)),
        },
        check_results=[
            dg.AssetCheckResult(check_name=EVERY_LANGUAGE, passed=not undelivered, metadata={"lost": undelivered}),
            dg.AssetCheckResult(check_name=HASHES_AGREE, passed=not mismatches, metadata={"failed": mismatches}),
        ],
    )


def _prove(store: ObjectStore, artifact: Artifact) -> None:
    with store.fetch(artifact.storage_key) as file:
        if measure_sha256(file) != artifact.sha256:
            raise StorageError(f"{artifact.path} in the store is not what was put there; run the job again.")


def _assess(transcript: SegmentedTranscript, lines: Sequence[VoicedSegment]) -> TimingReport:
    placed = [
        Placement(line.number, line.start_ms, line.duration_ms, line.speed * line.vendor_speed, line.overflow_ms)
        for line in lines
        if line.take_key
    ]
    end_ms = max(placement.start_ms + placement.duration_ms for placement in placed)
    return assess_timeline(Timeline(tuple(placed), max(end_ms, transcript.duration_ms)), transcript.segments)


def _describe_language(stage: Stage, language: str, files: Sequence[Artifact], timing: TimingReport) -> LanguageEntry:
    sound, words = files[0].measurements, files[1].measurements
    counts = CaptionsEntry.model_validate(words)
    with stage.container.database.transaction() as tx:
        cost = tx.purchases.sum_cost(stage.job_id, language)
        lines = tx.values.load_translations(stage.job_id)[language]
    translation = TranslationEntry(
        lines=len(lines),
        untranslated=sum(1 for line in lines if line.error_code),
        doubtful=sum(1 for line in lines if set(line.flags) - {"too_long"}),
    )
    issues = list_issues(
        timing,
        doubtful_lines=translation.doubtful,
        caption_violations=counts.violations,
        loudness_on_target=bool(sound["on_target"]),
    )
    return LanguageEntry(
        language=language,
        state=plan_final_state(issues),
        artifacts=tuple(_list_file(artifact) for artifact in files),
        translation=translation,
        timing=timing,
        loudness=LoudnessEntry.model_validate({name: sound[name] for name in LoudnessEntry.model_fields}),
        captions=counts,
        cost_usd_micros=cost,
    )


def _list_file(artifact: Artifact) -> ArtifactEntry:
    return ArtifactEntry(
        kind=artifact.kind,
        path=artifact.path,
        media_type=artifact.media_type,
        size_bytes=artifact.size_bytes,
        sha256=artifact.sha256,
    )


def _build_manifest(stage: Stage, transcript: SegmentedTranscript, delivered: Mapping[str, LanguageEntry]) -> Manifest:
    with stage.container.database.transaction() as tx:
        job, upload = tx.jobs.get(stage.job_id), tx.uploads.get_of_job(stage.job_id)
        tasks = tx.jobs.list_languages(stage.job_id)
    lost = [
        LanguageEntry(
            language=task.language,
            state=cast(FinalState, LanguageState(task.state)),
            error=ErrorEntry(
                code=task.error_code, message=task.error_message or "", retryable=bool(task.error_retryable)
            )
            if task.error_code
            else None,
        )
        for task in tasks
        if task.language not in delivered
    ]
    return Manifest(
        job=JobEntry(id=str(job.id), created_at=job.created_at),
        source=SourceEntry(
            file_name=upload.file_name,
            sha256=upload.sha256,
            duration_ms=transcript.duration_ms,
            language=transcript.language,
        ),
        engines=EnginesEntry(**job.engines),
        languages=tuple(sorted((*delivered.values(), *lost), key=lambda entry: entry.language)),
    )


def _tabulate_entry(entry: LanguageEntry) -> dict[str, str | int | float]:
    if entry.timing is None or entry.loudness is None:
        return {"state": entry.state.value}
    return {
        "state": entry.state.value,
        "files": len(entry.artifacts),
        "voiced": f"{entry.timing.voiced} of {entry.timing.segments}",
        "fastest": entry.timing.max_speed,
        "overflow_ms": entry.timing.overflow_ms_total,
        "integrated_lufs": float(entry.loudness.integrated_lufs),
        "true_peak_dbtp": float(entry.loudness.true_peak_dbtp),
        "cost_usd_micros": entry.cost_usd_micros,
    }
