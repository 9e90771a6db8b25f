"""What a finished dub was measured to be, and what it must be to count as completed without remark."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dubbing.jobs import FinalState, LanguageState

MIN_CHECKED_WORDS = 20
"""A word error rate of fewer words is reported and decides nothing: one word more or less would."""

MIN_VOICE_OVER_BED_DB = -10.0
"""A line that is so far below what else is heard counts as missing, dB. Source: people understand half of the sentences
in a noise that is 5 to 7 dB louder, and next to none at 10."""

_DECIMALS = 3


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS) + 0.0  # never -0.0


_Count = Annotated[int, Field(ge=0)]
_Decimal = Annotated[float, AfterValidator(_round)]
_Measured = Annotated[float | None, AfterValidator(_round)]


class Proof(BaseModel):
    """What was heard of a finished dub; null is what could not be measured, or was not asked for."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )

    inaudible_lines: _Count = Field(default=0, description="Lines that have a take and are not heard.")
    onset_p50_ms: int | None = Field(default=None, description="How far from its time a line is heard to begin, ms.")
    onset_p95_ms: int | None = Field(default=None, description="The same in 95 of 100 lines, ms.")
    last_onset_ms: int | None = Field(default=None, description="How late the last line begins, ms; negative is early.")
    drift_ms: int | None = Field(default=None, description="How much later lines become from first to last, ms.")
    source_overlap: _Measured = Field(
        default=None, description="Share of the source's speech during which the dub speaks, 0-1."
    )
    speech_overlap: _Measured = Field(
        default=None, description="Time during which both speak, of the time during which either does, 0-1."
    )
    null_residual_db: _Measured = Field(
        default=None, description="What differs from the original between lines, relative to it, dB."
    )
    bed_gain_db: _Measured = Field(default=None, description="The one gain that the original has there, dB.")
    voice_over_bed_db: _Measured = Field(
        default=None,
        description="How far the voice is above all else in the finished mix, in the line where that is least, dB.",
    )
    word_error_rate: _Measured = Field(
        default=None, description="Words that a recogniser hears otherwise in the finished dub, per word."
    )
    checked_lines: _Count = Field(default=0, description="Lines that were recognised again.")
    checked_words: _Count = Field(default=0, description="Their words.")
    missing_numbers: int | None = Field(default=None, description="Numbers of theirs that were not heard.")
    not_checked: str | None = Field(default=None, description="Why no line was recognised again.", examples=["off"])


class Quality(Proof):
    """What was measured of one language's dub."""

    segments: _Count = Field(description="Lines there are.")
    voiced: _Count = Field(description="Lines that are spoken.")
    original: _Count = Field(default=0, description="Lines in which the original stays, as somebody wished.")
    voiced_share: _Decimal = Field(description="Lines spoken, of those to be spoken, 0-1.")
    untranslated: _Count = Field(default=0, description="Lines without a translation.")
    doubtful_lines: _Count = Field(default=0, description="Lines whose translation lost a fact, by the checks.")
    overflowing: _Count = Field(description="Lines that run over their time.")
    overflow_ms_total: _Count = Field(description="By how much they do together.")
    max_speed: _Decimal = Field(description="Fastest line against its natural reading; > 1 is faster.")
    mean_speed: _Decimal = Field(description="The same over all lines.")
    integrated_lufs: _Decimal = Field(description="Loudness of the dub, EBU R128.")
    true_peak_dbtp: _Decimal = Field(description="Highest peak of the dub.")
    loudness_on_target: bool = Field(description="Whether both are as the loudness preset wants.")
    caption_violations: _Count = Field(description="Breaches of the captions' style guide.")
    film_missing: bool = Field(default=False, description="The recording is a film, and the dubbed one failed.")
    issues: tuple[str, ...] = Field(default=(), description="What is worth a look.", examples=[["overflow"]])


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something is an issue."""

    max_word_error_rate: float
    max_onset_offset_ms: int
    min_source_overlap: float
    max_null_residual_db: float


def list_issues(quality: Quality, thresholds: Thresholds) -> tuple[str, ...]:
    """Name what people should know of a dub that is delivered all the same; what was not measured is no issue."""
    found = {
        "lines_lost": quality.voiced + quality.original < quality.segments,
        "doubtful_translation": quality.doubtful_lines > 0,
        "overflow": quality.overflowing > 0,
        "caption_violations": quality.caption_violations > 0,
        "loudness_off_target": not quality.loudness_on_target,
        "lines_inaudible": quality.inaudible_lines > 0,
        "voice_missing": not has_voice(quality, thresholds),
        "late_onsets": has_late_onsets(quality, thresholds),
        "little_overlap": not has_source_overlap(quality, thresholds),
        "hard_to_understand": not is_understood(quality, thresholds),
        "numbers_not_heard": bool(quality.missing_numbers),
        "original_altered": not is_untouched(quality, thresholds),
        "film_missing": quality.film_missing,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def has_aligned_onsets(proof: Proof, thresholds: Thresholds) -> bool:
    """Whether lines are heard, and begin when they should, as far as was measured."""
    return proof.inaudible_lines == 0 and not has_late_onsets(proof, thresholds)


def has_late_onsets(proof: Proof, thresholds: Thresholds) -> bool:
    """Whether those lines that are heard begin too far from their time."""
    return proof.onset_p95_ms is not None and proof.onset_p95_ms > thresholds.max_onset_offset_ms


def has_voice(proof: Proof, _: Thresholds) -> bool:
    """Whether the voice can be heard in the finished mix, as far as was measured."""
    return proof.voice_over_bed_db is None or proof.voice_over_bed_db >= MIN_VOICE_OVER_BED_DB


def has_source_overlap(proof: Proof, thresholds: Thresholds) -> bool:
    """Whether the dub speaks while the source does, as far as was measured."""
    return proof.source_overlap is None or proof.source_overlap >= thresholds.min_source_overlap


def is_understood(proof: Proof, thresholds: Thresholds) -> bool:
    """Whether a recogniser understands the dub, as far as was measured; a few words say nothing."""
    if proof.word_error_rate is None or proof.checked_words < MIN_CHECKED_WORDS:
        return True
    return proof.word_error_rate < thresholds.max_word_error_rate


def is_untouched(proof: Proof, thresholds: Thresholds) -> bool:
    """Whether the original is as it was between the lines, as far as was measured."""
    return proof.null_residual_db is None or proof.null_residual_db <= thresholds.max_null_residual_db


def plan_final_state(issues: tuple[str, ...]) -> FinalState:
    """Choose the state a delivered language ends in."""
    return LanguageState.COMPLETED_WITH_ISSUES if issues else LanguageState.COMPLETED
