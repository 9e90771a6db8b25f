"""Folders of living and dead processes; the processes are real, because a lock ends with one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.workspaces import open_workspace, sweep_workspaces

HOLD = """
import sys, pathlib
from resources.workspaces import open_workspace
with open_workspace("mix") as folder:
    (folder / "take.wav").write_bytes(b"sound")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


@pytest.fixture
def worker(temporary: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process at work in a workspace."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert Path(process.stdout.readline().strip()).parent == temporary
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_workspace_is_gone_with_what_is_in_it_when_the_work_is_done_or_fails(temporary: Path) -> None:
    def work() -> None:
        with open_workspace("mix") as folder:
            assert folder.name.startswith("dubline-mix-")
            (folder / "take.wav").touch()
            raise ValueError("It failed.")

    with pytest.raises(ValueError, match="It failed"):
        work()
    assert list(temporary.iterdir()) == []


def test_only_the_owner_can_look_into_a_workspace(temporary: Path) -> None:
    with open_workspace("mix") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_living_process_works_in_is_never_swept(worker: subprocess.Popen[str], temporary: Path) -> None:
    assert worker.poll() is None
    with open_workspace("own"):
        assert sweep_workspaces() == 0
        assert len(list(temporary.iterdir())) == 2


def test_what_a_killed_process_left_is_swept(worker: subprocess.Popen[str], temporary: Path) -> None:
    worker.kill()
    worker.wait()
    assert len(list(temporary.iterdir())) == 1
    assert sweep_workspaces() == 1
    assert list(temporary.iterdir()) == []


def test_what_was_left_beside_is_swept_when_the_next_is_opened_there(tmp_path: Path) -> None:
    (tmp_path / "dubline-weights-x.work").mkdir()
    with open_workspace("weights", beside=tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_foreign_folders_files_and_links_are_left_alone(temporary: Path) -> None:
    for name in ("dubline-other", "somebody.work", "dubline-test-weights-1"):
        (temporary / name).mkdir()
    (temporary / "dubline-file.work").touch()
    kept = temporary / "kept"
    kept.mkdir()
    (kept / "precious").touch()
    (temporary / "dubline-link.work").symlink_to(kept)
    before = sorted(temporary.rglob("*"))
    assert sweep_workspaces() == 0
    assert sorted(temporary.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_workspace_is_left_alone(temporary: Path) -> None:
    foreign = temporary / "dubline-mix-1.work"
    foreign.mkdir()
    os.chown(foreign, 12345, 12345)
    assert sweep_workspaces() == 0
    assert foreign.is_dir()


def test_a_link_inside_a_workspace_does_not_lead_the_sweep_out_of_it(temporary: Path) -> None:
    kept = temporary / "kept"
    kept.mkdir()
    (kept / "precious").touch()
    left = temporary / "dubline-mix-1.work"
    left.mkdir()
    (left / "out").symlink_to(kept)
    assert sweep_workspaces() == 1
    assert (kept / "precious").exists()


def test_a_folder_that_was_swept_before_it_was_held_is_made_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process sweeps at the worst moment: after the folder was made, before it is held."""
    lock, sweeps = os.open, iter([True])

    def sweep_first(path: Path, *options: object, **more: object) -> int:
        if str(path).endswith(".work") and not more and next(sweeps, False):
            Path(path).rmdir()
        return lock(path, *options, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", sweep_first)
    with open_workspace("mix") as folder:
        assert folder.is_dir()


def test_a_temporary_folder_that_is_not_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep_workspaces(tmp_path / "missing") == 0
