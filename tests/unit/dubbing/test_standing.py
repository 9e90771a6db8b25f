import pytest

from dubbing.errors import (
    OutcomeUnknownError,
    RateLimitedError,
    VendorAuthError,
    VendorQuotaError,
    VendorUnavailableError,
)
from dubbing.standing import Standing


@pytest.mark.parametrize("error", [VendorAuthError("no key"), VendorQuotaError("used up")])
def test_a_closed_account_is_given_up_at_the_first_line(error):
    standing = Standing()
    standing.record_success("solo")
    standing.record_fault("solo", 1, error)
    assert standing.given_up == {"solo"}
    assert standing.get_error("solo") is error


@pytest.mark.parametrize("kind", [VendorUnavailableError, OutcomeUnknownError, RateLimitedError])
def test_a_vendor_is_given_up_at_the_second_line_that_it_does_not_answer(kind):
    standing = Standing()
    standing.record_fault("solo", 1, kind("nothing"))
    assert not standing.given_up
    standing.record_fault("solo", 2, kind("nothing"))
    assert standing.given_up == {"solo"}


def test_the_same_line_without_an_answer_again_is_one_line():
    standing = Standing()
    standing.record_success("solo")
    for _ in range(3):
        standing.record_fault("solo", 7, VendorUnavailableError("nothing"))
    standing.conclude()
    assert not standing.given_up


def test_two_vendors_that_fail_on_one_line_each_are_both_kept():
    standing = Standing()
    standing.record_fault("solo", 1, VendorUnavailableError("nothing"))
    standing.record_fault("multi", 2, VendorUnavailableError("nothing"))
    assert not standing.given_up


def test_in_the_end_a_vendor_that_failed_and_read_nothing_is_given_up():
    standing = Standing()
    standing.record_fault("solo", 1, VendorUnavailableError("nothing"))
    standing.record_success("multi")
    standing.conclude()
    assert standing.given_up == {"solo"}
