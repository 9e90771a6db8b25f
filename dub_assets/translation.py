"""The second stage: every segment in every target language."""

import dagster as dg

from dub_assets.checks import build_language_check
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, open_stage, tabulate
from dubbing.jobs import LanguageState
from dubbing.stages import SegmentedTranscript, TranslatedSegment, Translations
from resources.container import Container


@dg.asset(
    partitions_def=dub_jobs,
    group_name="dub",
    kinds={"text"},
    owners=["team:dubbing"],
    dagster_type=dg.PythonObjectDagsterType(Translations),
    check_specs=[
        build_language_check("translation"),
    ],
)
def translation(
    context: dg.AssetExecutionContext, container: dg.ResourceParam[Container], transcript: SegmentedTranscript
) -> dg.MaterializeResult:
    """The segments in each target language. A text is translated once, whichever job asks for it again."""
    with open_stage(context, container, LanguageState.TRANSLATING) as stage:

        def translate(language: str, report: Report) -> tuple[TranslatedSegment, ...]:
            texts = [segment.text for segment in transcript.segments]
            answers = container.purchasing.get_translations(
                stage.job_id, texts, source=transcript.language, target=language
            )
            report(1.0)
            return tuple(TranslatedSegment(segment.number, answers[segment.text]) for segment in transcript.segments)

        made = Translations(stage.run_languages(stage.list_languages(), translate))
    return dg.MaterializeResult(
        value=made,
        metadata={
            "languages": tabulate(
                {
                    language: {"segments": len(lines), "characters": sum(len(line.text) for line in lines)}
                    for language, lines in made.items()
                }
            ),
            "failed": stage.describe_failures(),
            "translator": container.translator.name,
        },
        check_results=[stage.check_languages()],
    )
