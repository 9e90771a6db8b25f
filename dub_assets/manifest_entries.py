"""What the manifest says: entries built from what the stages stored, whichever attempt made it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from dub_assets.proof import build_thresholds
from dub_assets.stage import Stage
from dub_assets.video import VIDEO
from dubbing.delivery import parse_delivery
from dubbing.jobs import FinalState, LanguageState
from dubbing.manifest import (
    ArtifactEntry,
    CaptionsEntry,
    DeliveryEntry,
    EnginesEntry,
    ErrorEntry,
    JobEntry,
    LanguageEntry,
    LoudnessEntry,
    Manifest,
    SourceEntry,
    TranslationEntry,
)
from dubbing.quality import Quality, list_issues, plan_final_state
from dubbing.stages import Artifact, SegmentedTranscript, VoicedSegment
from dubbing.timing import Placement, Timeline, TimingReport, assess_timeline
from resources.database.tables import LanguageTask

DUB, CAPTIONS = "dub", "captions_srt"
"""Kinds of the artifacts that carry what was measured."""


def describe_language(
    stage: Stage,
    language: str,
    *,
    transcript: SegmentedTranscript,
    lines: Sequence[VoicedSegment],
    files: Sequence[Artifact],
) -> LanguageEntry:
    """Describe a language whose files are made.

    Args:
        lines: as they sound.
        files: all of the language; among them the dub and its captions with what was measured of them.
    """
    measured = {file.kind: file.measurements for file in files}
    sound, captions = measured[DUB], CaptionsEntry.model_validate(measured[CAPTIONS])
    with stage.container.database.transaction() as tx:
        upload = tx.uploads.get_of_job(stage.job_id)
        cost = tx.purchases.sum_cost(stage.job_id, language)
        translated = tx.values.load_translations(stage.job_id)[language]
    translation = TranslationEntry(
        lines=len(translated),
        untranslated=sum(1 for line in translated if line.error_code),
        doubtful=sum(1 for line in translated if set(line.flags) - {"too_long"}),
    )
    timing = assess_lines(transcript, lines)
    original = sum(line.is_original for line in lines)
    quality = Quality.model_validate(
        {
            **sound,
            "segments": timing.segments,
            "voiced": timing.voiced,
            "original": original,
            "voiced_share": share_voiced(timing, original),
            "untranslated": translation.untranslated,
            "doubtful_lines": translation.doubtful,
            "overflowing": timing.overflowing,
            "overflow_ms_total": timing.overflow_ms_total,
            "max_speed": timing.max_speed,
            "mean_speed": timing.mean_speed,
            "loudness_on_target": sound["on_target"],
            "caption_violations": captions.violations,
            "film_missing": stage.container.intake.get_media(upload).has_video and VIDEO not in measured,
        }
    )
    issues = list_issues(quality, build_thresholds(stage.container.settings))
    return LanguageEntry(
        language=language,
        state=plan_final_state(issues),
        artifacts=tuple(map(_list_file, files)),
        translation=translation,
        timing=timing,
        loudness=LoudnessEntry.model_validate({name: sound[name] for name in LoudnessEntry.model_fields}),
        captions=captions,
        quality=quality.model_copy(update={"issues": issues}),
        cost_usd_micros=cost,
    )


def keep_outcome(entry: LanguageEntry, task: LanguageTask) -> LanguageEntry:
    """Let a language that this attempt did not touch stay what it was when it was delivered."""
    quality = Quality.model_validate(task.quality) if task.quality is not None else entry.quality
    return entry.model_copy(update={"state": LanguageState(task.state), "quality": quality})


def assess_lines(transcript: SegmentedTranscript, lines: Iterable[VoicedSegment]) -> TimingReport:
    """Sum up how well the takes of a language fit."""
    placed = [
        Placement(line.number, line.start_ms, line.duration_ms, line.speed * line.vendor_speed, line.overflow_ms)
        for line in lines
        if line.take_key
    ]
    end_ms = max((placement.start_ms + placement.duration_ms for placement in placed), default=0)
    return assess_timeline(Timeline(tuple(placed), max(end_ms, transcript.duration_ms)), transcript.segments)


def share_voiced(timing: TimingReport, original: int) -> float:
    """Say how many of the lines that were to be spoken are, 0-1; all of them where there were none.

    Args:
        original: lines in which the original stays.
    """
    wanted = timing.segments - original
    return timing.voiced / wanted if wanted else 1.0


def build_manifest(
    stage: Stage,
    transcript: SegmentedTranscript,
    source_files: Iterable[Artifact],
    delivered: Mapping[str, LanguageEntry],
) -> Manifest:
    """Put together what a job made.

    Args:
        source_files: captions of the source.
        delivered: by language; the others say what they were lost to.
    """
    with stage.container.database.transaction() as tx:
        job, upload = tx.jobs.get(stage.job_id), tx.uploads.get_of_job(stage.job_id)
        tasks = tx.jobs.list_languages(stage.job_id)
    lost = [_describe_loss(task) for task in tasks if task.language not in delivered]
    return Manifest(
        job=JobEntry(id=str(job.id), created_at=job.created_at, revision=job.revision),
        source=SourceEntry(
            file_name=upload.file_name,
            sha256=upload.sha256,
            duration_ms=transcript.duration_ms,
            language=transcript.language,
            artifacts=tuple(map(_list_file, source_files)),
        ),
        engines=EnginesEntry(**job.engines),
        delivery=DeliveryEntry.model_validate(parse_delivery(job.delivery).model_dump()),
        languages=tuple(sorted((*delivered.values(), *lost), key=lambda entry: entry.language)),
    )


def tabulate_entry(entry: LanguageEntry) -> dict[str, str | int | float]:
    """Choose what Dagster's pages show of a language."""
    if entry.quality is None:
        return {"state": entry.state.value}
    quality = entry.quality
    figures = {
        "fastest": quality.max_speed,
        "overflow_ms": quality.overflow_ms_total,
        "onset_p95_ms": quality.onset_p95_ms,
        "source_overlap": quality.source_overlap,
        "word_error_rate": quality.word_error_rate,
        "integrated_lufs": quality.integrated_lufs,
        "true_peak_dbtp": quality.true_peak_dbtp,
        "cost_usd_micros": entry.cost_usd_micros,
    }
    return {
        "state": entry.state.value,
        "issues": ", ".join(quality.issues),
        "files": len(entry.artifacts),
        "voiced": f"{quality.voiced} of {quality.segments}",
        **{name: figure for name, figure in figures.items() if figure is not None},
    }


def _describe_loss(task: LanguageTask) -> LanguageEntry:
    error = None  # of a cancelled one
    if task.error_code:
        error = ErrorEntry(code=task.error_code, message=task.error_message or "", retryable=bool(task.error_retryable))
    return LanguageEntry(language=task.language, state=cast(FinalState, LanguageState(task.state)), error=error)


def _list_file(artifact: Artifact) -> ArtifactEntry:
    return ArtifactEntry(
        kind=artifact.kind,
        path=artifact.path,
        media_type=artifact.media_type,
        size_bytes=artifact.size_bytes,
        sha256=artifact.sha256,
    )
