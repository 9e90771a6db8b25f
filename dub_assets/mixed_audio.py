"""The fourth stage: the takes, at their places, over the ducked original, at delivery loudness."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import dagster as dg

from dub_assets.checks import build_check, build_language_check
from dub_assets.files import store_artifact
from dub_assets.io_managers import DUB
from dub_assets.partitions import dub_jobs
from dub_assets.stage import Report, open_stage, tabulate
from dubbing.audio import apply_edge_fades
from dubbing.jobs import LanguageState
from dubbing.languages import get_iso_639_2, name_language
from dubbing.mixing import PRESETS, assess_loudness, plan_mix, plan_rate
from dubbing.stages import Artifact, Dubs, Measurements, VoicedSegment, Voicings
from dubbing.units import ms_to_frames
from resources.container import Container
from resources.database.tables import Take, Upload
from resources.media.mixing import render_mix
from resources.media.stretching import stretch
from resources.media.voice_track import PlacedSpeech, write_voice_track
from resources.media.wav import read_wav

LOUDNESS_ON_TARGET = "loudness_on_target"
PLACING_SHARE = 0.4
"""Share of the stage that is done when the takes are stretched and placed, 0-1; then the mix renders."""


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
    ],
)
def mixed_audio(
    context: dg.AssetExecutionContext, container: dg.ResourceParam[Container], tts_audio: Voicings
) -> dg.MaterializeResult:
    """The dub of each language: the original ducked under the takes, mastered in two passes. Nothing is held whole."""
    with open_stage(context, container, LanguageState.MIXING) as stage:
        with container.database.transaction() as tx:
            upload = tx.uploads.get_of_job(stage.job_id)
            takes = tx.purchases.get_takes(
                {line.take_key for lines in tts_audio.values() for line in lines if line.take_key}
            )

        def mix_language(language: str, report: Report) -> tuple[Artifact, ...]:
            lines = tts_audio[language]
            with tempfile.TemporaryDirectory(prefix="dubline-mix-") as folder:
                file = Path(folder) / "dub.m4a"
                placed = _place_takes(container, lines, takes, lambda share: report(share * PLACING_SHARE))
                measurements = _render(container, upload, placed, language, Path(folder) / "voice.flac", file)
                dub = store_artifact(
                    container.store,
                    stage.job_id,
                    file,
                    kind=DUB,
                    path=f"{language}/dub.m4a",
                    media_type="audio/mp4",
                    measurements=measurements,
                )
                return (dub,)

        made = Dubs(stage.run_languages(tts_audio.keys(), mix_language))
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
            "failed": stage.describe_failures(),
        },
        check_results=[
            stage.check_languages(),
            dg.AssetCheckResult(
                check_name=LOUDNESS_ON_TARGET,
                passed=all(row["on_target"] for row in measured.values()),
                metadata={"measured": measured},
            ),
        ],
    )


def _place_takes(
    container: Container, lines: Sequence[VoicedSegment], takes: Mapping[str, Take], report: Report
) -> Iterator[PlacedSpeech]:
    """Read, cut and stretch one take after the other; only one is in memory."""
    for done, line in enumerate(lines, start=1):
        if line.take_key is None:
            continue
        take = takes[line.take_key]
        with container.store.fetch(take.storage_key) as file:
            samples, rate_hz = read_wav(file)
        speech = samples[ms_to_frames(take.speech_start_ms, rate_hz) : ms_to_frames(take.speech_end_ms, rate_hz)]
        fitted = stretch(
            apply_edge_fades(speech, rate_hz),
            rate_hz,
            container.ffmpeg,
            speed=line.speed,
            frames=ms_to_frames(line.duration_ms, rate_hz),
        )
        yield PlacedSpeech(line.start_ms, fitted, rate_hz)
        report(done / len(lines))


def _render(
    container: Container, upload: Upload, placed: Iterator[PlacedSpeech], language: str, track_file: Path, out: Path
) -> Measurements:
    preset = PRESETS[container.settings.loudness]
    source = container.intake.get_media(upload)
    rate_hz = plan_rate(source.rate_hz)
    track = write_voice_track(placed, container.ffmpeg, total_ms=source.duration_ms, rate_hz=rate_hz, out=track_file)
    plan = plan_mix(
        source.loudness,
        track.loudness,
        rate_hz=rate_hz,
        source_channels=source.channels,
        preset=preset,
    )
    with container.store.fetch(upload.storage_key) as recording:
        loudness = render_mix(
            recording,
            source,
            track,
            plan,
            out,
            container.ffmpeg,
            title=f"{Path(upload.file_name).stem} ({name_language(language)})",
            language_iso639_2=get_iso_639_2(language),
        )
    return {
        **asdict(loudness),
        "duration_ms": max(source.duration_ms, track.speech_end_ms),
        "on_target": assess_loudness(loudness, preset).is_on_target,
    }
