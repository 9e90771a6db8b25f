"""The last stage: every file read back and proved, and the document that lists them all."""

from collections.abc import Mapping, Sequence

import dagster as dg
import structlog

from dub_assets.checks import EVERY_LANGUAGE, build_check
from dub_assets.files import store_artifact
from dub_assets.manifest_entries import build_manifest, describe_language, keep_outcome, tabulate_entry
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, Stage, open_stage, tabulate
from dub_assets.video import VIDEO, make_video
from dubbing.errors import JobBusyError, StorageError
from dubbing.jobs import DELIVERED_STATES, LanguageState
from dubbing.manifest import LanguageEntry, Manifest, render_manifest
from dubbing.stages import Artifact, CaptionFiles, Dubs, SegmentedTranscript, VoicedSegment, Voicings
from resources.container import Container
from resources.database.qualities import record_quality
from resources.hashing import measure_sha256
from resources.storage.port import ObjectStore
from resources.workspaces import open_workspace

logger = structlog.stdlib.get_logger()

HASHES_AGREE = "hashes_agree"


SOURCE = ""
"""Under which the caption files of the source are listed."""

PROVING_SHARE = 0.5
"""Share of the stage that is done when a language's files are proved, 0-1; then its video is made, if it is one."""


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
        source_files = captions.get(SOURCE, ())
        made = {language: (*mixed_audio[language], *captions[language]) for language in mixed_audio.keys() & captions}

        def finish_language(language: str, report: Report) -> tuple[Artifact, ...]:
            files = made[language]
            for done, artifact in enumerate(files, start=1):
                _prove(container.store, artifact)
                report(done / len(files) * PROVING_SHARE)
            return _make_videos(stage, language, mixed_audio[language][0], captions[language])

        for artifact in source_files:
            _prove(container.store, artifact)
        videos = stage.run_languages(made.keys() & tts_audio.keys(), finish_language)

        def describe(language: str, films: Sequence[Artifact]) -> LanguageEntry:
            files = (*made[language], *films)
            lines = tts_audio[language] if language in tts_audio else _recall_lines(stage, language)
            return describe_language(stage, language, transcript=transcript, lines=lines, files=files)

        finished = {language: describe(language, films) for language, films in videos.items()}
        with container.database.transaction() as tx:
            tasks = tx.jobs.list_languages(stage.job_id)
            films = tx.values.load_artifacts(stage.job_id, [VIDEO])
        # What an earlier attempt delivered, and this one was not asked for, stays as it is.
        kept = {
            task.language: keep_outcome(describe(task.language, films.get(task.language, ())), task)
            for task in tasks
            if task.state in DELIVERED_STATES and task.language in made.keys() - finished.keys()
        }
        document = build_manifest(stage, transcript, source_files, {**kept, **finished})
        artifact = _store_document(stage, document)
        _record(stage, artifact, finished, videos)
    undelivered = {
        entry.language: f"{entry.error.code}: {entry.error.message}" if entry.error else entry.state
        for entry in document.languages
        if entry.state not in DELIVERED_STATES
    }
    mismatches = stage.describe_failures()
    return dg.MaterializeResult(
        metadata={
            "languages": tabulate({entry.language: tabulate_entry(entry) for entry in document.languages}),
            "files": sum(len(entry.artifacts) for entry in document.languages) + len(source_files) + 1,
            "manifest_sha256": artifact.sha256,
            "manifest": dg.MetadataValue.path(container.store.locate(artifact.storage_key)),
        },
        check_results=[
            dg.AssetCheckResult(check_name=EVERY_LANGUAGE, passed=not undelivered, metadata={"lost": undelivered}),
            dg.AssetCheckResult(check_name=HASHES_AGREE, passed=not mismatches, metadata={"failed": mismatches}),
        ],
    )


def _recall_lines(stage: Stage, language: str) -> Sequence[VoicedSegment]:
    """Return what is still known of a delivered language whose lines were begun anew and not read since."""
    with stage.container.database.transaction() as tx:
        return list(tx.values.load_heard(stage.job_id, language).values())


def _prove(store: ObjectStore, artifact: Artifact) -> None:
    with store.fetch(artifact.storage_key) as file:
        if measure_sha256(file) != artifact.sha256:
            raise StorageError(f"{artifact.path} in the store is not what was put there; run the job again.")


def _make_videos(stage: Stage, language: str, dub: Artifact, captions: Sequence[Artifact]) -> tuple[Artifact, ...]:
    """Make the film of a language where the recording is one."""
    with stage.container.database.transaction() as tx:
        upload = tx.uploads.get_of_job(stage.job_id)
    with open_workspace("video") as folder:
        video = make_video(stage, language, dub, captions, upload, folder)
    return (video,) if video is not None else ()


def _store_document(stage: Stage, document: Manifest) -> Artifact:
    with open_workspace("manifest") as folder:
        file = folder / "manifest.json"
        file.write_bytes(render_manifest(document))
        return store_artifact(
            stage.container.store,
            stage.job_id,
            file,
            kind="manifest",
            path="manifest.json",
            media_type="application/json",
        )


def _record(
    stage: Stage,
    document: Artifact,
    finished: Mapping[str, LanguageEntry],
    videos: Mapping[str, Sequence[Artifact]],
) -> None:
    """Keep the document and what this attempt finished, all at once: nobody sees a language done without it.

    Raises:
        JobBusyError: the job was edited since the stage began, which had lost its hold; nothing is kept.
    """
    ttl = stage.container.settings.artifact_ttl
    with stage.container.database.transaction() as tx:
        tx.jobs.lock(stage.job_id)
        revisions = {task.language: task.revision for task in tx.jobs.list_languages(stage.job_id)}
        if revisions != stage.turn.revisions:
            raise JobBusyError("The job was edited while this run finished it; the edit has a run of its own.")
        tx.values.save_artifact(stage.job_id, None, document, ttl)
        for language, entry in finished.items():
            for video in videos[language]:
                tx.values.save_artifact(stage.job_id, language, video, ttl)
            if entry.quality is not None:
                record_quality(tx, stage.job_id, language, entry.quality.model_dump(mode="json"))
            tx.jobs.advance(stage.job_id, language, LanguageState(entry.state), 100)
    for language, entry in finished.items():
        logger.info("language.ended", language=language, state=entry.state)
