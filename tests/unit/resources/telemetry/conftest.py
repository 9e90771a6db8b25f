"""The log of a process, set up as in one."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from resources.settings import Settings
from resources.telemetry.logs import set_up_logs


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
def set_up() -> Callable[..., Log]:
    """Set the log up; JSON and everything from debug on where nothing else is chosen."""

    def begin(**chosen: Any) -> Log:
        log = Log()
        set_up_logs(Settings(**{"log_format": "json", "log_level": "debug"} | chosen), "api", log.stream)
        return log

    return begin


@pytest.fixture
def log(set_up: Callable[..., Log]) -> Log:
    return set_up()
