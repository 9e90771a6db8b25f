"""Whether the voice is heard in a real mix: it passes for a mix with its voice, and for no other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubbing.quality import MIN_VOICE_OVER_BED_DB
from resources.media.ffmpeg import Ffmpeg
from resources.media.mixing import Mix, render_mix
from resources.media.pcm_file import PcmFile
from resources.media.voice_presence import HIGHEST_DB, measure_voice_over_bed
from tests.integration.media.test_mixing import Scene, build_scene

TAKE = [(2_000, 3_000)]


@pytest.fixture
def scene(ffmpeg: Ffmpeg, tmp_path: Path) -> Scene:
    return build_scene(ffmpeg, tmp_path)


def measure(scene: Scene, mix: Mix) -> float:
    found = measure_voice_over_bed(mix, scene.track.path, TAKE)
    assert found is not None
    return found


def mix_at(scene: Scene, voice_gain_db: float) -> Mix:
    inputs = scene.prepare()
    louder = replace(inputs, plan=replace(inputs.plan, voice_gain_db=voice_gain_db))
    return render_mix(louder, scene.folder / "other.wav", scene.ffmpeg)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_voice_is_as_far_above_the_ducked_original_as_it_was_mixed(
    ffmpeg: Ffmpeg, tmp_path: Path, channels: int
) -> None:
    scene = build_scene(ffmpeg, tmp_path, channels=channels)
    usual_db = measure(scene, scene.mix())
    assert usual_db > 0
    gain_db = scene.prepare().plan.voice_gain_db
    assert measure(scene, mix_at(scene, gain_db + 6)) == pytest.approx(usual_db + 6, abs=0.5)


def test_a_voice_that_was_turned_down_to_nothing_is_missing(scene: Scene) -> None:
    assert measure(scene, mix_at(scene, -120.0)) < MIN_VOICE_OVER_BED_DB


@pytest.mark.parametrize("sample", [0.0, np.nan])
def test_where_one_line_is_missing_the_voice_is(scene: Scene, sample: float) -> None:
    mix = scene.mix()
    with PcmFile(mix.path, mix.channels) as file:
        file.write(2_500 * 48, np.full((500 * 48, mix.channels), sample, np.float32))
    first, second = (2_000, 2_500), (2_500, 3_000)
    heard_db = measure_voice_over_bed(mix, scene.track.path, [first])
    assert heard_db is not None
    assert heard_db > 0
    assert measure_voice_over_bed(mix, scene.track.path, [first, second]) == -HIGHEST_DB


def test_a_mix_that_ends_before_its_voice_has_none(scene: Scene) -> None:
    mix = scene.mix()
    mix.path.write_bytes(mix.path.read_bytes()[: 1_000 * 48 * mix.channels * 4])
    assert measure(scene, mix) == -HIGHEST_DB


def test_a_voice_alone_is_above_all_else(scene: Scene) -> None:
    assert measure(scene, scene.mix(kind="none")) > 60


def test_a_track_without_a_voice_says_nothing(scene: Scene) -> None:
    assert measure_voice_over_bed(scene.mix(), scene.track.path, []) is None
    assert measure_voice_over_bed(scene.mix(), scene.track.path, [(4_000, 5_000)]) is None
