"""The fourth stage: the takes, at their places, over what is left of the original, at delivery loudness."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from dub_assets.checks import build_check, build_language_check
from dub_assets.io_managers import DUB
from dub_assets.mixing_desk import MixingDesk, find_kept_spans
from dub_assets.partitions import dub_jobs
from dub_assets.proof import build_proof_checks, check_proofs, show_waveforms
from dub_assets.stage import Report, Stage, open_stage, tabulate
from dubbing.delivery import AudioFormat, BedKind, parse_delivery
from dubbing.jobs import LanguageState
from dubbing.mixing import plan_channels, plan_rate
from dubbing.stages import Dubs, SegmentedTranscript, Voicings
from resources.container import Container
from resources.machine_slots import MachineSlots
from resources.media.bed import prepare_bed
from resources.media.codecs import check_encoders
from resources.telemetry.tracing import span
from resources.workspaces import open_workspace

LOUDNESS_ON_TARGET = "loudness_on_target"
SLOTS = "mixing"
BED_SHARES: Mapping[BedKind, float] = {"duck": 0.05, "none": 0.05, "separate": 0.5}
"""Share of the stage that is done when the bed is ready, 0-1: taking speech out takes longer than everything else."""

STEP = 0.02
"""Progress is told when there is so much more of it, 0-1: each time is a transaction."""


@dg.asset(
    partitions_def=dub_jobs,
    group_name="dub",
    op_tags={"dagster/priority": "1"},  # before its sibling `captions`, in the order that people are shown
    kinds={"audio", "ffmpeg"},
    owners=["team:dubbing"],
    dagster_type=dg.PythonObjectDagsterType(Dubs),
    check_specs=[
        build_language_check("mixed_audio"),
        build_check(
            "mixed_audio",
            LOUDNESS_ON_TARGET,
            "The finished files, decoded again, have the loudness and true peak of the preset.",
        ),
        *build_proof_checks(),
    ],
)
def mixed_audio(
    context: dg.AssetExecutionContext,
    container: dg.ResourceParam[Container],
    transcript: SegmentedTranscript,
    tts_audio: Voicings,
) -> dg.MaterializeResult:
    """The dub of each language: the takes over the bed, mastered, in every format asked for. Nothing is held whole."""
    with (
        open_stage(context, container, LanguageState.MIXING) as stage,
        open_desk(stage, transcript, tts_audio) as desk,
    ):
        made = Dubs(
            stage.run_languages(
                tts_audio.keys(),
                lambda language, report: desk.mix_language(
                    language, tts_audio[language], in_steps(stage, report, BED_SHARES[desk.delivery.bed], 1.0)
                ),
            )
        )
    measured = {language: dict(files[0].measurements) for language, files in made.items()}
    return dg.MaterializeResult(
        value=made,
        metadata={
            "languages": tabulate(
                {
                    language: {**row, "file": container.store.locate(made[language][0].storage_key)}
                    for language, row in measured.items()
                }
            ),
            "waveforms": show_waveforms(container.store, made),
            "failed": stage.describe_failures(),
        },
        check_results=[
            stage.check_languages(),
            _check_loudness(made),
            *check_proofs(measured, container.settings),
        ],
    )


@contextmanager
def open_desk(stage: Stage, transcript: SegmentedTranscript, voicings: Voicings) -> Iterator[MixingDesk]:
    """Get ready what the languages of a job share: the recording, decoded once, as the bed. That counts as mixing.

    Raises:
        ToolMissingError: a format that the job asks for cannot be written here.
    """
    container = stage.container
    with container.database.transaction() as tx:
        upload = tx.uploads.get_of_job(stage.job_id)
        delivery = parse_delivery(tx.jobs.get(stage.job_id).delivery)
        takes = tx.purchases.get_takes(
            {line.take_key for lines in voicings.values() for line in lines if line.take_key}
        )
    languages = [language for language in stage.list_languages() if language in voicings]
    extra: tuple[AudioFormat, ...] = ("wav",) if delivery.with_voice else ()
    check_encoders(container.ffmpeg, [*delivery.formats, *extra])
    source = container.intake.get_media(upload)
    slots = MachineSlots(container.settings.data_dir / "slots", SLOTS, container.settings.mixing_slots)
    with (
        open_workspace("bed") as folder,
        container.store.fetch(upload.storage_key) as recording,
    ):
        stage.report(languages, 0.0)
        with slots.hold(stage.build_order()), span("bed"):
            bed = prepare_bed(
                recording,
                source,
                delivery.bed,
                [(segment.start_ms, segment.end_ms) for segment in transcript.segments],
                container.ffmpeg,
                rate_hz=plan_rate(source.rate_hz),
                channels=plan_channels(source.channels),
                out=folder / "bed.wav",
                separator=lambda: container.separator,
                keeps_original=any(find_kept_spans(lines) for lines in voicings.values()),
                report=in_steps(stage, lambda share: stage.report(languages, share), 0.0, BED_SHARES[delivery.bed]),
            )
        title = Path(upload.file_name).stem
        yield MixingDesk(stage, delivery, title, recording, source, bed, transcript, takes, slots)


def in_steps(stage: Stage, report: Report, begin: float, end: float) -> Report:
    """Tell the progress of a part of the stage as that of the whole, not more often than is worth it."""
    told = begin

    def tell(share: float) -> None:
        nonlocal told
        stage.check_wanted()
        done = begin + share * (end - begin)
        if done - told >= STEP:
            told = done
            report(done)

    return tell


def _check_loudness(made: Dubs) -> dg.AssetCheckResult:
    """The check that every finished file is as loud as promised."""
    files = {file.path: file.measurements for files in made.values() for file in files if file.kind.startswith(DUB)}
    return dg.AssetCheckResult(
        check_name=LOUDNESS_ON_TARGET,
        passed=all(row["on_target"] for row in files.values()),
        metadata={"measured": {path: dict(row) for path, row in files.items()}},
    )
