"""The side branch: captions timed from the takes as they sound in the dub."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from dub_assets.checks import build_check, build_language_check
from dub_assets.files import store_artifact
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, open_stage, tabulate
from dubbing.caption_formats import render_srt, render_vtt
from dubbing.captions import CaptionLine, check_cues, plan_cues
from dubbing.jobs import LanguageState
from dubbing.stages import Artifact, CaptionFiles, Measurements, VoicedSegment, Voicings
from resources.container import Container

NO_VIOLATIONS = "no_violations"
FORMATS = {"srt": ("application/x-subrip", render_srt), "vtt": ("text/vtt", render_vtt)}


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
    context: dg.AssetExecutionContext, container: dg.ResourceParam[Container], tts_audio: Voicings
) -> dg.MaterializeResult:
    """SRT and WebVTT for each language, made of every line, timed from where its take was placed."""
    with open_stage(context, container, LanguageState.CAPTIONING) as stage:

        def caption_language(language: str, report: Report) -> tuple[Artifact, ...]:
            cues = plan_cues(_list_lines(tts_audio[language]), language=language)
            violations = check_cues(cues, language)
            counted: Measurements = {"cues": len(cues), "violations": len(violations)}
            files = []
            for suffix, (media_type, render) in FORMATS.items():
                with tempfile.TemporaryDirectory(prefix="dubline-captions-") as folder:
                    file = Path(folder) / f"captions.{suffix}"
                    file.write_text(render(cues), encoding="utf-8")
                    files.append(
                        store_artifact(
                            container.store,
                            stage.job_id,
                            file,
                            kind=f"captions_{suffix}",
                            path=f"{language}/captions.{suffix}",
                            media_type=media_type,
                            measurements=counted,
                        )
                    )
            report(1.0)
            return tuple(files)

        made = CaptionFiles(stage.run_languages(tts_audio.keys(), caption_language))
    counts = {language: dict(files[0].measurements) for language, files in made.items()}
    violating = {language: count["violations"] for language, count in counts.items() if count["violations"]}
    return dg.MaterializeResult(
        value=made,
        metadata={
            "languages": tabulate(
                {
                    language: {**count, "file": container.store.locate(made[language][0].storage_key)}
                    for language, count in counts.items()
                }
            ),
            "failed": stage.describe_failures(),
        },
        check_results=[
            stage.check_languages(),
            dg.AssetCheckResult(check_name=NO_VIOLATIONS, passed=not violating, metadata={"violations": violating}),
        ],
    )


def _list_lines(lines: Sequence[VoicedSegment]) -> list[CaptionLine]:
    """Take every line's words; those of a line without any time of its own come in with the next one's."""
    listed: list[CaptionLine] = []
    timeless: list[str] = []
    for line in lines:
        timeless.append(line.text)
        if line.duration_ms:
            listed.append(CaptionLine(" ".join(timeless), line.start_ms, line.start_ms + line.duration_ms))
            timeless.clear()
    return listed
