from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.vendors.retry_after import MAX_RETRY_AFTER_S, parse_retry_after


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "86400"}, MAX_RETRY_AFTER_S),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_what_the_vendor_says_is_read_within_limits(headers, wait_s):
    assert parse_retry_after(headers) == wait_s


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-inf", "1e999", "Wed, 99 Oct 2015 07:28:00 GMT"])
def test_what_cannot_be_read_is_as_if_nothing_were_said(text):
    assert parse_retry_after({"retry-after": text}) is None


def test_no_header_says_nothing():
    assert parse_retry_after({"content-type": "application/json"}) is None


@pytest.mark.parametrize("offset", ["GMT", "-0000"])
def test_a_date_is_counted_from_now(offset):
    text = format_datetime(datetime.now(UTC) + timedelta(seconds=60)).replace("+0000", offset)
    assert parse_retry_after({"retry-after": text}) == pytest.approx(60, abs=3)


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_header_gives_a_wait_within_limits_or_none(text, milliseconds):
    wait_s = parse_retry_after({"retry-after": text, "retry-after-ms": milliseconds})
    assert wait_s is None or 0 <= wait_s <= MAX_RETRY_AFTER_S
