"""Ctrl-C, kill -9 and a full disk in the middle of the real job: nothing is lost and nothing is left."""

import os
import re
import signal
import wave
from pathlib import Path

import pytest

from cli.exit_codes import EXIT_CODES, INTERRUPTED
from tests.e2e.conftest import DEADLINE_S, Machine, find_processes, read_until
from tests.support.disks import small_disk
from tests.support.waiting import wait_for

RECORDING = Path(__file__).parents[2] / "samples" / "sense_and_sensibility.wav"
BEGINNING = "beginning.wav"
SECONDS = 12
OPTIONS = ("--to", "pt-BR", "--from", "en", "--out", "out")
COMMAND = ("dub", BEGINNING, *OPTIONS)


@pytest.fixture
def machine(machine: Machine) -> Machine:
    temporary = machine.folder / "tmp"
    temporary.mkdir()
    machine.environment["TMPDIR"] = str(temporary)
    with wave.open(str(RECORDING)) as source, wave.open(str(machine.folder / BEGINNING), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(SECONDS * source.getframerate()))
    return machine


def count_takes(output: str) -> tuple[int, int]:
    synthesised = re.search(r"Synthesised (\d+) of (\d+) takes", output)
    assert synthesised
    return int(synthesised[1]), int(synthesised[2])


@pytest.mark.parametrize("stage", ["synthesizing", "mixing"])
def test_ctrl_c_stops_everything_and_the_same_command_goes_on(machine: Machine, stage: str) -> None:
    process = machine.start(*COMMAND)
    read_until(process, f"pt-BR: {stage}")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == INTERRUPTED, out + err
    assert "goes on from here" in out
    assert err == ""
    wait_for(lambda: find_processes(machine) == [], "every child to end")
    assert list((machine.folder / "tmp").iterdir()) == []
    assert not (machine.folder / "out").exists()

    again = machine.run(*COMMAND)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Going on with the job" in again.stdout
    assert (machine.folder / "out/pt-BR/dub.m4a").is_file()


def test_after_kill_9_no_process_is_left_and_the_same_command_goes_on(machine: Machine) -> None:
    process = machine.start(*COMMAND)
    read_until(process, "pt-BR: mixing")
    process.kill()
    process.wait()
    wait_for(lambda: find_processes(machine) == [], "every child to end")

    again = machine.run(*COMMAND)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Going on with the job" in again.stdout
    made, needed = count_takes(again.stdout)
    assert made == needed, "the ledger of the job tells both runs together: each take was bought once"


def test_a_store_without_space_is_told_and_nothing_is_kept_in_it(machine: Machine) -> None:
    with small_disk(machine.data / "store", "512k"):
        result = machine.run("dub", RECORDING, *OPTIONS)
        assert result.returncode == EXIT_CODES["disk_full"], result.stdout + result.stderr
        assert result.stderr.strip().endswith("[disk_full]")
        assert [path for path in (machine.data / "store").rglob("*") if path.is_file()] == []
    assert not (machine.folder / "out").exists()


def test_an_output_folder_without_space_is_told_and_filled_later_without_buying_again(machine: Machine) -> None:
    with small_disk(machine.folder / "out", "64k"):
        result = machine.run(*COMMAND)
        assert result.returncode == EXIT_CODES["disk_full"], result.stdout + result.stderr
        assert [path.name for path in (machine.folder / "out").rglob("*") if path.name.endswith(".partial")] == []
    again = machine.run(*COMMAND)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Synthesised nothing" in again.stdout
