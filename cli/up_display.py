"""What `dubline up` shows: lines under the names of the services in a terminal, and one JSON object a line elsewhere.

A service writes its log as it is to be shown. What it writes past its log, and what the supervisor says of it, is made
a line too; secrets are taken out of both.
"""

import json
import sys
from contextlib import suppress
from typing import Protocol

from rich.console import Console
from rich.text import Text

from cli.services import Addresses
from resources.settings import Settings
from resources.telemetry.log_fields import ALWAYS
from resources.telemetry.logs import build_line_maker, writes_text
from resources.telemetry.redaction import build_scrubber, list_secrets

COLOURS = {"code": "blue", "web": "cyan", "daemon": "magenta", "metrics": "yellow", "api": "green", "stack": "bold"}
PLAIN = "white"

UNREAD = (OSError, ValueError, SystemExit)
"""What writing raises where nobody reads any more, or cannot read these letters; rich makes an exit of the former.
Whoever shows lines goes on: a service whose lines nobody takes stands still as soon as its pipe is full."""


class Display(Protocol):
    """What is shown."""

    log_format: str
    """How the services are to write their log."""

    def show(self, name: str, line: str) -> None:
        """Show a line of a service, or of the supervisor on it."""

    def welcome(self, addresses: Addresses, text: str) -> None:
        """Show that everything is ready, and where.

        Args:
            text: for people; it holds a token.
        """


def build_display(settings: Settings) -> Display:
    """Choose by the settings, and by whether somebody looks on."""
    return _Screen(settings) if writes_text(settings, sys.stdout) else _Lines(settings)


class _Screen:
    """For people."""

    log_format = "text"

    def __init__(self, settings: Settings) -> None:
        self._console = Console(highlight=False)
        self._scrub = build_scrubber(list_secrets(settings))

    def show(self, name: str, line: str) -> None:
        plain = self._scrub(Text.from_ansi(line).plain)
        with suppress(*UNREAD):
            self._console.print(Text(f"{name:7}", COLOURS.get(name, PLAIN)), Text(plain), soft_wrap=True)

    def welcome(self, addresses: Addresses, text: str) -> None:
        with suppress(*UNREAD):
            self._console.print(Text(text), soft_wrap=True)


class _Lines:
    """For whatever collects lines; the token that people are shown is in none of them."""

    log_format = "json"

    def __init__(self, settings: Settings) -> None:
        self._make_line = build_line_maker(settings)

    def show(self, name: str, line: str) -> None:
        service = "up" if name == "stack" else name
        if line.strip():
            self._write(line if _is_line(line) else self._make_line(service, Text.from_ansi(line).plain))

    def welcome(self, addresses: Addresses, text: str) -> None:
        self._write(self._make_line("api", "service.ready", address=addresses.api))
        self._write(self._make_line("web", "service.ready", address=addresses.web))
        self._write(self._make_line("metrics", "service.ready", address=addresses.metrics))

    def _write(self, line: str) -> None:
        # In one piece: the lines of each service come from a thread of its own.
        with suppress(*UNREAD):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def _is_line(line: str) -> bool:
    """Whether it is one of a log of ours."""
    try:
        return line.startswith("{") and json.loads(line).keys() >= ALWAYS.keys()
    except (ValueError, RecursionError):
        return False
