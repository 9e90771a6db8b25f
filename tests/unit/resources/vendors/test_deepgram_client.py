import logging
import traceback

import httpx
import pytest

from dubbing.errors import (
    OutcomeUnknownError,
    RateLimitedError,
    RecordingUnreachableError,
    SettingsError,
    VendorAuthError,
    VendorError,
    VendorQuotaError,
    VendorRejectedError,
    VendorReplyError,
    VendorUnavailableError,
)
from resources.vendors.deepgram_client import (
    asking_deepgram,
    build_deepgram_client,
    build_options,
    build_receipt,
    build_refusal,
    read_quantity,
)

SECRET = "customer words and https://store.example/signed?token=1"


def fail(error: Exception) -> VendorError:
    with pytest.raises(VendorError) as caught, asking_deepgram():
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "Bad Request", VendorRejectedError),
        (400, "REMOTE_CONTENT_ERROR", RecordingUnreachableError),
        (401, "INVALID_AUTH", VendorAuthError),
        (402, "ASR_PAYMENT_REQUIRED", VendorQuotaError),
        (403, "INSUFFICIENT_PERMISSIONS", VendorAuthError),
        (403, "ASR_PAYMENT_REQUIRED", VendorQuotaError),
        (404, "", VendorRejectedError),
        (408, "", VendorUnavailableError),
        (409, "", VendorUnavailableError),
        (413, "PAYLOAD_TOO_LARGE", VendorRejectedError),
        (415, "", VendorRejectedError),
        (422, "", VendorRejectedError),
        (429, "TOO_MANY_REQUESTS", RateLimitedError),
        (307, "", VendorUnavailableError),
        (500, "", VendorUnavailableError),
        (503, "SERVICE_UNAVAILABLE", VendorUnavailableError),
        (504, "", OutcomeUnknownError),
        (200, "", VendorReplyError),
        (None, "", VendorUnavailableError),
    ],
)
@pytest.mark.parametrize("field", ["err_code", "category"])
def test_every_status_has_its_error(status, code, kind, field):
    assert type(build_refusal(status, {}, {field: code, "err_msg": SECRET, "message": SECRET})) is kind


@pytest.mark.parametrize("body", [None, SECRET, [SECRET], {"err_code": {"x": SECRET}}, {"category": 7}])
def test_a_body_of_any_shape_gives_our_own_sentence(body):
    error = build_refusal(400, {}, body)
    assert isinstance(error, VendorRejectedError)
    assert "customer" not in error.message


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_is_asked_for_is_kept(status):
    error = build_refusal(status, {"retry-after": "300"}, None)
    assert error.retry_after_s == 300
    assert build_refusal(status, {}, None).retry_after_s is None


def test_an_answer_with_success_that_is_no_json_keeps_its_receipt():
    error = build_refusal(200, {"dg-request-id": "abc-1"}, "<html>")
    assert error.receipt is not None
    assert error.receipt.request_id == "abc-1"


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError(SECRET),
        httpx.ConnectTimeout(SECRET),
        httpx.PoolTimeout(SECRET),
        httpx.UnsupportedProtocol(SECRET),
        httpx.InvalidURL(SECRET),
    ],
)
def test_what_was_never_sent_is_not_billed(error):
    assert type(fail(error)) is VendorUnavailableError


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout(SECRET),
        httpx.ReadError(SECRET),
        httpx.WriteError(SECRET),
        httpx.WriteTimeout(SECRET),
        httpx.RemoteProtocolError(SECRET),
        httpx.LocalProtocolError(SECRET),
        httpx.DecodingError(SECRET),
        UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
        RecursionError(SECRET),
    ],
)
def test_what_broke_off_may_be_billed(error):
    assert type(fail(error)) is OutcomeUnknownError


def test_neither_message_nor_chain_tells_what_the_vendor_said():
    from deepgram.core.api_error import ApiError

    for error in (ApiError(status_code=400, body=SECRET), httpx.ReadTimeout(SECRET), ValueError(SECRET)):
        assert "customer" not in "".join(traceback.format_exception(fail(error)))


def test_our_own_errors_pass():
    with pytest.raises(ZeroDivisionError), asking_deepgram():
        _ = 1 / 0


@pytest.mark.parametrize("key", ["", "key\n", "two words", "kéy"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_said(key):
    with pytest.raises(SettingsError) as caught:
        build_deepgram_client(key)
    assert not key or key not in caught.value.message


def test_the_client_never_tries_again_and_follows_nobody():
    client = build_deepgram_client("key", "http://127.0.0.1:9/base/")
    wrapper = client._client_wrapper
    assert wrapper.httpx_client.base_max_retries == 0
    assert wrapper.httpx_client.httpx_client.follow_redirects is False
    assert wrapper.get_environment().base == "http://127.0.0.1:9/base"
    assert build_options(5)["max_retries"] == 0


def test_addresses_are_not_written_to_the_log():
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)


@pytest.mark.parametrize("request_id", [None, 7.5e300, "", "x" * 200, "a b", "a\0b", ["abc-1"], {"a": 1}])
def test_a_request_id_that_is_none_gives_way_to_the_header(request_id):
    receipt = build_receipt({"DG-Request-Id": "abc-1"}, {"ms": 1}, request_id)
    assert receipt.request_id in {"abc-1", "7.5e300"}
    assert receipt.usage == {"ms": 1}


@pytest.mark.parametrize(
    ("text", "quantity"),
    [("12", 12), ("0", 0), ("-1", None), ("1e3", None), ("9" * 10, None), ("١٢", None), ("", None)],
)
def test_a_quantity_is_a_plain_number_of_a_size_that_can_be(text, quantity):
    assert read_quantity({"dg-char-count": text}, "dg-char-count") == quantity
