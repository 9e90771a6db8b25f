"""The side branch: captions timed from the takes as they sound in the dub, and from the source as it was spoken."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import dagster as dg

from dub_assets.checks import build_check, build_language_check
from dub_assets.files import store_artifact
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, open_stage, tabulate
from dubbing.caption_formats import render_srt, render_vtt
from dubbing.caption_pieces import CaptionLine
from dubbing.caption_text import is_right_to_left
from dubbing.captions import check_cues, plan_cues
from dubbing.jobs import LanguageState
from dubbing.segmentation import join_words
from dubbing.stages import Artifact, CaptionFiles, Measurements, SegmentedTranscript, VoicedSegment, Voicings
from dubbing.transcript import Segment
from resources.container import Container
from resources.storage.port import ObjectStore
from resources.workspaces import open_workspace

NO_VIOLATIONS = "no_violations"
FORMATS = {"srt": ("application/x-subrip", render_srt), "vtt": ("text/vtt", render_vtt)}
SOURCE = ""
"""Under which the source's captions are kept: they are the job's, and no language's."""


@dg.asset(
    partitions_def=dub_jobs,
    group_name="dub",
    kinds={"text"},
    owners=["team:dubbing"],
    dagster_type=dg.PythonObjectDagsterType(CaptionFiles),
    check_specs=[
        build_language_check("captions"),
        build_check("captions", NO_VIOLATIONS, "Every cue keeps the rules of length, speed, duration and distance."),
    ],
)
def captions(
    context: dg.AssetExecutionContext,
    container: dg.ResourceParam[Container],
    transcript: SegmentedTranscript,
    tts_audio: Voicings,
) -> dg.MaterializeResult:
    """SRT and WebVTT for each language, made of every line, timed from where its take was placed; and the source's."""
    with open_stage(context, container, LanguageState.CAPTIONING) as stage:

        def caption_language(language: str, report: Report) -> tuple[Artifact, ...]:
            lines = _list_lines(tts_audio[language], transcript.segments, language)
            files = _write_captions(container.store, stage.job_id, lines, language, folder=language)
            report(1.0)
            return files

        made = CaptionFiles(stage.run_languages(tts_audio.keys(), caption_language))
        spoken = _list_source_lines(transcript.segments, transcript.language)
        source = _write_captions(container.store, stage.job_id, spoken, transcript.language, folder="source")
    counts = {language: dict(files[0].measurements) for language, files in made.items()}
    violating = {language: count["violations"] for language, count in counts.items() if count["violations"]}
    made[SOURCE] = source
    return dg.MaterializeResult(
        value=made,
        metadata={
            "languages": tabulate(
                {
                    language: {**count, "file": container.store.locate(made[language][0].storage_key)}
                    for language, count in counts.items()
                }
            ),
            "source_cues": source[0].measurements["cues"],
            "source_violations": source[0].measurements["violations"],  # nobody's issue: people talk as fast as they do
            "failed": stage.describe_failures(),
        },
        check_results=[
            stage.check_languages(),
            dg.AssetCheckResult(check_name=NO_VIOLATIONS, passed=not violating, metadata={"violations": violating}),
        ],
    )


def _write_captions(
    store: ObjectStore, job_id: uuid.UUID, lines: Sequence[CaptionLine], language: str, *, folder: str
) -> tuple[Artifact, ...]:
    cues = plan_cues(lines, language=language)
    counted: Measurements = {"cues": len(cues), "violations": len(check_cues(cues, language))}
    files = []
    for suffix, (media_type, render) in FORMATS.items():
        with open_workspace("captions") as temporary:
            file = temporary / f"captions.{suffix}"
            file.write_text(render(cues, right_to_left=is_right_to_left(language)), encoding="utf-8")
            files.append(
                store_artifact(
                    store,
                    job_id,
                    file,
                    kind=f"captions_{suffix}",
                    path=f"{folder}/captions.{suffix}",
                    media_type=media_type,
                    measurements=counted,
                )
            )
    return tuple(files)


def _list_source_lines(segments: Sequence[Segment], language: str) -> list[CaptionLine]:
    """Take every segment's own words."""
    spoken = [CaptionLine(segment.text, segment.start_ms, segment.end_ms, segment.speaker) for segment in segments]
    return _join_timeless(spoken, language)


def _list_lines(lines: Sequence[VoicedSegment], segments: Sequence[Segment], language: str) -> list[CaptionLine]:
    """Take every line's words and who says them: at its take, or where the source's own speech stays."""
    said: Mapping[int, Segment] = {segment.number: segment for segment in segments}
    timed = []
    for line in lines:
        segment = said.get(line.number)
        start_ms, end_ms = line.start_ms, line.start_ms + line.duration_ms
        if line.is_original and segment is not None:
            start_ms, end_ms = segment.start_ms, segment.end_ms
        timed.append(CaptionLine(line.text, start_ms, end_ms, segment.speaker if segment is not None else "1"))
    return _join_timeless(timed, language)


def _join_timeless(lines: Sequence[CaptionLine], language: str) -> list[CaptionLine]:
    """Let the words of a line without any time come in with its speaker's next; after the last it gets some."""
    listed: list[CaptionLine] = []
    timeless: defaultdict[str, list[CaptionLine]] = defaultdict(list)
    for line in lines:
        if line.end_ms > line.start_ms:
            listed.append(_join([*timeless.pop(line.speaker, []), line], language))
        else:
            timeless[line.speaker].append(line)
    left = [_join(own, language) for own in timeless.values()]
    listed += [replace(line, end_ms=line.start_ms + 1) for line in left]
    return sorted(listed, key=lambda line: line.start_ms)


def _join(lines: Sequence[CaptionLine], language: str) -> CaptionLine:
    """Say everything at the time of the last."""
    return replace(lines[-1], text=join_words((line.text for line in lines), language))
