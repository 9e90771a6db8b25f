"""A real voice track read back: the levels of the voice alone, and its lines cut out to the frame."""

from pathlib import Path

import numpy as np
import pytest

from dubbing.envelope import RATE_HZ
from dubbing.hearing import GAP_MS, Cut
from dubbing.units import ms_to_frames
from resources.media.ffmpeg import Ffmpeg
from resources.media.voice_reading import read_voice
from resources.media.voice_track import PlacedSpeech, write_voice_track
from resources.media.wav import read_wav
from tests.support.audio import TAKE_RATE_HZ, make_tone, measure_rms_db

TOTAL_MS = 20_000


@pytest.fixture
def track(ffmpeg: Ffmpeg, tmp_path: Path) -> Path:
    takes = [
        PlacedSpeech(start_ms, make_tone(hz, 3_000, TAKE_RATE_HZ), TAKE_RATE_HZ)
        for start_ms, hz in ((1_000, 300), (6_000, 500), (15_000, 700))
    ]
    return write_voice_track(iter(takes), ffmpeg, total_ms=TOTAL_MS, rate_hz=48_000, out=tmp_path / "voice.wav").path


def test_the_levels_are_those_of_the_voice_and_not_of_its_key(ffmpeg: Ffmpeg, tmp_path: Path, track: Path) -> None:
    voice = read_voice(track, ffmpeg, (), tmp_path / "sample.wav")
    assert voice.duration_ms == TOTAL_MS
    loud = np.flatnonzero(voice.levels_dbfs > -50) * 10
    assert (loud[0], loud[-1]) == (1_000, 17_990)
    assert voice.levels_dbfs[430:590].max() < -90  # where the key is up for a while after a take


def test_cuts_hold_their_lines_with_silence_between(ffmpeg: Ffmpeg, tmp_path: Path, track: Path) -> None:
    cuts = [Cut("b", 6_000, 9_000, GAP_MS), Cut("c", 15_000, 18_000, GAP_MS + 3_000 + GAP_MS)]
    read_voice(track, ffmpeg, cuts, tmp_path / "sample.wav")
    sample, rate_hz = read_wav(tmp_path / "sample.wav")
    assert (rate_hz, len(sample)) == (RATE_HZ, ms_to_frames(3 * GAP_MS + 6_000, RATE_HZ))
    for cut, hz in zip(cuts, (500, 700), strict=True):
        line = sample[ms_to_frames(cut.at_ms, RATE_HZ) :][: ms_to_frames(3_000, RATE_HZ)]
        assert np.argmax(np.abs(np.fft.rfft(line))) * RATE_HZ / len(line) == pytest.approx(hz, abs=1)
        assert measure_rms_db(line) == pytest.approx(-15, abs=0.3)
        before = sample[ms_to_frames(cut.at_ms - GAP_MS, RATE_HZ) : ms_to_frames(cut.at_ms - 5, RATE_HZ)]
        assert measure_rms_db(before) < -70


def test_a_track_read_twice_gives_the_same_bytes(ffmpeg: Ffmpeg, tmp_path: Path, track: Path) -> None:
    for name in ("a.wav", "b.wav"):
        read_voice(track, ffmpeg, [Cut("a", 1_000, 4_000, GAP_MS)], tmp_path / name)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
