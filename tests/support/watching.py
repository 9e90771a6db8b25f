"""What watches an installation, read from its files: rules, boards, runbooks; and Prometheus' own programs."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
OBSERVABILITY = ROOT / "deploy" / "observability"
RULES = sorted((OBSERVABILITY / "rules").glob("*.yml"))
RULE_TESTS = sorted((OBSERVABILITY / "rules" / "tests").glob("*.yml"))
BOARDS = sorted((OBSERVABILITY / "grafana" / "dashboards").glob("*.json"))
RUNBOOKS = ROOT / "docs" / "runbooks"
UNPACKED = ROOT / ".venv" / "share" / "prometheus" / "usr" / "bin"

GRAFANA_VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$vendor": ".*"}
"""What Grafana puts in before it asks Prometheus."""


def find_program(name: str) -> Path:
    """Path of ``prometheus``, ``promtool``, ``prometheus-alertmanager`` or ``amtool``; skips the test without it."""
    found = shutil.which(name, path=str(UNPACKED)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here; to have it: scripts/install-test-tools")
    return Path(found)


def run_tool(name: str, *arguments: str | Path) -> str:
    """Run one of the programs in the folder of the configuration; fails with what it said when it fails."""
    command = [str(find_program(name)), *map(str, arguments)]
    ran = subprocess.run(command, cwd=OBSERVABILITY, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@dataclass(frozen=True)
class Rule:
    """A recording rule, or an alert."""

    name: str
    expression: str
    is_alert: bool
    file: Path
    more: Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """A query of a board, with Grafana's variables filled in."""

    place: str
    expression: str


def list_rules() -> list[Rule]:
    return [
        Rule(rule.get("alert") or rule["record"], rule["expr"], "alert" in rule, file, rule)
        for file in RULES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]


def list_alerts() -> list[Rule]:
    return [rule for rule in list_rules() if rule.is_alert]


def read_board(file: Path) -> dict[str, Any]:
    board: dict[str, Any] = json.loads(file.read_text())
    return board


def list_queries() -> list[Query]:
    return [
        Query(f"{board['title']}: {panel['title']}", fill_variables(target["expr"]))
        for board in map(read_board, BOARDS)
        for panel in board["panels"]
        for target in panel["targets"]
    ]


def fill_variables(expression: str) -> str:
    for variable, value in GRAFANA_VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def list_code_blocks(page: Path, language: str) -> Iterator[str]:
    """Code blocks of a page, those of list items too, without their indentation."""
    for indent, block in re.findall(rf"^( *)```{language}\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL):
        yield "\n".join(line.removeprefix(indent) for line in block.splitlines())


def list_pages() -> Sequence[Path]:
    return sorted(page for page in RUNBOOKS.glob("*.md") if page.name != "README.md")
