import re
from collections.abc import Iterator
from pathlib import Path

from cli.exit_codes import EXIT_CODES, INTERRUPTED, INVOICE_DIFFERS, SOME_LANGUAGES_FAILED, SWEEP_INCOMPLETE
from cli.supervisor import ProcessDiedError
from dubbing.errors import DubbingError, RequestError

MET_BY_COMMANDS_TOO = {"not_found", "job_finished", "busy", "budget_exceeded"}
"""Errors of the API that a command meets which does the same."""


def _walk(kind: type[DubbingError]) -> Iterator[type[DubbingError]]:
    """Every kind of error but those that only clients of the API can meet."""
    if kind is not RequestError:
        yield kind
        for child in kind.__subclasses__():
            yield from _walk(child)


def test_every_error_has_an_exit_code() -> None:
    assert issubclass(ProcessDiedError, DubbingError)
    assert {kind.code for kind in _walk(DubbingError)} | MET_BY_COMMANDS_TOO == set(EXIT_CODES)


def test_no_two_kinds_share_an_exit_code() -> None:
    codes = [*EXIT_CODES.values(), INTERRUPTED, SOME_LANGUAGES_FAILED, SWEEP_INCOMPLETE, INVOICE_DIFFERS]
    assert len(codes) == len(set(codes))
    assert all(2 < code < 256 for code in codes)


def test_the_documentation_lists_every_code_with_its_exit_code() -> None:
    page = (Path(__file__).parents[3] / "docs" / "errors.md").read_text()
    documented = {code: int(number) for code, number in re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)}
    assert documented == EXIT_CODES
