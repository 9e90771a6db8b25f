"""What a finished dub is heard to be: its timing measured from the sound, its words recognised again, its picture.

Nothing here fails a dub: what cannot be proved is said to be so.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final, NamedTuple

import dagster as dg

from dub_assets.checks import build_check
from dub_assets.files import store_artifact
from dub_assets.stage import NO_LANGUAGES_FAULT, Stage
from dubbing.errors import DubbingError, NoSpeechError, VendorUnavailableError
from dubbing.hearing import GAP_MS, Cut, assess_hearing, plan_cuts
from dubbing.jobs import WaitingOn
from dubbing.quality import (
    Proof,
    Thresholds,
    has_aligned_onsets,
    has_source_overlap,
    has_voice,
    is_understood,
    is_untouched,
)
from dubbing.stages import Artifact, Dubs, Measurements, SegmentedTranscript, VoicedSegment
from dubbing.synchrony import measure_synchrony
from resources.media.bed import Bed
from resources.media.mixing import Mix
from resources.media.voice_presence import measure_voice_over_bed
from resources.media.voice_reading import read_voice
from resources.media.waveform import Bar, draw_waveform
from resources.purchasing.orders import Order
from resources.settings import Settings
from resources.storage.port import ObjectStore

WAVEFORM = "waveform"
OFF: Final = "off"
NOTHING_TO_HEAR = "nothing_to_hear"

PATIENCE_S = 60.0
"""How long a dub that is finished waits to be heard by a vendor that is down or full, seconds."""

MAX_SHOWN_BYTES = 100_000
"""Most of pictures that Dagster's pages are given; they lie in its database."""

ONSETS_ALIGNED = "onsets_aligned"
SOURCE_OVERLAP = "source_overlap"
VOICE_HEARD = "voice_heard"
UNDERSTOOD = "understood"
UNTOUCHED = "untouched_outside_speech"


class _Check(NamedTuple):
    description: str
    holds: Callable[[Proof, Thresholds], bool]
    shows: tuple[str, ...]


_CHECKS = {
    ONSETS_ALIGNED: _Check(
        "Lines are heard, and begin when they should.",
        has_aligned_onsets,
        ("inaudible_lines", "onset_p50_ms", "onset_p95_ms", "last_onset_ms", "drift_ms"),
    ),
    SOURCE_OVERLAP: _Check(
        "The dub speaks while its source does.", has_source_overlap, ("source_overlap", "speech_overlap")
    ),
    VOICE_HEARD: _Check(
        "Lines stand out in the finished mix from what else is heard.", has_voice, ("voice_over_bed_db",)
    ),
    UNDERSTOOD: _Check(
        "A recogniser understands the finished dub; the metadata says where it was not asked.",
        is_understood,
        ("word_error_rate", "checked_lines", "checked_words", "missing_numbers", "not_checked"),
    ),
    UNTOUCHED: _Check(
        "Between lines the finished dub is the original times one gain.",
        is_untouched,
        ("null_residual_db", "bed_gain_db"),
    ),
}


def prove_dub(
    stage: Stage,
    language: str,
    *,
    transcript: SegmentedTranscript,
    lines: Sequence[VoicedSegment],
    track: Path,
    mix: Mix,
    bed: Bed,
    folder: Path,
) -> tuple[Measurements, Sequence[Artifact]]:
    """Measure a dub from its voice track, have it recognised again, and draw it beside the original.

    Args:
        lines: as they were placed.
        track: of two channels, voice and key.
        mix: in which that voice should be heard.
        bed: with the levels of the original.
        folder: for what is made on the way.

    Returns:
        What could be measured, by the names of `dubbing.quality.Quality`, and the picture.
    """
    which = stage.container.settings.recognise_again
    cuts = plan_cuts(lines, which) if which != OFF else ()
    sample, picture = folder / "sample.wav", folder / "waveform.png"
    voice = read_voice(track, stage.container.ffmpeg, cuts, sample)
    synchrony = measure_synchrony(transcript.segments, lines, bed.envelope, voice)
    takes = [(line.start_ms, line.start_ms + line.duration_ms) for line in lines if line.take_key]
    figures = {**asdict(synchrony), "voice_over_bed_db": measure_voice_over_bed(mix, track, takes)}
    measured = {name: value for name, value in figures.items() if value is not None}
    heard = {"not_checked": OFF} if which == OFF else _recognise_again(stage, language, cuts, sample)
    draw_waveform(
        bed.envelope, voice, [_build_bar(line) for line in lines if line.take_key or line.is_original], picture
    )
    artifact = store_artifact(
        stage.container.store,
        stage.job_id,
        picture,
        kind=WAVEFORM,
        path=f"{language}/waveform.png",
        media_type="image/png",
    )
    return {**measured, **heard}, (artifact,)


