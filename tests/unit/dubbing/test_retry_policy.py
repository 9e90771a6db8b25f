import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dub_assets.failure_hook import ERROR_CODE_TAG, FAILURE_TAG, describe_failure
from dub_assets.retries import RETRIES
from dubbing.errors import DubbingError, RequestError, VendorError
from dubbing.retry_policy import RULES, STAGE_PAUSES_S, STAGE_TRIES, Again, Outage, RetryRule, get_rule

PAGE = Path(__file__).parents[3] / "docs" / "retries.md"


def _walk(kind: type[DubbingError]) -> Iterator[type[DubbingError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _walk(child)


KINDS = {kind.code: kind for kind in reversed([*_walk(DubbingError)]) if not kind.__module__.startswith("tests.")}


def show(rule: RetryRule) -> tuple[str, ...]:
    pauses = "–" if rule.pauses_s is None else f"{rule.pauses_s[0]:g}–{rule.pauses_s[1]:g}"
    tries = "as long as patience" if rule.tries is None else str(rule.tries)
    return rule.again.value, tries, pauses, rule.waits_for.value if rule.waits_for else "–", rule.remedy.value


def test_every_error_of_the_tree_has_a_row_and_no_row_is_of_another() -> None:
    assert set(RULES) == set(KINDS)


@pytest.mark.parametrize("code", KINDS)
def test_clients_are_told_the_same_as_the_table_says(code: str) -> None:
    assert get_rule(code).is_transient == KINDS[code].retryable


def test_only_what_may_pass_is_tried_again() -> None:
    assert [code for code, rule in RULES.items() if rule.again is not Again.NOBODY and not rule.is_transient] == []


def test_a_vendors_error_is_never_tried_again_by_the_stage() -> None:
    vendors = {kind.code for kind in _walk(VendorError)}
    assert {code for code in vendors if RULES[code].again is Again.STAGE} == set()


def test_what_only_clients_meet_is_theirs_to_try_again() -> None:
    clients = {kind.code for kind in _walk(RequestError)}
    assert {RULES[code].again for code in clients} <= {Again.NOBODY, Again.CLIENT}


def test_what_is_waited_for_is_tried_again_when_it_stays_away() -> None:
    waited = {code: rule.waits_for for code, rule in RULES.items() if rule.waits_for is not None}
    assert set(waited.values()) == set(Outage)
    assert all(RULES[code].again is not Again.NOBODY for code in waited)


def test_the_stages_try_as_the_table_says() -> None:
    assert RETRIES.max_retries + 1 == STAGE_TRIES
    longest = (RETRIES.delay or 0) * 2 ** (RETRIES.max_retries - 1)
    assert (RETRIES.delay, longest) == STAGE_PAUSES_S


def test_an_error_without_a_row_is_a_defect_of_ours() -> None:
    assert get_rule("no_such_code") == RULES["internal"]


def test_a_run_that_failed_for_good_is_not_begun_again() -> None:
    permanent = describe_failure("no_speech")
    assert permanent == {ERROR_CODE_TAG: "no_speech", FAILURE_TAG: "permanent", "dagster/max_retries": "0"}
    assert "dagster/max_retries" not in describe_failure("storage_failed")


def test_people_read_the_same_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {code: tuple(cells.split(" | ")) for code, cells in rows} == {
        code: show(rule) for code, rule in RULES.items()
    }
