"""Reading OpenAI's answers, good and hostile."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import (
    ContentRefusedError,
    RateLimitedError,
    ReplyCutShortError,
    VendorError,
    VendorReplyError,
    VendorUnavailableError,
)
from dubbing.usage import Receipt
from resources.vendors.openai_reply import parse_body, read_receipt, read_text

RECEIPT = Receipt({"output_tokens": 5}, "req_1")
BARE = Receipt(request_id="req_1")


def build_message(*parts: dict) -> dict:
    return {"type": "message", "role": "assistant", "content": list(parts)}


def build_reply(status: str = "completed", *items: dict, **fields: object) -> dict:
    return {"status": status, "error": None, "incomplete_details": None, "output": list(items), **fields}


TEXT = {"type": "output_text", "text": "{}", "annotations": []}
REFUSAL = {"type": "refusal", "refusal": "No."}
THOUGHT = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}


def read_usage(usage: object) -> dict[str, int]:
    return dict(read_receipt({"usage": usage}, "req_1").usage)


def test_input_is_parted_by_price():
    usage = {
        "input_tokens": 3438,
        "input_tokens_details": {"cached_tokens": 2000, "cache_write_tokens": 400},
        "output_tokens": 120,
        "output_tokens_details": {"reasoning_tokens": 100},
        "total_tokens": 3558,
    }
    assert read_usage(usage) == {
        "input_tokens": 1038,
        "cached_input_tokens": 2000,
        "cache_write_tokens": 400,
        "output_tokens": 120,
    }


def test_what_was_not_used_is_left_out():
    usage = {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 10}, "output_tokens": 0}
    assert read_usage(usage) == {"cached_input_tokens": 10}
    assert read_usage({"input_tokens": 10, "output_tokens": 2}) == {"input_tokens": 10, "output_tokens": 2}


def test_details_that_exceed_the_whole_never_make_less_than_nothing():
    usage = {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 9}, "output_tokens": 1}
    assert read_usage(usage) == {"cached_input_tokens": 9, "output_tokens": 1}


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        "many",
        {},
        {"input_tokens": -1, "output_tokens": 1},
        {"input_tokens": 1.5, "output_tokens": 1},
        {"input_tokens": 10**30, "output_tokens": 1},
        {"input_tokens": 1, "output_tokens": 1, "input_tokens_details": {"cached_tokens": -4}},
    ],
)
def test_nonsense_is_no_usage_and_the_call_keeps_its_name(usage):
    assert read_receipt({"usage": usage}, "req_1") == BARE


def test_the_text_is_what_the_model_says_not_what_it_thinks():
    assert read_text(build_reply("completed", THOUGHT, build_message(TEXT)), RECEIPT) == "{}"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (build_reply("completed", build_message(REFUSAL)), ContentRefusedError),
        (build_reply("incomplete", incomplete_details={"reason": "content_filter"}), ContentRefusedError),
        (build_reply("failed", error={"code": "bio_policy", "message": "x"}), ContentRefusedError),
        (build_reply("failed", error={"code": "invalid_prompt", "message": "x"}), ContentRefusedError),
        (build_reply("incomplete", incomplete_details={"reason": "max_output_tokens"}), ReplyCutShortError),
        (build_reply("incomplete", build_message(TEXT)), ReplyCutShortError),
        (build_reply("failed", error={"code": "server_error", "message": "x"}), VendorUnavailableError),
        (build_reply("failed", error={"code": "rate_limit_exceeded", "message": "x"}), RateLimitedError),
        (build_reply("queued"), VendorReplyError),
        (build_reply("cancelled"), VendorReplyError),
        ({}, VendorReplyError),
        ({"status": 3, "output": []}, VendorReplyError),
        ({"status": "completed"}, VendorReplyError),
        ({"status": "completed", "output": "text"}, VendorReplyError),
        (build_reply("completed", {"type": "message", "content": "text"}), VendorReplyError),
    ],
)
def test_what_became_of_the_call_is_an_error_that_keeps_the_bill(reply, kind):
    with pytest.raises(VendorError) as caught:
        read_text(reply, RECEIPT)
    assert type(caught.value) is kind
    assert caught.value.receipt == RECEIPT


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded"])
def test_a_call_that_failed_without_usage_is_not_billed(code):
    with pytest.raises(VendorError) as caught:
        read_text(build_reply("failed", error={"code": code}), BARE)
    assert caught.value.receipt is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"<html>Bad gateway</html>", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"1" * 10_000, b"NaN"],
)
def test_what_is_no_object_is_an_empty_one(content):
    assert parse_body(content) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["status", "output", "type", "content", "text", "usage", "error", "code", "input_tokens", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON | st.fixed_dictionaries({"status": st.just("completed"), "output": JSON, "usage": JSON}))
def test_whatever_comes_back_is_text_or_an_error_of_ours(value):
    body = parse_body(json.dumps(value).encode())
    receipt = read_receipt(body, None)
    assert all(quantity > 0 for quantity in receipt.usage.values())
    with contextlib.suppress(VendorError):
        assert isinstance(read_text(body, receipt), str)


@given(st.binary())
def test_any_bytes_are_read(content):
    assert isinstance(parse_body(content), dict)
