"""Rendering a dub: length, layout, tags, repeatability, and what happens when it cannot be written."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubbing.delivery import AudioFormat, BedKind
from dubbing.errors import DiskFullError, MediaError
from dubbing.mixing import PRESETS, Loudness, assess_loudness, plan_mix, plan_rate
from resources.media import av_probe
from resources.media.bed import prepare_bed
from resources.media.codecs import CODECS, Tags
from resources.media.decoding import decode_blocks
from resources.media.ffmpeg import Ffmpeg, name_file
from resources.media.inspection import SourceAudio, inspect_media
from resources.media.mix_graph import MixInputs
from resources.media.mixing import Mix, finish_dub, measure_under_speech, render_mix, render_voice, write_dub
from resources.media.voice_track import PlacedSpeech, VoiceTrack, write_voice_track
from tests.integration.media.test_ffmpeg import largest_file
from tests.support.audio import TAKE_RATE_HZ, encode, make_noise, make_tone, measure_rms_db

LENGTH_MS = 6_000
EBU = PRESETS["ebu_r128"]
TITLE = "-i 'Ünï: [a];b,c=d' | $(x)"
TAGS = Tags(TITLE, "por")


class NoSeparator:
    """Finds no speech, so that a bed stays as it is; of separation it proves nothing."""

    def separate(self, blocks, rate_hz):
        return blocks


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
            out=folder / "voice.wav",
        )

    def prepare(self, kind: BedKind = "duck", preset=EBU, kept: tuple[tuple[int, int], ...] = ()) -> MixInputs:
        plan = plan_mix(
            self.source.loudness,
            self.track.loudness,
            rate_hz=self.track.rate_hz,
            source_channels=self.source.channels,
            preset=preset,
        )
        bed = prepare_bed(
            self.recording,
            self.source,
            kind,
            [],
            self.ffmpeg,
            rate_hz=plan.rate_hz,
            channels=plan.channels,
            out=self.folder / "bed.wav",
            separator=NoSeparator,
            keeps_original=bool(kept),
        )
        return MixInputs(bed, kind, self.track, plan, kept)

    def mix(self, **wanted) -> Mix:
        return render_mix(self.prepare(**wanted), self.folder / "mix.wav", self.ffmpeg)

    def render(self, audio_format: AudioFormat = "m4a", **wanted) -> Loudness:
        mix = self.mix(**wanted)
        return finish_dub(
            mix, CODECS[audio_format], self.folder / f"dub.{audio_format}", self.ffmpeg, tags=TAGS
        ).loudness

    def inspect(self, name: str = "dub.m4a") -> SourceAudio:
        return inspect_media(self.folder / name, self.ffmpeg, max_duration_ms=600_000)


def build_scene(ffmpeg: Ffmpeg, folder: Path, *, rate_hz: int = 48_000, channels: int = 2, **more: int) -> Scene:
    noise = np.stack([make_noise(LENGTH_MS, rate_hz, seed=n) for n in range(channels)], axis=1)
    return Scene(ffmpeg, folder, encode(ffmpeg, noise, rate_hz, folder / "a", "-f", "wav"), **more)


def probe(file: Path) -> dict:
    command = [sys.executable, av_probe.__file__, "{}", name_file(file)]
    return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(8_000, 1), (16_000, 2), (32_000, 2), (44_100, 1), (48_000, 6), (96_000, 2)]
)
def test_a_dub_is_as_long_as_its_recording_to_the_frame(ffmpeg: Ffmpeg, tmp_path: Path, rate_hz: int, channels: int):
    scene = build_scene(ffmpeg, tmp_path, rate_hz=rate_hz, channels=channels)
    scene.render("flac")
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
    scene.render("flac")
    assert scene.inspect("dub.flac").duration_ms == LENGTH_MS + 700


def test_nothing_of_the_tags_of_a_recording_is_carried_over(ffmpeg: Ffmpeg, tmp_path: Path):
    tagged = ["-f", "flac", "-metadata", "artist=Secret", "-metadata", "title=Confidential"]
    recording = encode(ffmpeg, make_noise(LENGTH_MS, 48_000), 48_000, tmp_path / "a", *tagged)
    Scene(ffmpeg, tmp_path, recording).render()
    data = (tmp_path / "dub.m4a").read_bytes()
    assert TITLE.encode() in data
    assert b"Secret" not in data
    assert b"Confidential" not in data


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


def test_a_track_that_is_no_longer_there_is_an_error(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path)
    inputs = scene.prepare()
    scene.track.path.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(MediaError):
        render_mix(inputs, tmp_path / "mix.wav", ffmpeg)
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_leaves_no_half_written_mix(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path)
    inputs = scene.prepare()
    with largest_file(20_000), pytest.raises(DiskFullError):
        render_mix(inputs, tmp_path / "mix.wav", ffmpeg)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "bed.wav", "voice.wav"]


def test_a_full_disk_leaves_no_half_written_dub(ffmpeg: Ffmpeg, tmp_path: Path):
    mix = build_scene(ffmpeg, tmp_path).mix()
    with largest_file(20_000), pytest.raises(DiskFullError):
        finish_dub(mix, CODECS["m4a"], tmp_path / "dub.m4a", ffmpeg, tags=TAGS)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "bed.wav", "mix.wav", "voice.wav"]


def test_progress_is_told_while_a_dub_is_written(ffmpeg: Ffmpeg, tmp_path: Path):
    told: list[float] = []
    mix = build_scene(ffmpeg, tmp_path).mix()
    finish_dub(mix, CODECS["wav"], tmp_path / "dub.wav", ffmpeg, tags=TAGS, report=told.append)
    assert told
    assert all(0 <= share <= 1 for share in told)


def read(scene: Scene, file: Path) -> np.ndarray:
    rate_hz, channels = scene.track.rate_hz, min(2, scene.source.channels)
    return np.concatenate(
        list(decode_blocks(file, scene.ffmpeg, rate_hz=rate_hz, channels=channels, block_frames=65_536))
    )


def test_without_a_bed_nothing_but_the_voice_is_heard(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path)
    mix = read(scene, scene.mix(kind="none").path)
    assert len(mix) == LENGTH_MS * 48
    assert np.abs(mix[: 1_990 * 48]).max() == np.abs(mix[3_010 * 48 :]).max() == 0
    assert np.abs(mix[2_100 * 48 : 2_900 * 48]).max() > 0.01


@pytest.mark.parametrize("kind", ["none", "separate"])
def test_a_kept_line_is_heard_as_it_was(ffmpeg: Ffmpeg, tmp_path: Path, kind: BedKind):
    """The bed is silenced after it was made, so that only what is put into it is heard."""
    scene = build_scene(ffmpeg, tmp_path)
    inputs = scene.prepare(kind=kind, kept=((4_000, 5_000),))
    silence = scene.prepare(kind="none").bed.path if kind == "none" else encode_silence(scene)
    spliced = replace(inputs, bed=replace(inputs.bed, path=silence))
    mix = read(scene, render_mix(spliced, tmp_path / "mix.wav", ffmpeg).path)
    original = read(scene, scene.recording)
    assert np.allclose(mix[4_000 * 48 : 5_000 * 48], original[4_000 * 48 : 5_000 * 48], atol=1e-6)
    assert np.abs(mix[3_500 * 48 : 3_979 * 48]).max() == np.abs(mix[5_021 * 48 :]).max() == 0


def test_a_kept_line_between_near_takes_is_not_ducked(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path)
    inputs, kept = scene.prepare(), (3_260, 3_500)
    tone = make_tone(300, 1000, TAKE_RATE_HZ, peak_dbfs=-9)
    takes = [PlacedSpeech(at_ms, tone, TAKE_RATE_HZ) for at_ms in (2_000, 3_540)]
    track = write_voice_track(
        iter(takes), ffmpeg, total_ms=LENGTH_MS, rate_hz=48_000, out=tmp_path / "b.wav", kept=[kept]
    )
    mix = read(scene, render_mix(replace(inputs, track=track), tmp_path / "mix.wav", ffmpeg).path)
    heard = slice(kept[0] * 48, kept[1] * 48)
    assert measure_rms_db(mix[heard]) == pytest.approx(measure_rms_db(read(scene, scene.recording)[heard]), abs=0.1)


def encode_silence(scene: Scene) -> Path:
    silence = np.zeros((LENGTH_MS * 48, 2), np.float32)
    return encode(scene.ffmpeg, silence, 48_000, scene.folder / "silence", "-f", "wav", "-c:a", "pcm_f32le")


def test_a_kept_line_needs_the_original(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path)
    inputs = replace(scene.prepare(kind="none"), kept=((4_000, 5_000),))
    with pytest.raises(ValueError, match="without the original"):
        render_mix(inputs, tmp_path / "mix.wav", ffmpeg)


def test_the_voice_alone_and_what_lies_under_it_add_up_to_the_dub(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = build_scene(ffmpeg, tmp_path)
    inputs = scene.prepare()
    mix = render_mix(inputs, tmp_path / "mix.wav", ffmpeg)
    dub = finish_dub(mix, CODECS["wav"], tmp_path / "dub.wav", ffmpeg, tags=TAGS)
    alone = render_voice(inputs, tmp_path / "alone.wav", ffmpeg)
    write_dub(alone, dub.master, CODECS["wav"], tmp_path / "voice.wav", ffmpeg, tags=TAGS)
    voice, whole = read(scene, tmp_path / "voice.wav"), read(scene, tmp_path / "dub.wav")
    under = read(scene, inputs.bed.path) * 10 ** ((dub.master.gain_db - 12) / 20)
    speaking = slice(2_100 * 48, 2_900 * 48)
    assert len(voice) == len(whole)
    assert np.abs(voice[: 1_990 * 48]).max() == 0
    assert np.abs(whole[speaking] - voice[speaking] - under[speaking]).max() < 1e-3


@pytest.mark.parametrize(("wanted_db", "heard_db"), [(-6.0, -6.0), (-20.0, -20.0)])
def test_a_bed_is_lowered_as_deep_as_it_is_planned(ffmpeg: Ffmpeg, tmp_path: Path, wanted_db: float, heard_db: float):
    scene = build_scene(ffmpeg, tmp_path)
    inputs = scene.prepare()
    deep = replace(inputs, plan=replace(inputs.plan, duck_db=wanted_db, voice_gain_db=-200.0))
    mix = read(scene, render_mix(deep, tmp_path / "mix.wav", ffmpeg).path)
    bed = read(scene, inputs.bed.path)
    speaking, free = slice(2_050 * 48, 3_000 * 48), slice(4_000 * 48, None)
    assert measure_rms_db(mix[speaking]) - measure_rms_db(bed[speaking]) == pytest.approx(heard_db, abs=0.05)
    assert np.array_equal(mix[free], bed[free])


def test_a_bed_is_measured_where_the_dub_speaks(ffmpeg: Ffmpeg, tmp_path: Path):
    """It is loud elsewhere, which does not count."""
    noise = make_noise(LENGTH_MS, 48_000, rms_dbfs=-15)
    noise[1_700 * 48 : 3_200 * 48] *= 0.1
    scene = Scene(ffmpeg, tmp_path, encode(ffmpeg, noise, 48_000, tmp_path / "a", "-f", "wav"))
    inputs = scene.prepare()
    under = measure_under_speech(inputs.bed, scene.track, ffmpeg)
    assert under.integrated_lufs == pytest.approx(scene.source.loudness.integrated_lufs - 20, abs=1.0)
