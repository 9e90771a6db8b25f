"""What lies under a dub, made by the real ffmpeg; the separators here are simple ones that give known sound."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from dubbing.envelope import RATE_HZ as ENVELOPE_RATE_HZ
from dubbing.envelope import build_envelope
from dubbing.errors import InputError, MediaError, WeightsError
from dubbing.units import ms_to_frames
from resources.media.bed import Bed, prepare_bed
from resources.media.decoding import decode_blocks, decode_mono
from resources.media.ffmpeg import Ffmpeg
from resources.media.inspection import SourceAudio, inspect_media
from resources.separation.port import Block
from resources.separation.windows import FADE_MS, PAD_MS
from tests.support.audio import encode, make_noise

RATE_HZ = 48_000
SPEECH_MS = [(2_000, 3_000), (3_900, 4_400)]
"""So near to each other that the separator hears on between them, though the sound there must stay."""


class SilentSeparator:
    """Gives silence in blocks of another length, and holds back a while, as the real one does."""

    name = "silence"

    def __init__(self) -> None:
        self.heard: list[Block] = []

    def separate(self, blocks: Iterable[Block], rate_hz: int) -> Iterator[Block]:
        assert rate_hz == RATE_HZ
        for block in blocks:
            self.heard.append(block)
            if sum(map(len, self.heard)) > 150_000:
                break
        self.heard += blocks
        rest = sum(map(len, self.heard))
        while rest:
            given = min(rest, 30_011)
            yield np.zeros((given, self.heard[0].shape[1]), np.float32)
            rest -= given


class ShortSeparator(SilentSeparator):
    """Loses sound."""

    def separate(self, blocks: Iterable[Block], rate_hz: int) -> Iterator[Block]:
        return iter(list(blocks)[:-1])


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.stack([make_noise(6_000, RATE_HZ, seed=1), 8 * make_noise(6_000, RATE_HZ, seed=2)], axis=1)


@pytest.fixture
def recording(ffmpeg: Ffmpeg, noise: np.ndarray, tmp_path: Path) -> Path:
    return encode(ffmpeg, noise, RATE_HZ, tmp_path / "recording", "-f", "wav", "-c:a", "pcm_f32le")


def inspect(recording: Path, ffmpeg: Ffmpeg) -> SourceAudio:
    return inspect_media(recording, ffmpeg, max_duration_ms=60_000)


def prepare(recording: Path, ffmpeg: Ffmpeg, kind: str, **chosen) -> Bed:
    folder = recording.parent / "made"
    folder.mkdir(exist_ok=True)
    settings = {"rate_hz": RATE_HZ, "channels": 2, "out": folder / "bed", "separator": SilentSeparator, **chosen}
    return prepare_bed(recording, inspect(recording, ffmpeg), kind, SPEECH_MS, ffmpeg, **settings)


def decode(file: Path, ffmpeg: Ffmpeg, *, rate_hz: int = RATE_HZ, channels: int = 2) -> np.ndarray:
    blocks = list(decode_blocks(file, ffmpeg, rate_hz=rate_hz, channels=channels, block_frames=1 << 16))
    return np.concatenate(blocks)


def test_the_original_as_a_bed_is_the_original_sample_for_sample(ffmpeg, recording, noise):
    bed = prepare(recording, ffmpeg, "duck")
    assert np.abs(noise).max() > 1
    assert np.array_equal(decode(bed.path, ffmpeg), noise)
    assert bed.original_path == bed.path
    assert (bed.rate_hz, bed.channels, bed.frames) == (RATE_HZ, 2, len(noise))


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 1), (32_000, 2)])
def test_at_another_rate_it_is_what_everybody_else_decodes(ffmpeg, recording, rate_hz, channels):
    bed = prepare(recording, ffmpeg, "duck", rate_hz=rate_hz, channels=channels)
    samples = decode(bed.path, ffmpeg, rate_hz=rate_hz, channels=channels)
    assert np.array_equal(samples, decode(recording, ffmpeg, rate_hz=rate_hz, channels=channels))
    assert len(samples) == bed.frames == 6 * rate_hz


def test_a_track_that_begins_late_keeps_its_time(ffmpeg, noise, tmp_path):
    pictures = ["-f", "lavfi", "-i", "color=size=16x16:rate=5:duration=2.5", "-c:v", "mpeg4"]
    late = ["-filter:a", "asetpts=PTS+1.5/TB", "-c:a", "flac", "-f", "matroska"]
    film = encode(ffmpeg, noise[:RATE_HZ], RATE_HZ, tmp_path / "late", *pictures, *late)
    samples = decode(prepare(film, ffmpeg, "duck").path, ffmpeg)
    assert len(samples) == pytest.approx(2.5 * RATE_HZ, abs=RATE_HZ // 1000)
    assert not samples[: RATE_HZ + RATE_HZ // 3].any()


@pytest.mark.parametrize("kind", ["duck", "none"])
def test_the_envelope_is_the_original_s(ffmpeg, recording, kind):
    expected = build_envelope(decode_mono(recording, ffmpeg, rate_hz=ENVELOPE_RATE_HZ))
    assert np.array_equal(prepare(recording, ffmpeg, kind).envelope.levels_dbfs, expected.levels_dbfs)


def test_samples_that_are_no_numbers_are_silence_and_spoil_nothing_around_them(ffmpeg, noise, tmp_path):
    broken = noise.copy()
    broken[[1000, 2000], 0] = [np.nan, np.inf]
    file = encode(ffmpeg, broken, RATE_HZ, tmp_path / "broken", "-f", "wav", "-c:a", "pcm_f32le")
    bed = prepare(file, ffmpeg, "duck")
    expected = noise.copy()
    expected[[1000, 2000], 0] = 0
    assert np.allclose(decode(bed.path, ffmpeg), expected, atol=1e-6)
    assert np.isfinite(bed.envelope.levels_dbfs).all()


def test_no_bed_is_silence_as_long_as_the_recording_and_takes_no_room(ffmpeg, recording, noise):
    bed = prepare(recording, ffmpeg, "none", separator=fail)
    samples = decode(bed.path, ffmpeg)
    assert samples.shape == noise.shape
    assert not samples.any()
    assert bed.path.stat().st_size < 20_000
    assert bed.original_path is None


@pytest.mark.parametrize("kind", ["separate", "none"])
def test_the_original_is_kept_where_asked(ffmpeg, recording, noise, kind):
    bed = prepare(recording, ffmpeg, kind, keeps_original=True)
    assert np.array_equal(decode(bed.original_path, ffmpeg), noise)
    assert set(bed.path.parent.iterdir()) == {bed.path, bed.original_path}


@pytest.mark.parametrize("keeps_original", [False, True])
def test_outside_the_windows_around_speech_no_sample_changes(ffmpeg, recording, noise, keeps_original):
    samples = decode(prepare(recording, ffmpeg, "separate", keeps_original=keeps_original).path, ffmpeg)
    inside, faded = np.zeros(len(noise), bool), np.zeros(len(noise), bool)
    for start_ms, end_ms in SPEECH_MS:
        start, end, fade = (ms_to_frames(ms, RATE_HZ) for ms in (start_ms - PAD_MS, end_ms + PAD_MS, FADE_MS))
        faded[start:end] = True
        inside[start + fade : end - fade] = True
    assert np.array_equal(samples[~faded], noise[~faded])
    assert not samples[inside].any()


def test_the_separator_hears_the_original_and_only_where_it_is_needed(ffmpeg, recording, noise):
    separator = SilentSeparator()
    prepare(recording, ffmpeg, "separate", separator=lambda: separator)
    start, end = ms_to_frames(700, RATE_HZ), ms_to_frames(4_900, RATE_HZ)
    assert np.array_equal(np.concatenate(separator.heard), noise[start:end])


def test_speech_at_the_very_edges_is_taken_out_from_the_first_sample_to_the_last(ffmpeg, recording, tmp_path):
    source = inspect(recording, ffmpeg)
    bed = prepare_bed(
        recording, source, "separate", [(0, 6_000)], ffmpeg,
        rate_hz=RATE_HZ, channels=2, out=tmp_path / "bed", separator=SilentSeparator,
    )  # fmt: skip
    assert not decode(bed.path, ffmpeg).any()


def test_without_speech_nothing_is_separated(ffmpeg, recording, noise, tmp_path):
    source = inspect(recording, ffmpeg)
    bed = prepare_bed(
        recording, source, "separate", [], ffmpeg,
        rate_hz=RATE_HZ, channels=2, out=tmp_path / "bed", separator=SilentSeparator,
    )  # fmt: skip
    assert np.array_equal(decode(bed.path, ffmpeg), noise)


def test_progress_never_goes_down_and_ends_with_all(ffmpeg, recording):
    shares: list[float] = []
    prepare(recording, ffmpeg, "separate", report=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize(("separator", "error"), [(lambda: fail(), WeightsError), (ShortSeparator, MediaError)])
def test_a_separator_that_fails_leaves_nothing_behind(ffmpeg, recording, separator, error):
    with pytest.raises(error):
        prepare(recording, ffmpeg, "separate", keeps_original=True, separator=separator)
    assert not list((recording.parent / "made").iterdir())


def test_a_recording_that_was_changed_into_a_playlist_is_refused(ffmpeg, recording, tmp_path):
    source = inspect(recording, ffmpeg)
    recording.write_bytes(b"#EXTM3U\nhttp://localhost/\n")
    with pytest.raises(InputError):
        prepare_bed(
            recording, source, "duck", [], ffmpeg,
            rate_hz=RATE_HZ, channels=2, out=tmp_path / "bed", separator=SilentSeparator,
        )  # fmt: skip


def test_a_recording_that_is_shorter_than_it_was_is_filled_with_silence(ffmpeg, recording, tmp_path):
    source = dataclasses.replace(inspect(recording, ffmpeg), frames=7 * RATE_HZ)
    bed = prepare_bed(
        recording, source, "duck", [], ffmpeg,
        rate_hz=RATE_HZ, channels=2, out=tmp_path / "bed", separator=SilentSeparator,
    )  # fmt: skip
    assert len(decode(bed.path, ffmpeg)) == bed.frames == 7 * RATE_HZ


def fail() -> SilentSeparator:
    raise WeightsError("not the model we know")
