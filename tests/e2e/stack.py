"""A started stack, as an operator starts it."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from tests.e2e.conftest import DEADLINE_S, Machine, find_processes
from tests.support.waiting import wait_for

READY_S = 120.0
SIGNS = {
    "code": "sensors.code_server api grpc",
    "web": "sensors.stock web",
    "daemon": "sensors.stock daemon run",
    "api": "uvicorn api.application:create_app",
}


class Stack:
    """A started stack; what it prints is read all the time, so that it never waits for us.

    It prints what people see, unless its machine says otherwise.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        machine.environment.setdefault("DUBLINE_LOG_FORMAT", "text")
        machine.environment.setdefault("DUBLINE_METRICS_PORT", "0")  # another stack may start at the same moment
        self._is_json = machine.environment["DUBLINE_LOG_FORMAT"] == "json"
        self.process = machine.start("up", "--port", "0", "--api-port", "0")
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines += (line for line in self.process.stdout)

    def wait_until_ready(self) -> None:
        sign = '"service": "web", "logger": "web", "event": "service.ready"' if self._is_json else "echo"
        wait_for(lambda: sign in self.text or self.process.poll() is not None, "the stack to be ready", READY_S)
        assert self.process.poll() is None, self._tell_end()

    def _tell_end(self) -> str:
        assert self.process.stderr
        return f"{self.text}\n{self.process.stderr.read()}"

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines that are complete, each of which must be one of the log."""
        return [json.loads(line) for line in self.text.splitlines()]

    def get_address(self, label: str) -> str:
        if self._is_json:
            service = {"API": "api", "Dagster UI": "web"}[label]
            ready = [line for line in self.records if line["event"] == "service.ready" and line["service"] == service]
            return str(ready[-1]["address"])
        found = re.search(rf"^{label}: +(http://127\.0\.0\.1:\d+\S*)$", self.text, re.MULTILINE)
        assert found, self.text
        return found[1]

    def get_walkthrough(self) -> str:
        shown = self.text
        begin = shown.index("API=http")
        return shown[begin : shown.index("done\n", shown.index("call", shown.index("artifacts", begin)))] + "done\n"

    def find(self, name: str) -> int | None:
        """Process id of a service, once it is up as what it is meant to be."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if SIGNS[name] in " ".join(child.cmdline()):
                    return child.pid
            except psutil.Error:
                continue
        return None

    def wait_for_another(self, name: str, known: int | None = None) -> int:
        wait_for(lambda: self.find(name) not in (None, known) or self.process.poll() is not None, f"another {name}")
        pid = self.find(name)
        assert pid, self.text
        return pid

    def end(self) -> tuple[int, str]:
        """Wait for the end; returns the exit code and what was said on standard error."""
        assert self.process.stderr
        error = self.process.stderr.read()
        self._reader.join(DEADLINE_S)
        return self.process.wait(DEADLINE_S), error


def drop_templates(log: str) -> str:
    """Take out the routes that lines name: their places for tokens and keys are empty."""
    return re.sub(r"/v1/\S*\{\S*", "", log)


@contextmanager
def started(machine: Machine) -> Iterator[Stack]:
    """A stack that is ready; in the end its supervisor is killed with ``kill -9``, and nothing of it may be left."""
    stack = Stack(machine)
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        stack.process.kill()
        stack.process.wait()
        wait_for(lambda: find_processes(machine) == [], "every process to end")
