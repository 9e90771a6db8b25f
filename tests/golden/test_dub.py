"""A whole dub, measured against what it measured before: no change may make it sound otherwise unseen.

The line's own pieces dub the real reading: timing, stretching, voice track, bed, mix and master; no codec, whose
versions differ. The takes are other passages of the same reading instead of a synthesiser's, which cannot be compared
from machine to machine; they prove nothing about voices. The reference is ``dub.json`` beside this file; after a change
that is meant to be heard, listen, and renew it with ``UPDATE_GOLDEN=1``.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from dubbing.audio import apply_edge_fades
from dubbing.engines import Samples
from dubbing.envelope import RATE_HZ, Envelope, build_envelope
from dubbing.mixing import PRESETS, plan_mix, plan_rate
from dubbing.onsets import find_speech_onset
from dubbing.timing import Placement, plan_timeline
from dubbing.transcript import Segment
from dubbing.units import ms_to_frames
from resources.media.bed import prepare_bed
from resources.media.codecs import CODECS, Tags
from resources.media.decoding import decode_blocks, decode_mono
from resources.media.ffmpeg import Ffmpeg
from resources.media.inspection import inspect_media
from resources.media.mix_graph import MixInputs
from resources.media.mixing import finish_dub, render_mix
from resources.media.stretching import stretch
from resources.media.voice_track import PlacedSpeech, VoiceTrack, write_voice_track
from tests.support.audio import TAKE_RATE_HZ, encode, make_noise

REFERENCE = Path(__file__).with_name("dub.json")
SCENE_RATE_HZ = 44_100
SCENE_MS = 26_000
STEP_MS = 100

SEGMENTS = (
    Segment(1, 1_000, 4_000, "a"),
    Segment(2, 5_500, 8_000, "b"),
    Segment(3, 12_000, 17_000, "c"),
    Segment(4, 17_500, 22_000, "d"),
)
TAKES_MS = {1: (9_000, 12_600), 2: (3_000, 5_200), 3: (14_000, 19_900), 4: (20_000, 24_000)}
"""Passages of the reading that speak the segments: one too long, one short, one that is sped up, one that fits."""


@dataclass(frozen=True)
class Dub:
    """What was measured of a finished dub."""

    duration_ms: int
    integrated_lufs: float
    true_peak_dbtp: float
    onsets_ms: list[int]
    levels_dbfs: list[float]
    bed_dbfs: float
    ducked_dbfs: float


def cut(samples: Samples, start_ms: int, end_ms: int, rate_hz: int) -> Samples:
    return samples[ms_to_frames(start_ms, rate_hz) : ms_to_frames(end_ms, rate_hz)]


def place(placements: tuple[Placement, ...], speech: Samples, ffmpeg: Ffmpeg) -> Iterator[PlacedSpeech]:
    for placement in placements:
        take = apply_edge_fades(cut(speech, *TAKES_MS[placement.number], TAKE_RATE_HZ), TAKE_RATE_HZ)
        frames = ms_to_frames(placement.duration_ms, TAKE_RATE_HZ)
        fitted = stretch(take, TAKE_RATE_HZ, ffmpeg, speed=placement.speed, frames=frames)
        yield PlacedSpeech(placement.start_ms, fitted, TAKE_RATE_HZ)


def coarsen(envelope: Envelope) -> list[float]:
    """The level of each tenth of a second, dBFS, what is below -60 as that."""
    powers = 10 ** (envelope.levels_dbfs / 10)
    steps = np.add.reduceat(powers, np.arange(0, len(powers), STEP_MS // 10)) / (STEP_MS // 10)
    return [round(float(level), 1) for level in np.maximum(10 * np.log10(steps), -60)]


def listen(track: VoiceTrack, placements: tuple[Placement, ...], ffmpeg: Ffmpeg) -> list[int]:
    """When each take is first heard in the voice track."""
    blocks = decode_blocks(track.path, ffmpeg, rate_hz=RATE_HZ, channels=2, block_frames=65_536)
    voice = build_envelope(block[:, 0] for block in blocks)
    return [find_speech_onset(voice, placed.start_ms, placed.end_ms) or -1 for placed in placements]


@pytest.fixture(scope="module")
def dub(ffmpeg: Ffmpeg, speech: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Dub:
    folder = tmp_path_factory.mktemp("dub")
    ffmpeg = replace(ffmpeg, has_rubberband=False)  # the one filter that every ffmpeg has
    scene = make_noise(SCENE_MS, SCENE_RATE_HZ, rms_dbfs=-34)
    recording = encode(ffmpeg, scene, SCENE_RATE_HZ, folder / "scene.wav")
    source = inspect_media(recording, ffmpeg, max_duration_ms=60_000)
    lengths_ms = {number: end_ms - start_ms for number, (start_ms, end_ms) in TAKES_MS.items()}
    placements = plan_timeline(SEGMENTS, lengths_ms, source.duration_ms).placements
    rate_hz = plan_rate(source.rate_hz)
    track = write_voice_track(
        place(placements, speech, ffmpeg),
        ffmpeg,
        total_ms=source.duration_ms,
        rate_hz=rate_hz,
        out=folder / "voice.wav",
    )
    bed = prepare_bed(
        recording,
        source,
        "duck",
        (),
        ffmpeg,
        rate_hz=rate_hz,
        channels=1,
        out=folder / "bed.wav",
        separator=pytest.fail,
    )
    plan = plan_mix(
        source.loudness, track.loudness, rate_hz=rate_hz, source_channels=source.channels, preset=PRESETS["podcast"]
    )
    mix = render_mix(MixInputs(bed, "duck", track, plan), folder / "mix.wav", ffmpeg)
    finished = finish_dub(mix, CODECS["flac"], folder / "dub.flac", ffmpeg, tags=Tags("T", "por"))
    heard = np.concatenate(list(decode_mono(folder / "dub.flac", ffmpeg, rate_hz=RATE_HZ)))
    bed_only = replace(track, path=_silence_voice(track, ffmpeg, folder))
    ducked = render_mix(MixInputs(bed, "duck", bed_only, plan), folder / "ducked.wav", ffmpeg)
    under = np.concatenate([block[:, 0] for block in ducked.read()])
    return Dub(
        duration_ms=len(heard) * 1000 // RATE_HZ,
        integrated_lufs=finished.loudness.integrated_lufs,
        true_peak_dbtp=finished.loudness.true_peak_dbtp,
        onsets_ms=listen(track, placements, ffmpeg),
        levels_dbfs=coarsen(build_envelope([heard])),
        bed_dbfs=measure_dbfs(cut(heard, 10_000, 11_700, RATE_HZ)),
        ducked_dbfs=measure_dbfs(cut(under, 13_000, 16_000, rate_hz)) + finished.master.gain_db,
    )


def _silence_voice(track: VoiceTrack, ffmpeg: Ffmpeg, folder: Path) -> Path:
    """The same track with its key alone, so that only the bed is heard."""
    blocks = decode_blocks(track.path, ffmpeg, rate_hz=track.rate_hz, channels=2, block_frames=65_536)
    silent = np.concatenate([block * np.array([0, 1], np.float32) for block in blocks])
    return encode(ffmpeg, silent, track.rate_hz, folder / "key.flac", "-sample_fmt", "s16")


def measure_dbfs(samples: Samples) -> float:
    return round(10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64)))), 2)


@pytest.fixture(scope="module")
def reference(dub: Dub) -> Dub:
    if os.environ.get("UPDATE_GOLDEN"):
        REFERENCE.write_text(json.dumps(dub.__dict__) + "\n")
    return Dub(**json.loads(REFERENCE.read_text()))


def test_it_is_as_long(dub: Dub, reference: Dub) -> None:
    assert dub.duration_ms == pytest.approx(reference.duration_ms, abs=1)


def test_it_is_as_loud(dub: Dub, reference: Dub) -> None:
    assert dub.integrated_lufs == pytest.approx(reference.integrated_lufs, abs=0.1)
    assert dub.true_peak_dbtp == pytest.approx(reference.true_peak_dbtp, abs=0.5)


def test_every_line_is_heard_at_the_same_moment(dub: Dub, reference: Dub) -> None:
    assert dub.onsets_ms == pytest.approx(reference.onsets_ms, abs=10)


def test_its_level_rises_and_falls_alike(dub: Dub, reference: Dub) -> None:
    levels, expected = np.array(dub.levels_dbfs), np.array(reference.levels_dbfs)
    assert levels.shape == expected.shape
    assert np.corrcoef(levels, expected)[0, 1] > 0.99
    assert np.mean(np.abs(levels - expected)) < 0.5


def test_the_original_is_as_loud_between_the_lines_and_under_them(dub: Dub, reference: Dub) -> None:
    assert dub.bed_dbfs == pytest.approx(reference.bed_dbfs, abs=0.2)
    assert dub.ducked_dbfs == pytest.approx(reference.ducked_dbfs, abs=0.2)
