"""The packages of the engine report to nobody: no session file is left, no address is called."""

import subprocess
import sys
from pathlib import Path

import pytest

LOADERS = {
    "through our door": "from resources.local.packages import import_package\nimport_package('{name}')",
    "without it": "import {name}",
}


def load(name: str, loader: str, folder: Path) -> set[str]:
    """Import a package in a process of its own and name the files that this leaves in the temporary folder."""
    code = LOADERS[loader].format(name=name)
    environment = {"TMPDIR": str(folder), "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, cwd=Path(__file__).parents[3])
    return {path.name for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", ["onnxruntime", "faster_whisper", "kokoro_onnx"])
def test_importing_an_engine_package_leaves_no_session_file(name: str, tmp_path: Path) -> None:
    assert load(name, "through our door", tmp_path) == set()


def test_the_package_would_report_if_it_were_let(tmp_path: Path) -> None:
    """When this fails, onnxruntime has changed and the test above needs another sign to look for."""
    assert load("onnxruntime", "without it", tmp_path) == {".ses"}
