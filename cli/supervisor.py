"""The supervisor: starts services in order, starts again what dies, and leaves nothing behind.

What the services are belongs in ``services.py``.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from cli import warden
from cli.warden import is_group_alive, signal_group
from dubbing.errors import DubbingError
from resources.leash import find_leash

LOOK_S = 0.2
"""Between two looks at the services, seconds."""

DEATHS_ALLOWED = 2
"""Deaths of a service within the window that it is started again after; one more ends everything."""

DEATHS_WINDOW_S = 60.0
"""How far back deaths count, seconds."""

FIRST_PAUSE_S = 1.0
"""Pause before a service is started again, seconds; it doubles with each death that counts."""


class ProcessDiedError(DubbingError):
    """One of the supervised processes did not come up, or kept dying."""

    code = "internal"


@dataclass(frozen=True, slots=True)
class Service:
    """A process to keep running.

    Attributes:
        name: what people call it.
        command: how it is started.
        is_ready: whether it does its work by now; asked again and again while it starts.
        ready_deadline_s: how long that may take.
        stop_deadline_s: how long it may take to end before it is killed.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    ready_deadline_s: float = 60.0
    stop_deadline_s: float = 15.0


def plan_restart(deaths_s: Sequence[float]) -> float | None:
    """Choose the pause before a service is started again; None when it has died too often.

    Args:
        deaths_s: when it died, on a monotonic clock, oldest first; the last has just happened.

    >>> plan_restart([100.0]), plan_restart([100.0, 110.0]), plan_restart([100.0, 110.0, 120.0])
    (1.0, 2.0, None)
    >>> plan_restart([10.0, 20.0, 300.0])
    1.0
    """
    recent = sum(1 for death_s in deaths_s if deaths_s[-1] - death_s < DEATHS_WINDOW_S)
    return None if recent > DEATHS_ALLOWED else FIRST_PAUSE_S * 2 ** (recent - 1)


@dataclass(slots=True)
class _Running:
    service: Service
    process: subprocess.Popen[str]
    deaths_s: list[float] = field(default_factory=list)
    restart_at_s: float | None = None


class Supervisor:
    """Keeps services running for as long as its context lasts; use it in a thread that lives as long.

    Args:
        environment: what the services see.
        show: takes the name of a service and a line of it.
        stop: set when somebody asked for the end.
        look_after_more: called with every look at the services, for what is looked after beside them.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        show: Callable[[str, str], None],
        stop: threading.Event,
        look_after_more: Callable[[], None] = lambda: None,
    ) -> None:
        self._environment = environment
        self._show = show
        self._stop = stop
        self._look_after_more = look_after_more
        self._running: list[_Running] = []
        self._orphaned_groups: set[int] = set()

    def __enter__(self) -> Self:
        self._warden = subprocess.Popen(
            [sys.executable, "-I", "-S", warden.__file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for running in reversed(self._running):
            self._end(running)
        if self._warden.stdin is not None:
            self._warden.stdin.close()
        self._warden.wait()  # it ends the groups of services that had died

    def start(self, services: Sequence[Service]) -> None:
        """Start services side by side and wait until each is ready; returns early when the end is asked for.

        Raises:
            ProcessDiedError: one was not ready in time, or keeps dying.
        """
        begun_s = time.monotonic()
        for service in services:
            self._running.append(_Running(service, self._launch(service)))
        waiting = list(services)
        while not self._stop.is_set():
            self._look_after()
            waiting = [service for service in waiting if not service.is_ready()]
            if not waiting:
                return
            for service in waiting:
                if time.monotonic() - begun_s > service.ready_deadline_s:
                    raise ProcessDiedError(
                        f"The service {service.name} was not ready within {service.ready_deadline_s:.0f} s; "
                        "its lines above say why."
                    )
            self._stop.wait(LOOK_S)

    def watch(self) -> None:
        """Look after the services until the end is asked for.

        Raises:
            ProcessDiedError: one keeps dying.
        """
        while not self._stop.wait(LOOK_S):
            self._look_after()

    def _look_after(self) -> None:
        self._look_after_more()
        for group in [group for group in self._orphaned_groups if not is_group_alive(group)]:
            self._orphaned_groups.discard(group)
            self._tell_warden(-group)
        for running in self._running:
            if running.restart_at_s is None:
                if running.process.poll() is not None:
                    self._plan_restart(running)
            elif time.monotonic() >= running.restart_at_s:
                running.restart_at_s = None
                running.process = self._launch(running.service)

    def _plan_restart(self, running: _Running) -> None:
        # The runs of a code server that died work on to their end, and are stopped only with everything.
        self._orphaned_groups.add(running.process.pid)
        running.deaths_s.append(time.monotonic())
        name, code = running.service.name, running.process.returncode
        pause_s = plan_restart(running.deaths_s)
        if pause_s is None:
            raise ProcessDiedError(
                f"The service {name} died {DEATHS_ALLOWED + 1} times within {DEATHS_WINDOW_S:.0f} s, last with code "
                f"{code}; its lines above say why."
            )
        running.restart_at_s = time.monotonic() + pause_s
        self._show(name, f"died with code {code}; it is started again in {pause_s:.0f} s")

    def _launch(self, service: Service) -> subprocess.Popen[str]:
        # A session of its own: Ctrl-C reaches only the supervisor, which stops the others in order.
        process = subprocess.Popen(
            [*find_leash("TERM"), *service.command],
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._tell_warden(process.pid)

        def copy_lines() -> None:
            for line in process.stdout or ():
                self._show(service.name, line.rstrip())

        threading.Thread(target=copy_lines, name=f"log-{service.name}", daemon=True).start()
        return process

    def _end(self, running: _Running) -> None:
        """Stop a service together with its children: a code server by itself would wait for its runs."""
        process = running.process
        if process.returncode is not None:
            return
        signal_group(process.pid, signal.SIGTERM)
        deadline_s = time.monotonic() + running.service.stop_deadline_s
        while process.poll() is None or is_group_alive(process.pid):
            if time.monotonic() > deadline_s:
                signal_group(process.pid, signal.SIGKILL)
                break
            time.sleep(LOOK_S / 4)
        process.wait()
        self._tell_warden(-process.pid)

    def _tell_warden(self, group: int) -> None:
        if self._warden.stdin is not None and self._warden.poll() is None:
            self._warden.stdin.write(f"{group}\n")
            self._warden.stdin.flush()
