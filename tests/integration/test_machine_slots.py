import fcntl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dubbing.errors import DiskFullError
from dubbing.jobs import WaitingOn
from resources import machine_slots
from resources.machine_slots import MachineSlots
from tests.integration.purchasing.shop import Pauses, StoppedError
from tests.integration.slot_holder import NAME, THREADS, make_order, start_holder
from tests.support.waiting import wait_for

ROUNDS = 4
CAP = 2


@pytest.fixture(autouse=True)
def _short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_slots, "POLL_S", 0.01)


def stop_waiting() -> None:
    raise StoppedError


def begin(holders: "Sequence[subprocess.Popen[str]]", says: str = "ready\n") -> None:
    for holder in holders:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == says
    for holder in holders:
        assert holder.stdin is not None
        holder.stdin.write("\n")
        holder.stdin.flush()


@contextmanager
def hold_all(slots: MachineSlots, count: int = CAP) -> Iterator[None]:
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(slots.hold(make_order()))
        yield


def test_two_processes_of_three_threads_never_hold_more_than_there_are_and_all_get_through(tmp_path: Path) -> None:
    holders = [start_holder(tmp_path, CAP, ROUNDS) for _ in range(2)]
    begin(holders)
    for holder in holders:
        holder.communicate(timeout=60)
        assert holder.returncode == 0
    counted = [int(file.read_text()) for file in tmp_path.glob("*.counted")]
    assert len(counted) == 2 * THREADS * ROUNDS
    assert max(counted) == CAP


def test_a_process_that_is_killed_gives_its_slot_back_at_once(tmp_path: Path) -> None:
    slots = MachineSlots(tmp_path / "slots", NAME, 1)
    holder = start_holder(tmp_path, 1, 0)
    try:
        begin([holder])
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoppedError), slots.hold(make_order(Pauses(then=stop_waiting))):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with slots.hold(make_order(Pauses(then=stop_waiting))):
        pass


def test_a_process_that_was_killed_while_it_waited_keeps_nobody_out(tmp_path: Path) -> None:
    slots = MachineSlots(tmp_path / "slots", NAME, 1)
    waiting = start_holder(tmp_path, 1, 0)
    with slots.hold(make_order()):
        [door] = tmp_path.glob(f"slots/*/{NAME}.door")
        begin([waiting])
        wait_for(lambda: _is_locked(door), "the other process to wait")
        waiting.kill()
        waiting.communicate()
    with slots.hold(make_order(Pauses(then=stop_waiting))):
        pass


def test_machines_that_share_a_folder_have_their_own_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = MachineSlots(tmp_path, NAME, 1)
    monkeypatch.setattr(machine_slots.platform, "node", lambda: "../another")
    with hold_all(here, 1), MachineSlots(tmp_path, NAME, 1).hold(make_order(Pauses(then=stop_waiting))):
        pass
    assert [folder.parent for folder in tmp_path.iterdir()] == [tmp_path] * 2


def test_work_that_is_to_end_while_it_waits_keeps_neither_slot_nor_door(tmp_path: Path) -> None:
    slots = MachineSlots(tmp_path, NAME, CAP)
    with hold_all(slots), pytest.raises(StoppedError), slots.hold(make_order(Pauses(then=stop_waiting))):
        pass
    with hold_all(slots):
        pass


def test_who_gives_a_slot_back_and_wants_another_does_not_get_it_before_somebody_who_waited(tmp_path: Path) -> None:
    slots = MachineSlots(tmp_path, NAME, 1)
    waits, order = threading.Event(), []

    def wait_for_it() -> None:
        with slots.hold(make_order(Pauses(lasts=True, then=waits.set))):
            order.append("who waited")

    waiting = threading.Thread(target=wait_for_it)
    with slots.hold(make_order()):
        waiting.start()
        assert waits.wait(10)
    with slots.hold(make_order()):
        order.append("who had it")
    waiting.join(10)
    assert order == ["who waited", "who had it"]


def test_a_wait_for_the_machine_is_shown_only_once_it_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_slots, "QUIET_S", 0.1)
    slots, pauses = MachineSlots(tmp_path, NAME, 1), Pauses(lasts=True)
    pauses.then = lambda: stop_waiting() if pauses.seen[-1][0] is not None else None
    with hold_all(slots, 1), pytest.raises(StoppedError), slots.hold(make_order(pauses)):
        pass
    assert [waiting_on for waiting_on, _ in pauses.seen][:1] == [None]
    assert pauses.seen[-1][0] == WaitingOn.MACHINE


def test_work_in_a_slot_waits_for_nothing(tmp_path: Path) -> None:
    pauses = Pauses()
    with MachineSlots(tmp_path, NAME, 1).hold(make_order(pauses)):
        assert pauses.calls_under_way == 1
    assert pauses.calls_under_way == 0


def test_failing_work_gives_its_slot_back(tmp_path: Path) -> None:
    slots = MachineSlots(tmp_path, NAME, 1)
    for _ in range(2):
        with pytest.raises(ValueError, match="work"), slots.hold(make_order(Pauses(then=stop_waiting))):
            raise ValueError("work")


def test_a_link_in_the_place_of_a_slot_is_not_followed(tmp_path: Path) -> None:
    slots, elsewhere = MachineSlots(tmp_path / "slots", NAME, 1), tmp_path / "elsewhere"
    [machine] = (tmp_path / "slots").iterdir()
    (machine / f"{NAME}.0").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic"), slots.hold(make_order()):
        pass
    assert not elsewhere.exists()


def test_a_disk_without_room_for_a_slot_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = MachineSlots(tmp_path, NAME, 1)

    def refuse(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine_slots.os, "open", refuse)
    with pytest.raises(DiskFullError), slots.hold(make_order()):
        pass


def _is_locked(file: Path) -> bool:
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
