"""Rendering a dub: length, layout, tags, repeatability, and what happens when it cannot be written."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dubbing.errors import DiskFullError, MediaError
from dubbing.mixing import PRESETS, Loudness, assess_loudness, plan_mix, plan_rate
from resources.media import av_probe
from resources.media.ffmpeg import Ffmpeg, name_file
from resources.media.inspection import SourceAudio, inspect_media
from resources.media.mixing import AAC, LOSSLESS, SYNTHETIC_SPEECH_NOTE, Codec, render_mix
from resources.media.voice_track import PlacedSpeech, VoiceTrack, write_voice_track
from tests.integration.media.test_ffmpeg import largest_file
from tests.support.audio import TAKE_RATE_HZ, encode, make_noise, make_tone

LENGTH_MS = 6_000
EBU = PRESETS["ebu_r128"]
TITLE = "-i 'Ünï: [a];b,c=d' | $(x)"


class Scene:
    """A recording and a take, ready to be mixed."""

    def __init__(self, ffmpeg: Ffmpeg, folder: Path, recording: Path, *, take_at_ms: int = 2000) -> None:
        self.ffmpeg, self.folder, self.recording = ffmpeg, folder, recording
        self.source: SourceAudio = inspect_media(recording, ffmpeg, max_duration_ms=600_000)
        take = PlacedSpeech(take_at_ms, make_tone(300, 1000, TAKE_RATE_HZ, peak_dbfs=-9), TAKE_RATE_HZ)
        self.track: VoiceTrack = write_voice_track(
            iter([take]),
            ffmpeg,
            total_ms=self.source.duration_ms,
            rate_hz=plan_rate(self.source.rate_hz),
            out=folder / "voice.flac",
        )

    def render(self, name: str = "dub.m4a", codec: Codec = AAC, preset=EBU) -> Loudness:
        plan = plan_mix(
            self.source.loudness,
            self.track.loudness,
            rate_hz=self.track.rate_hz,
            source_channels=self.source.channels,
            preset=preset,
        )
        return render_mix(
            self.recording,
            self.source,
            self.track,
            plan,
            self.folder / name,
            self.ffmpeg,
            title=TITLE,
            language_iso639_2="por",
            codec=codec,
        )

    def inspect(self, name: str = "dub.m4a") -> SourceAudio:
        return inspect_media(self.folder / name, self.ffmpeg, max_duration_ms=600_000)


def build_scene(ffmpeg: Ffmpeg, folder: Path, *, rate_hz: int = 48_000, channels: int = 2, **more: int) -> Scene:
    noise = np.stack([make_noise(LENGTH_MS, rate_hz, seed=n) for n in range(channels)], axis=1)
    return Scene(ffmpeg, folder, encode(ffmpeg, noise, rate_hz, folder / "a", "-f", "wav"), **more)


def probe(file: Path) -> dict:
    command = [sys.executable, av_probe.__file__, "{}", name_file(file)]
    return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 32_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_dub_is_as_long_as_its_recording_to_the_frame(ffmpeg: Ffmpeg, tmp_path: Path, rate_hz: int, channels: int):
    scene = build_scene(ffmpeg, tmp_path, rate_hz=rate_hz, channels=channels)
    scene.render("dub.flac", LOSSLESS)
    dub = scene.inspect("dub.flac")
    assert dub.rate_hz == (rate_hz if rate_hz in (32_000, 44_100, 48_000) else 48_000)
    assert dub.channels == min(channels, 2)
    assert dub.frames == LENGTH_MS * dub.rate_hz // 1000


@pytest.mark.parametrize("channels", [1, 2])
def test_what_players_get_is_aac_of_the_same_length(ffmpeg: Ffmpeg, tmp_path: Path, channels: int):
    scene = build_scene(ffmpeg, tmp_path, rate_hz=44_100, channels=channels)
    scene.render()
    dub = scene.inspect()
    assert (dub.codec, dub.container, dub.channels, dub.rate_hz) == ("aac", "mov", channels, 44_100)
    assert abs(dub.frames - scene.source.frames) <= 1024


def test_a_dub_can_be_played_before_it_is_downloaded(ffmpeg: Ffmpeg, tmp_path: Path):
    build_scene(ffmpeg, tmp_path).render()
    data = (tmp_path / "dub.m4a").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_take_that_runs_over_the_end_makes_the_dub_longer(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path, take_at_ms=LENGTH_MS - 300)
    scene.render("dub.flac", LOSSLESS)
    assert scene.inspect("dub.flac").duration_ms == LENGTH_MS + 700


def test_a_dub_says_what_it_is_and_in_which_language(ffmpeg: Ffmpeg, tmp_path: Path):
    tagged = ["-f", "flac", "-metadata", "artist=Secret", "-metadata", "title=Confidential"]
    recording = encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", *tagged)
    Scene(ffmpeg, tmp_path, recording).render()
    data = (tmp_path / "dub.m4a").read_bytes()
    assert TITLE.encode() in data
    assert SYNTHETIC_SPEECH_NOTE.encode() in data
    assert b"Secret" not in data
    assert b"Confidential" not in data
    assert read_language(tmp_path / "dub.m4a") == "por"


def read_language(file: Path) -> str:
    import av

    with av.open(str(file)) as container:
        return container.streams[0].metadata["language"]


def test_the_same_inputs_give_the_same_bytes(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path, rate_hz=44_100)
    digests = set()
    for _ in range(3):
        scene.render(preset=PRESETS["podcast"])
        digests.add(hashlib.sha256((tmp_path / "dub.m4a").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_samples_that_are_no_numbers_do_not_reach_the_dub(ffmpeg: Ffmpeg, tmp_path: Path):
    noise = make_noise(LENGTH_MS, 48_000)
    noise[[5000, 6000]] = [np.nan, np.inf]
    recording = encode(ffmpeg, noise, 48_000, tmp_path / "a", "-f", "wav", "-c:a", "pcm_f32le")
    scene = Scene(ffmpeg, tmp_path, recording)
    assert assess_loudness(scene.render(), EBU).is_on_target
    assert not scene.inspect().has_invalid_samples


def test_the_sound_of_a_film_is_dubbed_without_its_pictures(ffmpeg: Ffmpeg, tmp_path: Path):
    video = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=6", "-map", "0:a", "-map", "1:v", "-c:v", "mpeg4", "-f", "mp4"]
    scene = Scene(ffmpeg, tmp_path, encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", *video))
    scene.render()
    assert scene.source.has_video
    assert not scene.inspect().has_video


def test_a_recording_that_is_no_longer_there_is_an_error(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path)
    scene.track.path.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(MediaError):
        scene.render()
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_leaves_no_half_written_dub(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path)
    with largest_file(20_000), pytest.raises(DiskFullError):
        scene.render()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "voice.flac"]
