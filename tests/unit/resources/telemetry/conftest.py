"""The log of a process, set up as in one and put back after each test."""

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from resources.settings import Settings
from resources.telemetry.logs import ROOMS, set_up_logs


@dataclass
class Log:
    """What was written."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def set_up() -> Iterator[Callable[..., Log]]:
    """Set the log up; JSON and everything from debug on where nothing else is chosen."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    handlers, level = list(root.handlers), root.level
    levels = {room: logging.getLogger(room).level for room in ROOMS}

    def begin(**chosen: Any) -> Log:
        log = Log()
        set_up_logs(Settings(**{"log_format": "json", "log_level": "debug"} | chosen), "api", log.stream)
        return log

    yield begin
    root.handlers[:] = handlers
    root.setLevel(level)
    for room, before in levels.items():
        logging.getLogger(room).setLevel(before)
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture
def log(set_up: Callable[..., Log]) -> Log:
    return set_up()
