"""The filter graph of a mix, as ffmpeg's arguments.

    bed ─ endless ───────────────────────────────────────┐
                                                         sidechaincompress ─┐
    track ─ endless ─┬─ channel 1, the key ──────────────┘                  amix ─ length ─ measured ─ samples
                     └─ channel 0, the voice ─ gain ────────────────────────┘

Both inputs are followed by endless silence and the mix is cut to its length: ``sidechaincompress`` throws away what
it has in hand of one input when the other ends (ffmpeg 5.1 to 9.0), and ``amix`` would gather what it cannot pair.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from dubbing.delivery import BedKind
from dubbing.mixing import DUCK_ATTACK_MS, DUCK_RATIO, DUCK_RELEASE_MS, MixPlan, plan_duck_steps, plan_duck_threshold
from dubbing.units import db_to_gain, ms_to_frames
from resources.media.bed import Bed
from resources.media.containers import build_input_options
from resources.media.ffmpeg import name_file
from resources.media.loudness import SCANNER, SCANNER_OPTIONS
from resources.media.voice_track import VoiceTrack

PCM_OUTPUT = {"c:a": "pcm_f32le", "rf64": "auto", "f": "wav"}
"""`PCM_OPTIONS` as names and values."""

_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class MixInputs:
    """What is mixed, and how.

    Attributes:
        kind: of the bed.
        kept: when the source's own speech stays, (start, end) in ms, in order.
    """

    bed: Bed
    kind: BedKind
    track: VoiceTrack
    plan: MixPlan
    kept: tuple[tuple[int, int], ...] = ()

    @property
    def frames(self) -> int:
        """Length of the mix: the recording's, or the voice's where that runs over its end."""
        return max(self.bed.frames, ms_to_frames(self.track.speech_end_ms, self.plan.rate_hz))

    @property
    def is_spliced(self) -> bool:
        """Whether the original has to be put into the bed, which then comes as raw samples at ffmpeg's ``pipe:0``."""
        return bool(self.kept) and self.kind != "duck"


def build_mix_arguments(inputs: MixInputs, out: Path) -> list[str]:
    """Build the arguments that mix, measure on the way and write samples as `PcmFile` reads them."""
    mix = _mix(inputs).filter("atrim", end_sample=inputs.frames).filter(SCANNER, **SCANNER_OPTIONS)
    return _compile(ffmpeg.output(mix, name_file(out), **PCM_OUTPUT))


def build_gated_arguments(bed: Bed, track: VoiceTrack) -> list[str]:
    """Build the arguments that measure a bed where the dub speaks, and write nothing.

    The key is 1 there; where it is 0 there is silence, which loudness leaves out.
    """
    key = _open(track.path).filter("channelmap", "|".join(["1"] * bed.channels), _LAYOUTS[bed.channels])
    gated = ffmpeg.filter([_open(bed.path), key], "amultiply").filter(SCANNER, **SCANNER_OPTIONS)
    return _compile(ffmpeg.output(gated, "pipe:1", f="null"))


def _mix(inputs: MixInputs) -> Any:
    track = _open(inputs.track.path).filter("apad")
    if inputs.kind == "none" and not inputs.is_spliced:
        return _pick_voice(track, inputs.plan)
    halves = track.filter_multi_output("asplit")
    key = halves[1].filter("channelmap", "1-0", "mono")
    bed = _duck(_open_bed(inputs).filter("apad"), key, inputs.plan.duck_db)
    return ffmpeg.filter([bed, _pick_voice(halves[0], inputs.plan)], "amix", inputs=2, normalize=0)


def _pick_voice(track: Any, plan: MixPlan) -> Any:
    # The gain first: channels made of one share its memory, and ``volume`` would be applied to it once for each.
    voice = track.filter("volume", f"{plan.voice_gain_db:.3f}dB")
    return voice.filter("channelmap", "|".join(f"0-{n}" for n in range(plan.channels)), _LAYOUTS[plan.channels])


def _duck(bed: Any, key: Any, duck_db: float) -> Any:
    steps = plan_duck_steps(duck_db)
    if not steps:
        return bed
    keys = key.filter_multi_output("asplit", len(steps))
    for number, step_db in enumerate(steps):
        bed = ffmpeg.filter(
            [bed, keys[number]],
            "sidechaincompress",
            threshold=db_to_gain(plan_duck_threshold(step_db)),
            ratio=DUCK_RATIO,
            attack=DUCK_ATTACK_MS,
            release=DUCK_RELEASE_MS,
            knee=1,
            detection="peak",
        )
    return bed


def _open_bed(inputs: MixInputs) -> Any:
    if inputs.is_spliced:
        return ffmpeg.input("pipe:0", f="f32le", ar=inputs.bed.rate_hz, ac=inputs.bed.channels)["a:0"]
    return _open(inputs.bed.path)


def _open(path: Path) -> Any:
    return ffmpeg.input(name_file(path), **build_input_options(path))["a:0"]


def _compile(output: Any) -> list[str]:
    return [str(word) for word in ffmpeg.get_args(output)]
