"""The third stage: every line is read aloud and given its place in the dub."""

from collections.abc import Iterator, Sequence

import dagster as dg

from dub_assets.checks import build_check, build_language_check
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, open_stage, tabulate
from dub_assets.voicing import LanguageVoicing
from dubbing.fitting import MAX_SPEED
from dubbing.glossary import parse_glossary
from dubbing.jobs import LanguageState
from dubbing.stages import SegmentedTranscript, TranslatedSegment, Translations, VoicedSegment, Voicings
from resources.container import Container

NO_LINE_LOST = "no_line_lost"
SPEED_CEILING = "speed_ceiling"
ROUNDING = 1e-9
"""Two factors multiplied pass the ceiling by this at most."""


@dg.asset(
    partitions_def=dub_jobs,
    group_name="dub",
    kinds={"audio"},
    owners=["team:dubbing"],
    dagster_type=dg.PythonObjectDagsterType(Voicings),
    check_specs=[
        build_language_check("tts_audio"),
        build_check("tts_audio", NO_LINE_LOST, "Every line has a take in every language, or its original stays."),
        build_check(
            "tts_audio",
            SPEED_CEILING,
            f"No take is sped up beyond {MAX_SPEED}; what did not fit is reported as overflow, never cut.",
        ),
    ],
)
def tts_audio(
    context: dg.AssetExecutionContext,
    container: dg.ResourceParam[Container],
    transcript: SegmentedTranscript,
    translation: Translations,
) -> dg.MaterializeResult:
    """One take a line, each placed from its own segment's start at a speed people still hear as natural.

    A take is paid for once; a line that cannot be read is marked and the rest of the language goes on. One that was
    read and does not fit is said shorter, where the translator can. One whose original is wished for is not read.
    """
    with open_stage(context, container, LanguageState.SYNTHESIZING) as stage:
        languages = stage.list_languages()
        with container.database.transaction() as tx:
            job = tx.jobs.get(stage.job_id)
            # Before anything is read aloud: a dub that cannot be paid to its end is of no use to anybody.
            container.budget.sharpen(tx, stage.job_id, languages, transcript, translation)
        glossary = parse_glossary(job.glossary)

        def voice_language(language: str, report: Report) -> tuple[VoicedSegment, ...]:
            overrides = job.voices.get(language, {})
            return LanguageVoicing(stage, transcript, language, translation[language], glossary, overrides).run(report)

        at_once = len(translation) if container.synthesizer.max_parallel > 1 else None
        made = Voicings(stage.run_languages(translation.keys(), voice_language, workers=at_once))
        with container.database.transaction() as tx:
            bought = tx.purchases.count_calls(stage.job_id).get("synthesize", 0)
    return dg.MaterializeResult(
        value=made,
        metadata={
            "languages": tabulate(
                {language: _describe(lines, translation[language]) for language, lines in made.items()}
            ),
            "takes": sum(1 for lines in made.values() for line in lines if line.take_key),
            "takes_synthesised_by_this_job": bought,
            "failed": stage.describe_failures(),
            "synthesizer": container.synthesizer.name,
        },
        check_results=[stage.check_languages(), *_check_lines(made)],
    )


def _describe(lines: Sequence[VoicedSegment], translated: Sequence[TranslatedSegment]) -> dict[str, str | int | float]:
    voiced = [line for line in lines if line.take_key]
    texts = {line.number: line.text for line in translated}
    return {
        "voices": ", ".join(sorted({line.voice for line in voiced})),
        "segments": len(lines),
        "voiced": len(voiced),
        "original": sum(1 for line in lines if line.is_original),
        "said_shorter": sum(1 for line in voiced if line.text != texts[line.number]),
        "fastest": max(map(_measure_speed, voiced), default=1.0),
        "overflowing": sum(1 for line in voiced if line.overflow_ms),
        "overflow_ms": sum(line.overflow_ms for line in voiced),
    }


def _check_lines(made: Voicings) -> Iterator[dg.AssetCheckResult]:
    lost = {
        language: sum(1 for line in lines if not line.take_key and not line.is_original)
        for language, lines in made.items()
    }
    yield dg.AssetCheckResult(check_name=NO_LINE_LOST, passed=not any(lost.values()), metadata={"lost_lines": lost})
    fastest = {language: max(map(_measure_speed, lines)) for language, lines in made.items()}
    is_kept = max(fastest.values()) <= MAX_SPEED + ROUNDING
    yield dg.AssetCheckResult(check_name=SPEED_CEILING, passed=is_kept, metadata={"fastest": fastest})


def _measure_speed(line: VoicedSegment) -> float:
    """The speed that is heard: what the voice was asked for and the time-stretch together."""
    return line.vendor_speed * line.speed
