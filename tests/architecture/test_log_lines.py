"""Log lines as they stand in the code: their events are constant, and every field is declared and described."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.telemetry.log_fields import ADDED, ALWAYS, FIELDS

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "cli", "dub_assets", "dubbing", "resources", "schedules", "sensors", "vendor_emulator")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LIBRARYS = {"exc_info"}


def list_files() -> list[Path]:
    return [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


def list_calls(file: Path) -> Iterator[ast.Call]:
    """Calls of loggers, and of what binds fields."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(attr=level, value=ast.Name(id="logger" | "_log")) if level in LEVELS:
                yield node
            case ast.Name(id="saying"):
                yield node


CALLS = [(file, call) for file in list_files() for call in list_calls(file)]


def test_calls_are_found() -> None:
    assert len(CALLS) > 20


@pytest.mark.parametrize(
    ("file", "call"), CALLS, ids=[f"{file.relative_to(ROOT)}:{call.lineno}" for file, call in CALLS]
)
def test_an_event_is_a_constant_and_every_field_is_declared(file: Path, call: ast.Call) -> None:
    assert all(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in call.args[:1])
    named = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    assert named - LIBRARYS <= FIELDS.keys()


def test_the_page_lists_the_fields_that_there_are() -> None:
    page = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page.partition("## Fields")[2], re.MULTILINE))
    assert listed == {**ALWAYS, **ADDED, **FIELDS}
