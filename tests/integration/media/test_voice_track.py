"""The voice track: every take at its place to the frame, the key around it, one take in memory at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dubbing.errors import DiskFullError
from dubbing.mixing import DUCK_HOLD_MS, DUCK_LEAD_MS
from dubbing.units import ms_to_frames
from resources.media.decoding import decode_blocks
from resources.media.ffmpeg import Ffmpeg
from resources.media.voice_track import PlacedSpeech, VoiceTrack, write_voice_track
from tests.integration.media.test_ffmpeg import largest_file
from tests.support.audio import TAKE_RATE_HZ, make_noise, make_tone

RATE_HZ = 48_000


def build_tone(duration_ms: int) -> np.ndarray:
    return make_tone(440, duration_ms, TAKE_RATE_HZ, peak_dbfs=-6)


def write(
    ffmpeg: Ffmpeg,
    out: Path,
    takes: list[tuple[int, np.ndarray]],
    total_ms: int = 10_000,
    kept: tuple[tuple[int, int], ...] = (),
) -> VoiceTrack:
    placed = (PlacedSpeech(start_ms, samples, TAKE_RATE_HZ) for start_ms, samples in takes)
    return write_voice_track(placed, ffmpeg, total_ms=total_ms, rate_hz=RATE_HZ, out=out, kept=kept)


def read(ffmpeg: Ffmpeg, track: VoiceTrack) -> tuple[np.ndarray, np.ndarray]:
    both = np.concatenate(
        list(decode_blocks(track.path, ffmpeg, rate_hz=track.rate_hz, channels=2, block_frames=65_536))
    )
    return both[:, 0], both[:, 1]


def find_edges(signal: np.ndarray) -> list[int]:
    """Where the signal rises from or falls to below a thousandth, for 10 ms at least; ms."""
    loud = np.flatnonzero(np.abs(signal) > 0.001)
    pauses = np.flatnonzero(np.diff(loud) > 480)
    starts = [loud[0], *loud[pauses + 1]]
    ends = [*loud[pauses], loud[-1]]
    return [round(edge * 1000 / RATE_HZ) for pair in zip(starts, ends, strict=True) for edge in pair]


def test_takes_are_where_they_were_placed(ffmpeg: Ffmpeg, tmp_path: Path):
    track = write(ffmpeg, tmp_path / "a", [(1000, build_tone(500)), (3000, build_tone(1500)), (9000, build_tone(300))])
    voice, _ = read(ffmpeg, track)
    assert len(voice) == 10 * RATE_HZ
    assert find_edges(voice) == pytest.approx([1000, 1500, 3000, 4500, 9000, 9300], abs=2)
    assert track.speech_end_ms == 9300
    assert track.loudness.integrated_lufs == pytest.approx(-10.5, abs=1)  # blocks at the edges are half empty


def test_the_key_begins_before_a_take_and_lasts_beyond_it(ffmpeg: Ffmpeg, tmp_path: Path):
    _, key = read(ffmpeg, write(ffmpeg, tmp_path / "a", [(2000, build_tone(1000))]))
    assert find_edges(key) == pytest.approx([2000 - DUCK_LEAD_MS, 3000 + DUCK_HOLD_MS], abs=3)
    during = key[ms_to_frames(2010, RATE_HZ) : ms_to_frames(3140, RATE_HZ)]
    assert during.min() > 0.99


def test_near_takes_share_one_stretch_of_key(ffmpeg: Ffmpeg, tmp_path: Path):
    takes = [(1000, build_tone(1000)), (2500, build_tone(1000)), (4200, build_tone(1000))]
    _, key = read(ffmpeg, write(ffmpeg, tmp_path / "a", takes))
    assert find_edges(key) == pytest.approx([800, 3650, 4000, 5350], abs=3)


def test_the_key_is_silent_where_the_sources_own_speech_stays(ffmpeg: Ffmpeg, tmp_path: Path):
    takes = [(1000, build_tone(1000)), (2500, build_tone(1000)), (5500, build_tone(1000))]
    kept = ((2050, 2450), (3000, 3700), (4500, 5450))  # between near takes, over the end of one, far behind it
    _, key = read(ffmpeg, write(ffmpeg, tmp_path / "a", takes, kept=kept))
    assert find_edges(key) == pytest.approx([800, 2000, 2450, 3500, 5450, 6650], abs=3)


def test_the_key_falls_so_long_before_kept_speech_that_the_original_is_up_when_it_begins(
    ffmpeg: Ffmpeg, tmp_path: Path
):
    _, key = read(ffmpeg, write(ffmpeg, tmp_path / "a", [(1000, build_tone(1000))], kept=((2350, 3000),)))
    assert find_edges(key) == pytest.approx([800, 2100], abs=3)


def test_a_take_at_the_very_beginning_and_one_over_the_end(ffmpeg: Ffmpeg, tmp_path: Path):
    track = write(ffmpeg, tmp_path / "a", [(0, build_tone(500)), (9800, build_tone(1000))])
    voice, _ = read(ffmpeg, track)
    assert track.speech_end_ms == 10_800
    assert len(voice) == ms_to_frames(10_800, RATE_HZ)
    assert find_edges(voice) == pytest.approx([0, 500, 9800, 10_800], abs=2)


def test_a_track_without_takes_is_silence(ffmpeg: Ffmpeg, tmp_path: Path):
    track = write(ffmpeg, tmp_path / "a", [])
    voice, key = read(ffmpeg, track)
    assert len(voice) == 10 * RATE_HZ
    assert not voice.any()
    assert not key.any()
    assert not track.loudness.has_level
    assert track.speech_end_ms == 0


def test_takes_of_several_rates_keep_their_time_and_pitch(ffmpeg: Ffmpeg, tmp_path: Path):
    takes = [
        PlacedSpeech(n * 2000, make_tone(1000, 1000, rate), rate) for n, rate in enumerate([24_000, 16_000, 44_100])
    ]
    track = write_voice_track(iter(takes), ffmpeg, total_ms=7000, rate_hz=RATE_HZ, out=tmp_path / "a")
    voice, _ = read(ffmpeg, track)
    assert find_edges(voice) == pytest.approx([0, 1000, 2000, 3000, 4000, 5000], abs=3)
    for start_s in (0, 2, 4):
        piece = voice[int((start_s + 0.25) * RATE_HZ) : int((start_s + 0.75) * RATE_HZ)]
        assert np.argmax(np.abs(np.fft.rfft(piece))) * RATE_HZ / len(piece) == pytest.approx(1000, abs=3)


def test_takes_that_touch_are_written_one_after_the_other(ffmpeg: Ffmpeg, tmp_path: Path):
    takes = [(1000, build_tone(500)), (1500, build_tone(500)), (1999, build_tone(500))]
    voice, _ = read(ffmpeg, write(ffmpeg, tmp_path / "a", takes))
    assert find_edges(voice) == pytest.approx([1000, 2500], abs=3)


def test_speakers_who_overlap_are_heard_together(ffmpeg: Ffmpeg, tmp_path: Path):
    long, short = build_tone(3000), make_tone(2000, 500, TAKE_RATE_HZ, peak_dbfs=-6)
    track = write(ffmpeg, tmp_path / "both", [(1000, long), (1500, short), (1700, short), (5000, short)])
    voice, key = read(ffmpeg, track)
    assert find_edges(voice) == pytest.approx([1000, 4000, 5000, 5500], abs=3)
    assert key[ms_to_frames(1010, RATE_HZ) : ms_to_frames(4140, RATE_HZ)].min() > 0.99
    alone = [read(ffmpeg, write(ffmpeg, tmp_path / "one", [take]))[0] for take in [(1000, long), (1500, short)]]
    alone += [read(ffmpeg, write(ffmpeg, tmp_path / "one", [take]))[0] for take in [(1700, short), (5000, short)]]
    assert np.abs(voice - sum(alone)).max() < 1e-4


def test_voices_that_add_up_to_more_than_full_scale_are_not_clipped(ffmpeg: Ffmpeg, tmp_path: Path):
    loud = make_tone(440, 1000, TAKE_RATE_HZ, peak_dbfs=-1)
    voice, _ = read(ffmpeg, write(ffmpeg, tmp_path / "a", [(1000, loud), (1000, loud)]))
    assert np.abs(voice).max() == pytest.approx(1.78, abs=0.02)


def test_the_last_voice_to_end_need_not_be_the_last_to_begin(ffmpeg: Ffmpeg, tmp_path: Path):
    track = write(ffmpeg, tmp_path / "a", [(1000, build_tone(3000)), (1500, build_tone(500))], total_ms=2000)
    assert track.speech_end_ms == 4000


def test_takes_that_are_out_of_order_are_refused_and_nothing_is_left(ffmpeg: Ffmpeg, tmp_path: Path):
    with pytest.raises(ValueError, match="before the one before"):
        write(ffmpeg, tmp_path / "a", [(1000, build_tone(500)), (500, build_tone(500))])
    assert list(tmp_path.iterdir()) == []


def test_takes_are_asked_for_one_by_one(ffmpeg: Ffmpeg, tmp_path: Path):
    alive: list[int] = []

    class Take(np.ndarray):
        def __del__(self) -> None:
            alive.pop()

    def place() -> Iterator[PlacedSpeech]:
        for n in range(20):
            samples = build_tone(200).view(Take)
            alive.append(n)
            assert len(alive) <= 3  # the first, the last and the next
            yield PlacedSpeech(n * 400, samples, TAKE_RATE_HZ)

    write_voice_track(place(), ffmpeg, total_ms=10_000, rate_hz=RATE_HZ, out=tmp_path / "a")


def test_an_error_while_a_take_is_made_leaves_nothing_behind(ffmpeg: Ffmpeg, tmp_path: Path):
    def place() -> Iterator[PlacedSpeech]:
        yield PlacedSpeech(0, build_tone(500), TAKE_RATE_HZ)
        raise LookupError("the store lost a take")

    with pytest.raises(LookupError):
        write_voice_track(place(), ffmpeg, total_ms=10_000, rate_hz=RATE_HZ, out=tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(ffmpeg: Ffmpeg, tmp_path: Path):
    noise = make_noise(9000, TAKE_RATE_HZ)
    with largest_file(50_000), pytest.raises(DiskFullError):
        write(ffmpeg, tmp_path / "a", [(0, noise)])
    assert list(tmp_path.iterdir()) == []
