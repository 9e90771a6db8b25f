"""The main job with the real engines on the real recording."""

import hashlib
import re
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from dubbing.caption_formats import parse_srt, parse_vtt
from dubbing.captions import check_cues
from dubbing.engines import Recording
from dubbing.fitting import MAX_SPEED
from dubbing.manifest import Manifest, parse_manifest
from dubbing.word_error_rate import measure_word_error_rate
from resources.container import Container
from resources.media.loudness import measure_loudness
from resources.settings import Settings
from tests.e2e.conftest import Machine

RECORDING = Path(__file__).parents[2] / "samples" / "sense_and_sensibility.wav"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"), cache, {"DUBLINE_RECOGNISE_AGAIN": "sample"})


@pytest.fixture(scope="module")
def container(machine: Machine) -> Container:
    return Container(Settings(data_dir=machine.data, cache_dir=machine.cache))


@pytest.fixture(scope="module")
def first(machine: Machine) -> subprocess.CompletedProcess[str]:
    return machine.run("dub", RECORDING, "--to", "pt-BR", "--out", "out")


@pytest.fixture(scope="module")
def manifest(machine: Machine, first: subprocess.CompletedProcess[str]) -> Manifest:
    assert first.returncode == 0, first.stderr
    return parse_manifest((machine.folder / "out" / "manifest.json").read_bytes())


def test_the_command_ends_well_and_tells_what_it_made(first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 0, first.stderr
    assert re.search(r"Synthesised \d+ of \d+ takes", first.stdout)
    assert "pt-BR" in first.stdout
    assert "LUFS" in first.stdout
    assert first.stderr == ""


def test_every_file_of_the_manifest_is_there_with_its_hash(machine: Machine, manifest: Manifest) -> None:
    files = [*manifest.source.artifacts, *(file for entry in manifest.languages for file in entry.artifacts)]
    assert {file.path for file in files} == {
        "source/captions.srt", "source/captions.vtt",
        "pt-BR/dub.m4a", "pt-BR/captions.srt", "pt-BR/captions.vtt", "pt-BR/waveform.png",
    }  # fmt: skip
    for file in files:
        content = (machine.folder / "out" / file.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size_bytes, file.sha256)
    delivered = {path.relative_to(machine.folder / "out").as_posix() for path in (machine.folder / "out").rglob("*.*")}
    assert delivered == {"manifest.json", *(file.path for file in files)}


def test_the_dub_recognised_again_says_what_was_translated(
    machine: Machine, manifest: Manifest, container: Container
) -> None:
    captions = parse_srt((machine.folder / "out/pt-BR/captions.srt").read_text())
    wanted = " ".join(line for cue in captions for line in cue.lines)
    dub = Recording(
        duration_ms=manifest.source.duration_ms, fetch=lambda: nullcontext(machine.folder / "out/pt-BR/dub.m4a")
    )
    heard = container.recognizer.recognize(dub, language="pt").value
    rate = measure_word_error_rate(wanted, " ".join(word.text for word in heard.words))
    print(f"\nword error rate of the dub recognised again: {rate:.3f}")
    assert rate <= 0.25


def test_the_dub_is_measured_to_be_what_an_engineer_would_sign(manifest: Manifest) -> None:
    (entry,) = manifest.languages
    quality = entry.quality
    assert quality is not None
    print(f"\n{quality.model_dump()}")
    assert quality.voiced == quality.segments
    assert (quality.source_overlap or 0.0) >= 0.70
    assert quality.onset_p95_ms is not None
    assert quality.onset_p95_ms <= 120
    assert quality.max_speed <= MAX_SPEED
    assert abs(quality.integrated_lufs + 16) <= 0.5
    assert quality.true_peak_dbtp <= -1.0
    assert quality.caption_violations == 0
    assert quality.null_residual_db is not None
    assert quality.null_residual_db <= -40
    assert quality.word_error_rate is not None
    assert quality.word_error_rate <= 0.20
    assert quality.issues == ()


def test_the_dub_has_delivery_loudness(machine: Machine, manifest: Manifest, container: Container) -> None:
    loudness = measure_loudness(machine.folder / "out/pt-BR/dub.m4a", 1, container.ffmpeg)
    assert abs(loudness.integrated_lufs + 16) <= 1
    assert loudness.true_peak_dbtp <= -1


def test_no_take_is_faster_than_people_hear_as_natural(manifest: Manifest) -> None:
    timing = manifest.languages[0].timing
    assert timing is not None
    assert timing.max_speed <= MAX_SPEED
    assert timing.voiced == timing.segments


@pytest.mark.parametrize(("name", "parse"), [("captions.srt", parse_srt), ("captions.vtt", parse_vtt)])
def test_the_captions_keep_the_rules(machine: Machine, manifest: Manifest, name: str, parse: object) -> None:
    cues = parse((machine.folder / "out/pt-BR" / name).read_text())  # type: ignore[operator]
    assert len(cues) >= 5
    assert check_cues(cues, "pt-BR") == ()


def test_a_second_run_synthesises_nothing_and_gives_the_same_dub(machine: Machine, manifest: Manifest) -> None:
    before = (machine.folder / "out/pt-BR/dub.m4a").read_bytes()
    again = machine.run("dub", RECORDING, "--to", "pt-BR", "--out", "again")
    assert again.returncode == 0, again.stderr
    assert "Synthesised nothing" in again.stdout
    assert (machine.folder / "again/pt-BR/dub.m4a").read_bytes() == before
