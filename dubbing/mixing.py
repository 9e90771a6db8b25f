"""The mix: how loud each part is, when the original is ducked, and how the whole is mastered.

The original is kept as it is but for one gain: it is ducked under the dub by a stated number of decibels and is
untouched wherever nobody speaks in the dub.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

DUCK_DB = -12.0
"""How far the original is lowered under the dub, dB. Source: practice of United Nations style voice-over; peers."""

DUCK_RATIO = 8.0
"""Ratio of the ducking compressor. Source: practice of side-chain ducking in broadcast; peers."""

DUCK_ATTACK_MS = 5
DUCK_RELEASE_MS = 250
"""How fast the compressor closes and opens, ms. Source: practice of side-chain ducking in broadcast; peers."""

DUCK_LEAD_MS = 200
"""How long before a take the original begins to sink, ms: an abrupt dip is heard as a fault."""

DUCK_HOLD_MS = 150
"""How long after a take the original stays down, ms."""

DUCK_JOIN_MS = 600
"""Between takes nearer than this the original stays down, ms: it would only come up to go down again."""

MAX_VOICE_GAIN_DB = 20.0
"""Most the dub's voice is raised or lowered to sit at the original's loudness, dB; beyond lies noise."""

MAX_MASTER_GAIN_DB = 40.0
"""Most the finished mix is raised or lowered, dB."""

LOUDNESS_FLOOR_LUFS = -70.0
"""What is quieter, or shorter than 400 ms, has no loudness, LUFS. Source: absolute gate of ITU-R BS.1770-5."""

LOUDNESS_TOLERANCE_LU = 1.0
"""How far a finished dub may be from its target, LU. Source: EBU R 128, tolerance for material not measured live."""

AIM_TOLERANCE_LU = 0.5
"""How far it may be before it is mastered once more, LU."""

PEAK_READING_ERROR_DB = 0.05
"""Measured peaks come rounded to tenths, dB."""

PEAK_CORRECTION_MARGIN_DB = 0.1
"""How much lower than necessary a ceiling is set the second time, dB."""

MIN_KEPT_RATE_HZ = 32_000
DELIVERY_RATE_HZ = 48_000
KEPT_RATES_HZ = (MIN_KEPT_RATE_HZ, 44_100, DELIVERY_RATE_HZ)
"""Sampling rates that a dub keeps from its source, Hz; any other becomes 48 kHz, which every player of AAC takes."""

DUAL_MONO_LU = 10 * math.log10(2)
"""By how much a voice is louder in two equal channels than in one, LU. Source: ITU-R BS.1770-5, sum over channels."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What a finished dub must measure."""

    name: str
    integrated_lufs: float
    true_peak_dbtp: float


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (Preset("podcast", -16.0, -1.0), Preset("ebu_r128", -23.0, -1.0), Preset("atsc_a85", -24.0, -2.0))
}
"""Source: Apple's and AES TD1008's advice for podcasts; EBU R 128; ATSC A/85."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Loudness of a recording as measured, EBU R 128; always finite.

    Attributes:
        integrated_lufs: of the whole, `LOUDNESS_FLOOR_LUFS` where there is none.
        true_peak_dbtp: highest peak between samples.
        range_lu: loudness range.
    """

    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float

    @property
    def has_level(self) -> bool:
        """Whether anything was loud and long enough to be measured."""
        return self.integrated_lufs > LOUDNESS_FLOOR_LUFS


@dataclass(frozen=True, slots=True)
class MixPlan:
    """How the dub's voice and the original are brought together.

    Attributes:
        rate_hz, channels: of the mix and of the finished dub.
        voice_gain_db: on the takes.
        duck_threshold_db: of the compressor, for a key of full scale.
        preset: what the finished dub must measure.
    """

    rate_hz: int
    channels: int
    voice_gain_db: float
    duck_threshold_db: float
    preset: Preset


@dataclass(frozen=True, slots=True)
class Master:
    """What is done to a finished mix.

    Attributes:
        gain_db: on everything alike.
        ceiling_dbtp: highest peak let through.
        is_limited: whether a limiter is needed to keep it.
    """

    gain_db: float
    ceiling_dbtp: float
    is_limited: bool


@dataclass(frozen=True, slots=True)
class GapDucking:
    """What happens to the original between two takes, ms: it stays down, it is free, it sinks again."""

    hold_ms: int
    free_ms: int
    lead_ms: int


@dataclass(frozen=True, slots=True)
class LoudnessVerdict:
    """Whether a finished dub is as loud as promised; ``reasons`` is empty if so."""

    is_on_target: bool
    reasons: tuple[str, ...]


def plan_rate(source_rate_hz: int) -> int:
    """Choose the sampling rate of a dub.

    >>> plan_rate(44_100), plan_rate(8_000), plan_rate(192_000)
    (44100, 48000, 48000)
    """
    return source_rate_hz if source_rate_hz in KEPT_RATES_HZ else DELIVERY_RATE_HZ


