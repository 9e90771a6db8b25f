"""How things are made to go wrong: processes are killed, the emulator of the vendors is told, the store's disk breaks.

The store is a small disk of its own, for root may write through any permission. Faithful are a full disk and one that
the kernel has made read-only; not tried are a disk that answers slowly, a network between the machines, and power cuts.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from resources.database.server.files import ServerFiles, find_state
from resources.settings import PREFIX
from tests.chaos.schedule import VENDOR_FAULTS, Event, Family
from tests.e2e.conftest import Machine
from tests.e2e.stack import Stack
from tests.support.waiting import wait_for
from vendor_emulator.server import VendorEmulator

FORKED = "multiprocessing.forkserver"
VICTIM_S = 15.0
"""How long a victim is waited for, seconds: a service may be starting, and there may be no run at this moment."""

REMOUNT_S = 5.0
BALLAST = ".ballast"
BLOCK_BYTES = 1 << 16


class NothingToBreakError(Exception):
    """There was no victim, or this machine does not let us."""


class SmallDisk:
    """A disk of its own for the store.

    Args:
        folder: where it is mounted, by `mounted`; None where this machine does not allow that.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def fail(self, how: str) -> None:
        """Let it be ``full`` or ``read-only`` until it is mended."""
        if self._folder is None:
            raise NothingToBreakError("this machine does not let us mount a disk")
        if how == "full":
            self._fill(self._folder / BALLAST)
        else:
            # Refused while a file is open for writing; the kernel itself, after a disk error, would not ask.
            wait_for(lambda: self._remount("ro"), "the store to be read-only", REMOUNT_S)

    def mend(self) -> None:
        """Let it be as before; more than once does no harm."""
        if self._folder is not None:
            self._remount("rw")
            (self._folder / BALLAST).unlink(missing_ok=True)

    def _fill(self, ballast: Path) -> None:
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(bytes(BLOCK_BYTES)):
                continue
        with suppress(OSError), ballast.open("ab", buffering=0) as file:
            while file.write(bytes(1)):
                continue

    def _remount(self, mode: str) -> bool:
        command = ["mount", "-o", f"remount,{mode}", str(self._folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[SmallDisk]:
    """Mount a disk in memory, where that is allowed."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    is_mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield SmallDisk(folder if is_mounted else None)
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@dataclass(frozen=True)
class Trouble:
    """Makes events happen to one stack."""

    machine: Machine
    stack: Stack
    emulator: VendorEmulator
    disk: SmallDisk

    def cause(self, event: Event) -> int | None:
        """Let an event happen; gives the process that died of it.

        Raises:
            NothingToBreakError: there was nothing that it could happen to.
        """
        match event.family:
            case Family.VENDOR:
                self.emulator.add_fault(**VENDOR_FAULTS[event.what])
            case Family.STORE:
                self.disk.fail(event.what)
            case _:
                return self._kill(event)
        return None

    def end(self) -> None:
        """Let nothing more go wrong, the vendors' faults included that no request has met."""
        self.emulator.clear_faults()
        self.disk.mend()

    def _kill(self, event: Event) -> int:
        victims: list[int] = []

        def find() -> bool:
            victims[:] = self._find_victims(event)
            return bool(victims)

        with suppress(AssertionError):
            wait_for(find, "a victim", VICTIM_S, pause_s=0.2)
        if not victims:
            raise NothingToBreakError(f"no {event.what} was alive")
        victim = victims[int(event.draw * len(victims))]
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        return victim

    def _find_victims(self, event: Event) -> list[int]:
        if event.family is Family.RUN:
            return find_runs(self.machine)
        found = self.find_postgres() if event.family is Family.DATABASE else self.stack.find(event.what)
        return [found] if found is not None else []

    def find_postgres(self) -> int | None:
        """Process id of the database's first process."""
        state = find_state(ServerFiles((self.machine.data / "postgres").resolve()))
        return state.postgres_pid if state and psutil.pid_exists(state.postgres_pid) else None


def find_runs(machine: Machine) -> list[int]:
    """Process ids of the runs: forked by the process that the code server keeps for that, whose child they stay."""
    forked = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if FORKED in " ".join(process.cmdline()) and _belongs_to(process, machine):
                forked[process.pid] = process.ppid()
    return sorted(pid for pid, parent in forked.items() if parent in forked or parent == 1)


def _belongs_to(process: psutil.Process, machine: Machine) -> bool:
    return process.environ().get(f"{PREFIX}DATA_DIR") == str(machine.data)
