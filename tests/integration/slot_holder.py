"""Another process that holds a machine's slots: ``python -m tests.integration.slot_holder FOLDER COUNT ROUNDS``.

It takes the slots from several threads and writes down, in files beside them, how many anybody held at that time; with
0 rounds it takes one and holds it until somebody kills it. It says when it is ready and when it holds.
"""

import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from resources import machine_slots
from resources.machine_slots import MachineSlots
from resources.purchasing.orders import Order
from tests.integration.purchasing.shop import Pauses, run_all

NAME = "work"
THREADS = 3
WORK_S = 0.02


def start_holder(folder: Path, count: int, rounds: int) -> "subprocess.Popen[str]":
    """Start one; it begins at a line of input."""
    command = [sys.executable, "-m", "tests.integration.slot_holder", str(folder), str(count), str(rounds)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def make_order(pauses: Pauses | None = None) -> Order:
    pauses = pauses or Pauses(lasts=True)
    return Order(uuid.uuid4(), None, pauses, pauses.working)


def work_in_slots(slots: MachineSlots, folder: Path, rounds: int) -> None:
    """Hold slots, and write down how many anybody holds."""

    def work() -> None:
        for _ in range(rounds):
            me = uuid.uuid4().hex
            with slots.hold(make_order()):
                mark = folder / f"{me}.in"
                mark.touch()
                counted = len(list(folder.glob("*.in")))
                (folder / f"{me}.counted").write_text(str(counted))
                threading.Event().wait(WORK_S)
                mark.unlink()

    works: list[Callable[[], None]] = [work] * THREADS
    run_all(works)


def main(folder: Path, count: int, rounds: int) -> None:
    machine_slots.POLL_S = WORK_S / 2
    slots = MachineSlots(folder / "slots", NAME, count)
    print("ready", flush=True)
    sys.stdin.readline()
    if rounds:
        work_in_slots(slots, folder, rounds)
    else:
        with slots.hold(make_order()):
            print("held", flush=True)
            threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
