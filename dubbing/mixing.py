"""The mix: how loud each part is, when the bed is ducked, and how the whole is mastered.

What lies under the dub is kept as it is but for one gain: it is ducked under the dub by a stated number of decibels
and is untouched wherever nobody speaks in the dub.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dubbing.delivery import BedKind

DUCK_DB = -12.0
"""How far the original is lowered under the dub, dB. Source: practice of United Nations style voice-over; peers."""

AMBIENCE_UNDER_SPEECH_LU = 18.0
"""How far a bed without speech lies under the voice, LU. Source: practice of mixing music and effects; peers."""

MAX_AMBIENCE_DUCK_DB = -24.0
"""Most that such a bed is lowered, dB: deeper, every pause of the voice would be heard as a gust."""

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
MAX_LOWERING_DB = 1.0
"""How much lower a ceiling is set at once, dB: a peak that the codec made need not come again."""

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
        true_peak_dbtp: highest peak; of a finished file between its samples too, elsewhere of the samples.
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
        duck_db: on the bed where the dub speaks, at most 0.
        preset: what the finished dub must measure.
    """

    rate_hz: int
    channels: int
    voice_gain_db: float
    duck_db: float
    preset: Preset


@dataclass(frozen=True, slots=True)
class Master:
    """What is done to a finished mix.

    Attributes:
        gain_db: on everything alike.
        ceiling_dbtp: highest peak let through; only what would pass it is limited.
    """

    gain_db: float
    ceiling_dbtp: float


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


def plan_mix(
    source: Loudness,
    voice: Loudness,
    *,
    rate_hz: int,
    source_channels: int,
    preset: Preset,
    bed: BedKind = "duck",
    under_speech: Loudness | None = None,
) -> MixPlan:
    """Choose the levels of a mix: the voice as loud as the original was, and the bed under it.

    Args:
        source: of the original.
        voice: of the takes together, in one channel.
        rate_hz: of the voice track, which the mix shares.
        under_speech: of a bed without speech, where the dub speaks.
    """
    channels = plan_channels(source_channels)
    voice_lufs = voice.integrated_lufs + (DUAL_MONO_LU if channels == 2 else 0.0)
    has_levels = source.has_level and voice.has_level
    voice_gain_db = _clamp(source.integrated_lufs - voice_lufs, MAX_VOICE_GAIN_DB) if has_levels else 0.0
    duck_db = DUCK_DB if bed == "duck" else plan_ambience_duck(voice_lufs + voice_gain_db, under_speech)
    return MixPlan(rate_hz, channels, voice_gain_db, duck_db, preset)


def plan_ambience_duck(voice_lufs: float, under_speech: Loudness | None) -> float:
    """Choose by how much a bed without speech is lowered under a voice, dB: not at all where it is quiet enough.

    >>> plan_ambience_duck(-20.0, Loudness(-30.0, -12.0, 3.0)), plan_ambience_duck(-20.0, Loudness(-50.0, -30.0, 3.0))
    (-8.0, 0.0)
    """
    if under_speech is None or not under_speech.has_level:
        return 0.0
    wanted_lufs = voice_lufs - AMBIENCE_UNDER_SPEECH_LU
    return max(MAX_AMBIENCE_DUCK_DB, min(0.0, wanted_lufs - under_speech.integrated_lufs))


def plan_duck_steps(duck_db: float) -> tuple[float, ...]:
    """Divide a ducking into compressors one behind the other, of which none lowers by more than `DUCK_DB`.

    The key rises as slowly as that one needs; one deeper compressor would begin with a jump.

    >>> plan_duck_steps(-12.0), plan_duck_steps(-20.0), plan_duck_steps(0.0)
    ((-12.0,), (-10.0, -10.0), ())
    """
    steps = math.ceil(duck_db / DUCK_DB)
    return (duck_db / steps,) * steps if steps else ()


def plan_duck_threshold(duck_db: float, ratio: float = DUCK_RATIO) -> float:
    """Choose the threshold at which a key of full scale (0 dB) lowers the original by exactly ``duck_db``.

    A compressor takes away ``(key - threshold) * (1 - 1 / ratio)``.

    >>> round(plan_duck_threshold(-12.0), 3)
    -13.714
    """
    return duck_db / (1 - 1 / ratio)


def plan_gap_ducking(
    gap_ms: int, *, is_after_take: bool, is_before_take: bool, open_ms: tuple[int, int] | None = None
) -> GapDucking:
    """Divide the gap between two takes, or before the first or after the last.

    Args:
        open_ms: from when to when, counted from the beginning of the gap, the original has to be free in any case.

    Returns:
        Three lengths that add up to ``gap_ms``.

    >>> plan_gap_ducking(2000, is_after_take=True, is_before_take=True)
    GapDucking(hold_ms=150, free_ms=1650, lead_ms=200)
    >>> plan_gap_ducking(500, is_after_take=True, is_before_take=True)
    GapDucking(hold_ms=500, free_ms=0, lead_ms=0)
    >>> plan_gap_ducking(500, is_after_take=True, is_before_take=True, open_ms=(0, 450))
    GapDucking(hold_ms=0, free_ms=450, lead_ms=50)
    """
    if is_after_take and is_before_take and gap_ms < DUCK_JOIN_MS and open_ms is None:
        return GapDucking(gap_ms, 0, 0)
    hold_room_ms, lead_room_ms = (gap_ms, gap_ms) if open_ms is None else (open_ms[0], gap_ms - open_ms[1])
    hold_ms = min(hold_room_ms, DUCK_HOLD_MS) if is_after_take else 0
    lead_ms = min(gap_ms - hold_ms, lead_room_ms, DUCK_LEAD_MS) if is_before_take else 0
    return GapDucking(hold_ms, gap_ms - hold_ms - lead_ms, lead_ms)


def plan_master(measured: Loudness, preset: Preset, *, encode_margin_db: float) -> Master:
    """Choose the gain that brings a mix to its target, and the ceiling of its peaks.

    Args:
        measured: of the mix before mastering.
        encode_margin_db: by how much the codec may raise peaks, >= 0.
    """
    short_lu = preset.integrated_lufs - measured.integrated_lufs if measured.has_level else 0.0
    return Master(_clamp(short_lu, MAX_MASTER_GAIN_DB), preset.true_peak_dbtp - encode_margin_db)


def plan_correction(master: Master, finished: Loudness, preset: Preset) -> Master | None:
    """Choose how to master again after measuring the finished file; None where that is not needed."""
    excess_db = finished.true_peak_dbtp + PEAK_READING_ERROR_DB - preset.true_peak_dbtp
    short_lu = preset.integrated_lufs - finished.integrated_lufs if finished.has_level else 0.0
    if excess_db <= 0 and abs(short_lu) <= AIM_TOLERANCE_LU:
        return None
    lower_db = min(excess_db + PEAK_CORRECTION_MARGIN_DB, MAX_LOWERING_DB) if excess_db > 0 else 0.0
    return Master(_clamp(master.gain_db + short_lu, MAX_MASTER_GAIN_DB), master.ceiling_dbtp - lower_db)


def plan_limited_gain(master: Master, limited: Loudness, preset: Preset) -> Master:
    """Make good what limiting took from the loudness, as measured of the mastered mix before it is encoded."""
    short_lu = preset.integrated_lufs - limited.integrated_lufs if limited.has_level else 0.0
    return replace(master, gain_db=_clamp(master.gain_db + short_lu, MAX_MASTER_GAIN_DB))


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