def plan_channels(source_channels: int) -> int:
    """Choose the channels of a dub: mono stays mono, everything else becomes stereo."""
    return 1 if source_channels == 1 else 2


def plan_mix(source: Loudness, voice: Loudness, *, rate_hz: int, source_channels: int, preset: Preset) -> MixPlan:
    """Choose the levels of a mix: the voice as loud as the original was, the original `DUCK_DB` under it.

    Args:
        source: of the original.
        voice: of the takes together, in one channel.
        rate_hz: of the voice track, which the mix shares.
    """
    channels = plan_channels(source_channels)
    spread_lu = DUAL_MONO_LU if channels == 2 else 0.0
    difference_db = source.integrated_lufs - (voice.integrated_lufs + spread_lu)
    return MixPlan(
        rate_hz=rate_hz,
        channels=channels,
        voice_gain_db=_clamp(difference_db, MAX_VOICE_GAIN_DB) if source.has_level and voice.has_level else 0.0,
        duck_threshold_db=plan_duck_threshold(DUCK_DB),
        preset=preset,
    )


def plan_duck_threshold(duck_db: float, ratio: float = DUCK_RATIO) -> float:
    """Choose the threshold at which a key of full scale (0 dB) lowers the original by exactly ``duck_db``.

    A compressor takes away ``(key - threshold) * (1 - 1 / ratio)``.

    >>> round(plan_duck_threshold(-12.0), 3)
    -13.714
    """
    return duck_db / (1 - 1 / ratio)


def plan_gap_ducking(gap_ms: int, *, is_after_take: bool, is_before_take: bool) -> GapDucking:
    """Divide the gap between two takes, or before the first or after the last.

    Returns:
        Three lengths that add up to ``gap_ms``.

    >>> plan_gap_ducking(2000, is_after_take=True, is_before_take=True)
    GapDucking(hold_ms=150, free_ms=1650, lead_ms=200)
    >>> plan_gap_ducking(500, is_after_take=True, is_before_take=True)
    GapDucking(hold_ms=500, free_ms=0, lead_ms=0)
    """
    if is_after_take and is_before_take and gap_ms < DUCK_JOIN_MS:
        return GapDucking(gap_ms, 0, 0)
    hold_ms = min(gap_ms, DUCK_HOLD_MS) if is_after_take else 0
    lead_ms = min(gap_ms - hold_ms, DUCK_LEAD_MS) if is_before_take else 0
    return GapDucking(hold_ms, gap_ms - hold_ms - lead_ms, lead_ms)


def plan_master(measured: Loudness, preset: Preset, *, encode_margin_db: float) -> Master:
    """Choose the gain that brings a mix to its target, and whether its peaks must be limited.

    Args:
        measured: of the mix before mastering.
        encode_margin_db: by how much the codec may raise peaks, >= 0.
    """
    gain_db = _clamp(preset.integrated_lufs - measured.integrated_lufs, MAX_MASTER_GAIN_DB) if measured.has_level else 0
    ceiling_dbtp = preset.true_peak_dbtp - encode_margin_db
    return Master(gain_db, ceiling_dbtp, is_limited=measured.true_peak_dbtp + gain_db > ceiling_dbtp)


def plan_correction(master: Master, finished: Loudness, preset: Preset) -> Master | None:
    """Choose how to master again after measuring the finished file; None where that is not needed."""
    excess_db = finished.true_peak_dbtp + PEAK_READING_ERROR_DB - preset.true_peak_dbtp
    short_lu = preset.integrated_lufs - finished.integrated_lufs if finished.has_level else 0.0
    if excess_db <= 0 and abs(short_lu) <= AIM_TOLERANCE_LU:
        return None
    corrected = replace(master, gain_db=_clamp(master.gain_db + short_lu, MAX_MASTER_GAIN_DB))
    if excess_db > 0:
        corrected = replace(
            corrected, ceiling_dbtp=master.ceiling_dbtp - excess_db - PEAK_CORRECTION_MARGIN_DB, is_limited=True
        )
    peak_after_dbtp = finished.true_peak_dbtp + corrected.gain_db - master.gain_db
    return replace(corrected, is_limited=corrected.is_limited or peak_after_dbtp > corrected.ceiling_dbtp)


def assess_loudness(finished: Loudness, preset: Preset) -> LoudnessVerdict:
    """Judge a finished dub against its preset.

    >>> assess_loudness(Loudness(-16.3, -1.2, 5.0), PRESETS["podcast"])
    LoudnessVerdict(is_on_target=True, reasons=())
    """
    off_lu = finished.integrated_lufs - preset.integrated_lufs
    reasons = []
    if abs(off_lu) > LOUDNESS_TOLERANCE_LU:
        reasons.append(f"{finished.integrated_lufs:.1f} LUFS, {off_lu:+.1f} LU off the target")
    if finished.true_peak_dbtp > preset.true_peak_dbtp:
        reasons.append(f"true peak {finished.true_peak_dbtp:.1f} dBTP, above {preset.true_peak_dbtp:.1f}")
    return LoudnessVerdict(not reasons, tuple(reasons))


def _clamp(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
