"""The audit checklist of the retention policy names tests that exist, and says what none can prove."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "docs" / "policies" / "retention.md"

_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def list_lines(mark: str) -> list[str]:
    """The lines of the checklist with this mark."""
    audit = POLICY.read_text().partition("\n## Audit\n")[2]
    return [line for line in audit.splitlines() if line.startswith(f"- [{mark}]")]


def list_tests(path: Path) -> set[str]:
    """The tests that a file defines."""
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_requirement_names_its_tests_or_says_that_none_can_prove_it() -> None:
    proved, unproved = list_lines("x"), list_lines(" ")
    assert len(proved) > 20
    assert [line for line in proved if not _NAMED.search(line)] == []
    assert [line for line in unproved if _NAMED.search(line) or "(above)" not in line] == []


def test_every_test_that_the_checklist_names_exists() -> None:
    named = [match.groups() for line in list_lines("x") for match in _NAMED.finditer(line)]
    missing = [
        f"{path}::{test}" for path, test in named if not (ROOT / path).is_file() or test not in list_tests(ROOT / path)
    ]
    assert missing == []
