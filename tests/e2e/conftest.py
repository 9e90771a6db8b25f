"""The command as a user runs it, in folders of its own."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

DUBLINE = Path(sys.executable).with_name("dubline")
DEADLINE_S = 300


@dataclass
class Machine:
    """A machine of its own: data, cache and working folder; dubs are heard again only where a test is about that."""

    folder: Path
    cache: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start the command in a process group of its own, as a terminal would."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DUBLINE_")}
        environment |= {
            "DUBLINE_DATA_DIR": str(self.data),
            "DUBLINE_CACHE_DIR": str(self.cache),
            "DUBLINE_RECOGNISE_AGAIN": "off",
            "COLUMNS": "160",
        }
        return subprocess.Popen(
            [str(DUBLINE), *map(str, arguments)],
            cwd=self.folder,
            env=environment | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=DEADLINE_S)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(pattern, line):
            return line
    raise AssertionError(f"the command ended without printing {pattern}: {process.stderr and process.stderr.read()}")


def find_processes(machine: Machine) -> list[str]:
    """Command lines of everything that works in the machine's folder, whoever started it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(machine.folder) in words or (process.info["cwd"] or "").startswith(str(machine.folder)):
            found.append(words)
    return found


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def machine(tmp_path: Path, cache: Path) -> Machine:
    return Machine(tmp_path, cache)
