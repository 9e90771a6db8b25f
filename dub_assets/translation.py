"""The second stage: every segment in every target language."""

from collections import Counter
from collections.abc import Iterator, Sequence

import dagster as dg

from dub_assets.checks import build_check, build_language_check
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, open_stage, tabulate
from dubbing.glossary import parse_glossary
from dubbing.jobs import LanguageState
from dubbing.speaking_rates import plan_cps
from dubbing.stages import SegmentedTranscript, TranslatedSegment, Translations
from resources.container import Container
from resources.purchasing.scripts import Script

NO_LINE_UNTRANSLATED = "no_line_untranslated"
FACTS_KEPT = "facts_kept"


@dg.asset(
    partitions_def=dub_jobs,
    group_name="dub",
    kinds={"text"},
    owners=["team:dubbing"],
    dagster_type=dg.PythonObjectDagsterType(Translations),
    check_specs=[
        build_language_check("translation"),
        build_check("translation", NO_LINE_UNTRANSLATED, "Every line has a translation in every language."),
        build_check(
            "translation",
            FACTS_KEPT,
            "Numbers, dates, units, negations, names and glossary terms came through, and lines fit their slots.",
        ),
    ],
)
def translation(
    context: dg.AssetExecutionContext, container: dg.ResourceParam[Container], transcript: SegmentedTranscript
) -> dg.MaterializeResult:
    """The segments in each target language. A text is translated once, whichever job asks for it again.

    What a person wrote stands in place of a translation, as it is.
    """
    with open_stage(context, container, LanguageState.TRANSLATING) as stage:
        languages = stage.list_languages()
        with container.database.transaction() as tx:
            glossary = parse_glossary(tx.jobs.get(stage.job_id).glossary)
            container.budget.sharpen(tx, stage.job_id, languages, transcript)

        def translate(language: str, report: Report) -> tuple[TranslatedSegment, ...]:
            with container.database.transaction() as tx:
                edits, rates = tx.edits.list_edits(stage.job_id, language), tx.rates.list_rates(language)
            script = Script(
                transcript.segments,
                transcript.duration_ms,
                transcript.language,
                language,
                glossary,
                cps=plan_cps(rates.values(), language),
                fixed={number: edit.text for number, edit in edits.items() if edit.text is not None},
            )
            return container.translated_lines.get(stage.build_order(language), script, report)

        at_once = len(languages) if container.translator.max_parallel > 1 else None
        made = Translations(stage.run_languages(languages, translate, workers=at_once))
    return dg.MaterializeResult(
        value=made,
        metadata={
            "languages": tabulate({language: _describe(lines) for language, lines in made.items()}),
            "failed": stage.describe_failures(),
            "translator": container.translator.name,
        },
        check_results=[stage.check_languages(), *_check_lines(made)],
    )


def _describe(lines: Sequence[TranslatedSegment]) -> dict[str, str | int | float]:
    return {
        "segments": len(lines),
        "characters": sum(len(line.text) for line in lines),
        "flagged": sum(1 for line in lines if line.flags),
        "untranslated": sum(1 for line in lines if line.error_code),
    }


def _check_lines(made: Translations) -> Iterator[dg.AssetCheckResult]:
    lost = {language: sum(1 for line in lines if line.error_code) for language, lines in made.items()}
    yield dg.AssetCheckResult(
        check_name=NO_LINE_UNTRANSLATED, passed=not any(lost.values()), metadata={"untranslated": lost}
    )
    doubts = {
        language: dict(Counter(flag for line in lines for flag in line.flags)) for language, lines in made.items()
    }
    yield dg.AssetCheckResult(
        check_name=FACTS_KEPT,
        passed=not any(doubts.values()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"doubts": doubts},
    )