def _build_bar(line: VoicedSegment) -> Bar:
    return Bar(line.start_ms, line.start_ms + line.duration_ms, line.overflow_ms, line.is_original)


def _recognise_again(stage: Stage, language: str, cuts: Sequence[Cut], sample: Path) -> Measurements:
    """Have lines recognised; a recogniser that cannot do it says nothing about the dub."""
    if not cuts:
        return {"not_checked": NOTHING_TO_HEAR}
    duration_ms = cuts[-1].at_ms + cuts[-1].end_ms - cuts[-1].start_ms + GAP_MS
    order = _limit_patience(stage.build_order(language))
    try:
        words = stage.container.transcripts.hear(order, sample, duration_ms, language=language).words
    except NoSpeechError:
        words = ()  # nothing worse can be said of a dub
    except NO_LANGUAGES_FAULT:
        raise
    except DubbingError as error:
        stage.check_wanted()  # what breaks because it was stopped proves nothing
        return {"not_checked": error.code}
    heard = assess_hearing(cuts, words, language)
    return {
        "word_error_rate": heard.errors.rate,
        "checked_lines": heard.lines,
        "checked_words": heard.errors.words,
        "missing_numbers": heard.missing_numbers,
    }


def _limit_patience(order: Order) -> Order:
    """Wait for a vendor only for a while: the dub itself needs nothing from it any more."""
    left_s = PATIENCE_S

    def pause(waiting_on: WaitingOn | None, seconds: float) -> None:
        nonlocal left_s
        if waiting_on in {WaitingOn.VENDOR, WaitingOn.RATE_LIMIT}:
            left_s -= seconds
            if left_s < 0:
                raise VendorUnavailableError("The recogniser does not answer; the dub is delivered without this proof.")
        order.pause(waiting_on, seconds)

    return replace(order, pause=pause)


def build_thresholds(settings: Settings) -> Thresholds:
    """Choose from where on something is an issue."""
    return Thresholds(
        settings.max_word_error_rate,
        settings.max_onset_offset_ms,
        settings.min_source_overlap,
        settings.max_null_residual_db,
    )


def build_proof_checks() -> list[dg.AssetCheckSpec]:
    """Declare what is proved of the mixed dubs."""
    return [build_check("mixed_audio", name, check.description) for name, check in _CHECKS.items()]


def check_proofs(measured: Mapping[str, Measurements], settings: Settings) -> Iterator[dg.AssetCheckResult]:
    """Say which proofs hold for all languages; what was not measured breaks none.

    Args:
        measured: of each language's dub.
    """
    thresholds = build_thresholds(settings)
    for name, check in _CHECKS.items():
        yield dg.AssetCheckResult(
            check_name=name,
            passed=all(check.holds(Proof.model_validate(dub), thresholds) for dub in measured.values()),
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                language: {figure: dub[figure] for figure in check.shows if figure in dub}
                for language, dub in measured.items()
            },
        )


def show_waveforms(store: ObjectStore, made: Dubs) -> dg.MarkdownMetadataValue:
    """Show the pictures of a job's dubs in Dagster's pages, as many as are small enough to be kept there."""
    shown, left_bytes = [], MAX_SHOWN_BYTES
    for language, files in sorted(made.items()):
        for file in files:
            if file.kind != WAVEFORM:
                continue
            left_bytes -= file.size_bytes * 4 // 3
            if left_bytes >= 0:
                with store.fetch(file.storage_key) as picture:
                    data = base64.b64encode(picture.read_bytes()).decode()
                shown.append(f"**{language}**\n\n![{language}](data:image/png;base64,{data})")
    return dg.MetadataValue.md("\n\n".join(shown))
