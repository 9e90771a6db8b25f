"""The third stage: every line is read aloud and given its place in the dub."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from dub_assets.checks import build_check, build_language_check
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, open_stage, tabulate
from dubbing.casting import plan_casting
from dubbing.engines import Voice
from dubbing.errors import SynthesisError
from dubbing.jobs import LanguageState
from dubbing.stages import SegmentedTranscript, TranslatedSegment, Translations, VoicedSegment, Voicings
from dubbing.timing import MAX_SPEED, plan_timeline
from dubbing.transcript import Segment
from resources.container import Container
from resources.database.tables import Take

NO_LINE_LOST = "no_line_lost"
SPEED_CEILING = "speed_ceiling"


@dg.asset(
    partitions_def=dub_jobs,
    group_name="dub",
    kinds={"audio"},
    owners=["team:dubbing"],
    dagster_type=dg.PythonObjectDagsterType(Voicings),
    check_specs=[
        build_language_check("tts_audio"),
        build_check("tts_audio", NO_LINE_LOST, "Every line has a take in every language."),
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

    A take is paid for once; a line that cannot be read is marked and the rest of the language goes on.
    """
    speakers = list(dict.fromkeys(segment.speaker for segment in transcript.segments))
    with open_stage(context, container, LanguageState.SYNTHESIZING) as stage:
        with container.database.transaction() as tx:
            overrides = tx.jobs.get(stage.job_id).voices

        def voice_language(language: str, report: Report) -> tuple[VoicedSegment, ...]:
            voices = container.synthesizer.list_voices()
            cast = plan_casting(speakers, voices, language, overrides.get(language, {}))
            takes: dict[int, Take] = {}
            lost: dict[int, SynthesisError] = {}
            lines = translation[language]
            speaker_of = {segment.number: segment.speaker for segment in transcript.segments}
            for done, line in enumerate(lines, start=1):
                voice = cast[speaker_of[line.number]]
                try:
                    takes[line.number] = container.purchasing.get_take(
                        stage.job_id, line.text, language=language, voice=voice
                    )
                except SynthesisError as error:
                    lost[line.number] = error
                    context.log.warning("Line %d of %s has no take: %s", line.number, language, error.message)
                report(done / len(lines))
            if not takes:
                raise next(iter(lost.values()))
            return _place(transcript, lines, cast, takes, lost)

        made = Voicings(stage.run_languages(translation.keys(), voice_language))
        with container.database.transaction() as tx:
            bought = tx.purchases.count_calls(stage.job_id).get("synthesize", 0)
    return dg.MaterializeResult(
        value=made,
        metadata={
            "languages": tabulate({language: _describe(lines) for language, lines in made.items()}),
            "takes": sum(len(lines) for lines in made.values()),
            "takes_synthesised_by_this_job": bought,
            "failed": stage.describe_failures(),
            "synthesizer": container.synthesizer.name,
        },
        check_results=[stage.check_languages(), *_check_lines(made)],
    )


def _place(
    transcript: SegmentedTranscript,
    lines: Sequence[TranslatedSegment],
    cast: Mapping[str, Voice],
    takes: Mapping[int, Take],
    lost: Mapping[int, SynthesisError],
) -> tuple[VoicedSegment, ...]:
    """Give every line its place: a read one where the timeline puts it, a lost one where it was spoken."""
    segments = {segment.number: segment for segment in transcript.segments}
    lengths = {number: take.speech_end_ms - take.speech_start_ms for number, take in takes.items()}
    timeline = plan_timeline(transcript.segments, lengths, transcript.duration_ms)
    placements = {placement.number: placement for placement in timeline.placements}
    voiced: list[VoicedSegment] = []
    for line in lines:
        segment = segments[line.number]
        voice = cast[segment.speaker].name
        if line.number in lost:
            voiced.append(_mark_lost(line, segment, voice, lost[line.number]))
            continue
        placement = placements[line.number]
        voiced.append(
            VoicedSegment(
                number=line.number,
                text=line.text,
                voice=voice,
                take_key=takes[line.number].content_key,
                start_ms=placement.start_ms,
                duration_ms=placement.duration_ms,
                speed=placement.speed,
                overflow_ms=placement.overflow_ms,
            )
        )
    return tuple(voiced)


def _mark_lost(line: TranslatedSegment, segment: Segment, voice: str, error: SynthesisError) -> VoicedSegment:
    return VoicedSegment(
        number=line.number,
        text=line.text,
        voice=voice,
        start_ms=segment.start_ms,
        duration_ms=segment.end_ms - segment.start_ms,
        error_code=error.code,
    )


def _describe(lines: Sequence[VoicedSegment]) -> dict[str, str | int | float]:
    voiced = [line for line in lines if line.take_key]
    return {
        "voices": ", ".join(sorted({line.voice for line in lines})),
        "segments": len(lines),
        "voiced": len(voiced),
        "fastest": max(line.speed for line in voiced),
        "overflowing": sum(1 for line in voiced if line.overflow_ms),
        "overflow_ms": sum(line.overflow_ms for line in voiced),
    }


def _check_lines(made: Voicings) -> Iterator[dg.AssetCheckResult]:
    lost = {language: sum(1 for line in lines if not line.take_key) for language, lines in made.items()}
    yield dg.AssetCheckResult(check_name=NO_LINE_LOST, passed=not any(lost.values()), metadata={"lost_lines": lost})
    fastest = {language: max(line.speed for line in lines) for language, lines in made.items()}
    yield dg.AssetCheckResult(
        check_name=SPEED_CEILING, passed=max(fastest.values()) <= MAX_SPEED, metadata={"fastest": fastest}
    )
