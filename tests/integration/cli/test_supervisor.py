"""The supervisor over small real processes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from cli import supervisor as supervisor_module
from cli.supervisor import ProcessDiedError, Service, Supervisor
from tests.support.waiting import wait_for

FOREVER = "while :; do sleep 0.02; done"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(supervisor_module, "LOOK_S", 0.02)


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def supervisor(shown: list[str], stop: threading.Event) -> Supervisor:
    return Supervisor(os.environ, lambda name, line: shown.append(f"{name}: {line}"), stop)


def run(supervisor: Supervisor, *services: Service) -> None:
    with supervisor:
        supervisor.start(services)
        supervisor.watch()


def build_service(
    name: str, script: str, is_ready: Callable[[], bool] = lambda: True, ready_deadline_s: float = 20
) -> Service:
    return Service(name, ["sh", "-c", script], is_ready, ready_deadline_s=ready_deadline_s, stop_deadline_s=5)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def read_pid(file: Path) -> int:
    wait_for(lambda: file.exists() and file.read_text().endswith("\n"), "a process to tell its id")
    return int(file.read_text())


def stop_once(stop: threading.Event, condition: Callable[[], bool]) -> None:
    try:
        wait_for(condition, "the moment to stop")
    finally:
        stop.set()


def test_a_service_that_keeps_dying_ends_everything_and_is_named(
    supervisor: Supervisor, shown: list[str], tmp_path: Path
) -> None:
    steady = build_service("steady", f"echo $$ > {tmp_path}/pid; {FOREVER}")
    with pytest.raises(ProcessDiedError, match="moody died 3 times within 60 s, last with code 7"):
        run(supervisor, steady, build_service("moody", "exit 7"))
    assert [line.partition(";")[0] for line in shown] == ["moody: died with code 7"] * 2
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_a_service_that_is_not_ready_in_time_is_named(supervisor: Supervisor) -> None:
    slow = build_service("slow", FOREVER, lambda: False, ready_deadline_s=0.1)
    with pytest.raises(ProcessDiedError, match="service slow was not ready within"):
        run(supervisor, build_service("quick", FOREVER), slow)


def test_what_is_started_next_waits_for_what_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    first = build_service("first", f"echo > {tmp_path}/ready; {FOREVER}", (tmp_path / "ready").exists)
    with supervisor:
        supervisor.start([first])
        assert (tmp_path / "ready").exists()


def test_services_are_stopped_in_the_reverse_order_of_their_start(supervisor: Supervisor, tmp_path: Path) -> None:
    def build(name: str) -> Service:
        script = f"trap 'echo {name} >> {tmp_path}/stopped; exit' TERM; echo > {tmp_path}/{name}; {FOREVER}"
        return build_service(name, script, (tmp_path / name).exists)

    with supervisor:
        supervisor.start([build("first")])
        supervisor.start([build("second"), build("third")])
    assert (tmp_path / "stopped").read_text().split() == ["third", "second", "first"]


def test_the_children_of_a_service_end_with_the_stack_even_when_the_service_died_before(
    supervisor: Supervisor, stop: threading.Event, tmp_path: Path
) -> None:
    child = f"sh -c 'echo $$ > {tmp_path}/child; {FOREVER}' & echo $$ > {tmp_path}/parent; {FOREVER}"
    with supervisor:
        supervisor.start([build_service("code", child, (tmp_path / "child").exists)])
        os.kill(read_pid(tmp_path / "parent"), signal.SIGKILL)
        first_child = read_pid(tmp_path / "child")
        (tmp_path / "child").unlink()
        threading.Thread(target=stop_once, args=[stop, (tmp_path / "child").exists]).start()
        supervisor.watch()
        assert is_alive(first_child), "the run of a code server that died goes on"
        second_child = read_pid(tmp_path / "child")
    assert not is_alive(first_child)
    assert not is_alive(second_child)


def test_a_service_that_does_not_stop_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; {FOREVER}"
    with supervisor:
        supervisor.start([Service("deaf", ["sh", "-c", script], (tmp_path / "pid").exists, stop_deadline_s=0.1)])
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_a_line_that_is_not_text_does_not_stop_the_service(supervisor: Supervisor, shown: list[str]) -> None:
    with supervisor:
        supervisor.start(
            [build_service("odd", rf"printf '\377\n'; echo more; {FOREVER}", lambda: "odd: more" in shown)]
        )
    assert "odd: �" in shown


KILLED = """
import os, sys, threading
from cli.supervisor import Service, Supervisor

with Supervisor(os.environ, lambda name, line: None, threading.Event()) as supervisor:
    supervisor.start([Service("code", ["sh", "-c", sys.argv[1]], lambda: True)])
    supervisor.watch()
"""


def test_after_kill_9_of_the_supervisor_the_children_of_its_services_are_gone_too(tmp_path: Path) -> None:
    child = f"sh -c 'echo $$ > {tmp_path}/child; {FOREVER}' & echo $$ > {tmp_path}/parent; {FOREVER}"
    with subprocess.Popen([sys.executable, "-c", KILLED, child]) as process:
        pids = [read_pid(tmp_path / name) for name in ("parent", "child")]
        process.kill()
    try:
        wait_for(lambda: not any(map(is_alive, pids)), "the service and its child to end")
    finally:
        for pid in filter(is_alive, pids):
            os.kill(pid, signal.SIGKILL)
