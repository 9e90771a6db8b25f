"""A finished dub, measured: the original untouched where nobody speaks, ducked by exactly what is stated where
somebody does, takes at their places, loudness and peak as promised.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest

from dubbing.audio import apply_edge_fades
from dubbing.delivery import AudioFormat
from dubbing.mixing import DUCK_DB, DUCK_HOLD_MS, DUCK_LEAD_MS, PRESETS, Loudness, Preset, plan_mix, plan_rate
from dubbing.units import ms_to_frames
from resources.media.bed import prepare_bed
from resources.media.codecs import CODECS, Tags
from resources.media.decoding import decode_blocks
from resources.media.ffmpeg import Ffmpeg
from resources.media.filtering import resample
from resources.media.inspection import SourceAudio, inspect_media
from resources.media.mix_graph import MixInputs
from resources.media.mixing import finish_dub, render_mix
from resources.media.voice_track import PlacedSpeech, write_voice_track
from tests.support.audio import TAKE_RATE_HZ, encode, make_clicks, make_noise, make_tone, measure_rms_db

EBU = PRESETS["ebu_r128"]
LENGTH_MS = 40_000
RELEASE_MS = 250
NULL_DB = -40.0
"""How far the residue must lie below the original."""

CASES = {
    "stereo at 44.1 kHz": (44_100, 2),
    "mono at 48 kHz": (48_000, 1),
    "mono at 16 kHz": (16_000, 1),
    "5.1 at 48 kHz": (48_000, 6),
}


@dataclass
class Studio:
    """Renders dubs and reads them back."""

    ffmpeg: Ffmpeg
    folder: Path

    def record(self, samples: np.ndarray, rate_hz: int) -> Path:
        return encode(self.ffmpeg, samples, rate_hz, self.folder / "recording", "-f", "wav", "-c:a", "pcm_f32le")

    def dub(
        self, recording: Path, takes: list[tuple[int, np.ndarray]], *, preset: Preset = EBU, form: AudioFormat = "flac"
    ) -> tuple[Path, SourceAudio, Loudness]:
        source = inspect_media(recording, self.ffmpeg, max_duration_ms=600_000)
        track = write_voice_track(
            (PlacedSpeech(start_ms, take, TAKE_RATE_HZ) for start_ms, take in takes),
            self.ffmpeg,
            total_ms=source.duration_ms,
            rate_hz=plan_rate(source.rate_hz),
            out=self.folder / "voice.wav",
        )
        plan = plan_mix(
            source.loudness, track.loudness, rate_hz=track.rate_hz, source_channels=source.channels, preset=preset
        )
        bed = prepare_bed(
            recording,
            source,
            "duck",
            [],
            self.ffmpeg,
            rate_hz=plan.rate_hz,
            channels=plan.channels,
            out=self.folder / "bed.wav",
            separator=self.refuse,
        )
        mix = render_mix(MixInputs(bed, "duck", track, plan), self.folder / "mix.wav", self.ffmpeg)
        out = self.folder / f"dub.{form}"
        dub = finish_dub(mix, CODECS[form], out, self.ffmpeg, tags=Tags("T", "por"))
        return out, source, dub.loudness

    @staticmethod
    def refuse():
        raise AssertionError("nothing is separated here")

    def read(self, file: Path, rate_hz: int, channels: int) -> np.ndarray:
        blocks = decode_blocks(file, self.ffmpeg, rate_hz=rate_hz, channels=channels, block_frames=65_536)
        return np.concatenate(list(blocks))


@pytest.fixture
def studio(ffmpeg: Ffmpeg, tmp_path: Path) -> Studio:
    return Studio(ffmpeg, tmp_path)


def build_scene(rate_hz: int, channels: int) -> np.ndarray:
    """Music of a kind: chords, a beat and noise, other in each channel."""
    parts = []
    for n in range(channels):
        chord = sum(make_tone(220 * 1.26**k + n, LENGTH_MS, rate_hz, peak_dbfs=-30) for k in range(4))
        beat = make_clicks(list(range(100 * n, LENGTH_MS - 100, 500)), LENGTH_MS, rate_hz) * 0.1
        parts.append(chord + beat + make_noise(LENGTH_MS, rate_hz, rms_dbfs=-45, seed=n))
    return np.stack(parts, axis=1)


def cut(samples: np.ndarray, rate_hz: int, start_ms: int, end_ms: int) -> np.ndarray:
    return samples[ms_to_frames(start_ms, rate_hz) : ms_to_frames(end_ms, rate_hz)]


def find_gain_and_residue_db(original: np.ndarray, dub: np.ndarray) -> tuple[float, float]:
    """The one gain that explains the dub best, and what it does not explain, relative to the dub."""
    gain = float(np.sum(original.astype(np.float64) * dub) / np.sum(np.square(original, dtype=np.float64)))
    return gain, measure_rms_db(dub - gain * original) - measure_rms_db(dub)


@pytest.mark.parametrize("name", CASES)
def test_outside_of_speech_the_dub_is_the_original_times_one_gain(studio: Studio, speech: np.ndarray, name: str):
    rate_hz, channels = CASES[name]
    takes = [(3_000, speech[: 4 * TAKE_RATE_HZ]), (15_000, speech[4 * TAKE_RATE_HZ : 10 * TAKE_RATE_HZ])]
    recording = studio.record(build_scene(rate_hz, channels), rate_hz)
    out, source, _ = studio.dub(recording, [(at, apply_edge_fades(take, TAKE_RATE_HZ)) for at, take in takes])
    mix_rate_hz, mix_channels = plan_rate(rate_hz), min(channels, 2)
    original = studio.read(recording, mix_rate_hz, mix_channels)
    dub = studio.read(out, mix_rate_hz, mix_channels)
    assert len(dub) == len(original)
    gains = []
    for start_ms, end_ms in [(0, 3_000), (7_000, 15_000), (21_000, LENGTH_MS)]:
        start_ms += DUCK_HOLD_MS + RELEASE_MS if start_ms else 0
        end_ms -= DUCK_LEAD_MS if end_ms < LENGTH_MS else 0
        gain, residue_db = find_gain_and_residue_db(
            cut(original, mix_rate_hz, start_ms, end_ms), cut(dub, mix_rate_hz, start_ms, end_ms)
        )
        print(f"{name}: residue {residue_db:.1f} dB from {start_ms} to {end_ms} ms")
        assert residue_db <= NULL_DB
        gains.append(gain)
    assert max(gains) / min(gains) == pytest.approx(1, abs=1e-4)
    assert source.frames * mix_rate_hz == len(dub) * rate_hz


def test_under_speech_the_original_is_lowered_by_exactly_what_is_stated(studio: Studio):
    """The takes say nothing, so that only the original is heard."""
    recording = studio.record(build_scene(48_000, 2), 48_000)
    out, _, _ = studio.dub(recording, [(5_000, np.zeros(5 * TAKE_RATE_HZ, np.float32))])
    original, dub = studio.read(recording, 48_000, 2), studio.read(out, 48_000, 2)
    free, _ = find_gain_and_residue_db(cut(original, 48_000, 20_000, 30_000), cut(dub, 48_000, 20_000, 30_000))
    down, residue_db = find_gain_and_residue_db(cut(original, 48_000, 5_020, 10_140), cut(dub, 48_000, 5_020, 10_140))
    assert 20 * np.log10(down / free) == pytest.approx(DUCK_DB, abs=0.05)
    assert residue_db <= NULL_DB


def test_the_original_sinks_before_a_take_and_comes_back_without_a_jump(studio: Studio):
    tone = make_tone(1000, LENGTH_MS, 48_000)
    out, _, _ = studio.dub(studio.record(tone, 48_000), [(10_000, np.zeros(2 * TAKE_RATE_HZ, np.float32))])
    dub = studio.read(out, 48_000, 1)[:, 0]
    levels_db = np.array([measure_rms_db(piece) for piece in dub[: len(dub) // 480 * 480].reshape(-1, 480)])
    levels_db -= levels_db[500]
    steps_db = np.abs(np.diff(levels_db))
    assert np.flatnonzero(levels_db < -0.5)[0] * 10 == pytest.approx(10_000 - DUCK_LEAD_MS, abs=30)
    assert levels_db[10_000 // 10] == pytest.approx(DUCK_DB, abs=0.7)
    assert levels_db[(12_000 + DUCK_HOLD_MS) // 10 - 2] == pytest.approx(DUCK_DB, abs=0.1)
    assert levels_db[(12_000 + DUCK_HOLD_MS + RELEASE_MS) // 10] == pytest.approx(0, abs=0.1)
    assert steps_db.max() < 3


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_takes_are_heard_when_they_were_placed(studio: Studio, preset: Preset):
    """Through gain, limiter and codec: onsets within 5 ms."""
    hiss = make_noise(LENGTH_MS, 44_100, rms_dbfs=-60)
    at_ms = [1_000, 9_777, 23_456, 38_000]
    click = make_clicks([0], 100, TAKE_RATE_HZ)
    out, _, _ = studio.dub(studio.record(hiss, 44_100), [(ms, click) for ms in at_ms], preset=preset, form="m4a")
    dub = np.abs(studio.read(out, 44_100, 1)[:, 0])
    for ms in at_ms:
        near = cut(dub, 44_100, ms - 50, ms + 60)
        assert np.flatnonzero(near > near.max() / 2)[0] * 1000 / 44_100 - 50 == pytest.approx(0, abs=5)


@pytest.mark.parametrize(
    ("form", "preset"),
    [*product(("m4a", "flac"), PRESETS.values()), *((form, PRESETS["podcast"]) for form in ("mp3", "opus", "wav"))],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_dub_has_the_loudness_and_peak_of_its_preset(
    studio: Studio, speech: np.ndarray, preset: Preset, form: AudioFormat
):
    """Judged by another implementation than the one it was made with."""
    recording = studio.record(build_scene(44_100, 2), 44_100)
    out, _, reported = studio.dub(recording, [(2_000, speech)], preset=preset, form=form)
    rate_hz = CODECS[form].rate_hz or 44_100
    dub = studio.read(out, rate_hz, 2)
    measured_lufs = pyloudnorm.Meter(rate_hz).integrated_loudness(dub)
    peak_dbtp = measure_true_peak_dbtp(dub, rate_hz)
    print(f"{preset.name}: {measured_lufs:.2f} LUFS ({reported.integrated_lufs}), {peak_dbtp:.2f} dBTP")
    assert measured_lufs == pytest.approx(preset.integrated_lufs, abs=0.5)
    assert measured_lufs == pytest.approx(reported.integrated_lufs, abs=0.1)
    assert peak_dbtp <= preset.true_peak_dbtp
    assert reported.true_peak_dbtp <= preset.true_peak_dbtp


@pytest.mark.parametrize("recorded_dbfs", [-50.0, 0.0])
def test_very_quiet_and_very_loud_recordings_come_out_alike(studio: Studio, speech: np.ndarray, recorded_dbfs: float):
    noise = make_noise(LENGTH_MS, 48_000, rms_dbfs=recorded_dbfs - 10)
    out, _, reported = studio.dub(
        studio.record(noise, 48_000), [(2_000, speech)], preset=PRESETS["podcast"], form="m4a"
    )
    assert reported.integrated_lufs == pytest.approx(-16, abs=0.5)
    assert measure_true_peak_dbtp(studio.read(out, 48_000, 1), 48_000) <= -1


def test_the_voice_sits_as_far_over_the_original_as_stated(studio: Studio, speech: np.ndarray):
    """Both measured alone, where each is heard alone, in the same dub."""
    hum = make_noise(60_000, 48_000, rms_dbfs=-30)
    hum[ms_to_frames(20_000, 48_000) :] *= 1e-4
    out, _, _ = studio.dub(studio.record(hum, 48_000), [(25_000, speech)])
    dub = studio.read(out, 48_000, 1)
    meter = pyloudnorm.Meter(48_000)
    voice_lufs = meter.integrated_loudness(cut(dub, 48_000, 25_000, 53_000))
    original_lufs = meter.integrated_loudness(cut(dub, 48_000, 0, 20_000))
    assert voice_lufs == pytest.approx(original_lufs, abs=0.5)


def test_measuring_agrees_with_another_meter(ffmpeg: Ffmpeg, tmp_path: Path, speech: np.ndarray):
    voice = resample(speech, TAKE_RATE_HZ, 48_000, ffmpeg)
    stereo = np.stack([voice, 0.5 * voice], axis=1)
    for samples in (voice, stereo, np.concatenate([voice, np.zeros_like(voice)])):
        file = encode(ffmpeg, samples, 48_000, tmp_path / "a", "-f", "wav", "-c:a", "pcm_f32le")
        measured = inspect_media(file, ffmpeg, max_duration_ms=600_000).loudness
        expected_lufs = pyloudnorm.Meter(48_000).integrated_loudness(samples)
        assert measured.integrated_lufs == pytest.approx(expected_lufs, abs=0.1)
        assert measured.true_peak_dbtp == pytest.approx(measure_true_peak_dbtp(samples, 48_000), abs=0.2)


def measure_true_peak_dbtp(samples: np.ndarray, rate_hz: int) -> float:
    """Peak after fourfold oversampling, by scipy's filter."""
    from scipy.signal import resample_poly

    return 20 * float(np.log10(np.abs(resample_poly(samples.astype(np.float64), 4, 1, axis=0)).max()))
