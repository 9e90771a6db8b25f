"""What an error of OpenAI's client is to us."""

import httpx2
import openai
import pytest

from dubbing.errors import (
    ContentRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    VendorAuthError,
    VendorQuotaError,
    VendorRejectedError,
    VendorUnavailableError,
)
from resources.vendors.openai_client import build_client, map_error

SECRETS = "sk-secret https://host.example/v1 a customer's words"
REQUEST = httpx2.Request("POST", "https://host.example/v1/responses")


def build_status_error(status: int, code: str | None = None, headers: dict[str, str] | None = None):
    response = httpx2.Response(status, headers=headers, request=REQUEST)
    return openai.APIStatusError(SECRETS, response=response, body={"message": SECRETS, "code": code})


def build_connection_error(cause: Exception):
    kind = openai.APITimeoutError if isinstance(cause, httpx2.TimeoutException) else openai.APIConnectionError
    error = kind(request=REQUEST)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "invalid_api_key", VendorAuthError),
        (403, None, VendorAuthError),
        (402, None, VendorQuotaError),
        (429, "insufficient_quota", VendorQuotaError),
        (400, "billing_hard_limit_reached", VendorQuotaError),
        (429, "rate_limit_exceeded", RateLimitedError),
        (429, None, RateLimitedError),
        (500, None, VendorUnavailableError),
        (503, None, VendorUnavailableError),
        (529, None, VendorUnavailableError),
        (408, None, VendorUnavailableError),
        (409, None, VendorUnavailableError),
        (400, None, VendorRejectedError),
        (400, "context_length_exceeded", VendorRejectedError),
        (404, "model_not_found", VendorRejectedError),
        (413, None, VendorRejectedError),
        (422, None, VendorRejectedError),
        (307, None, VendorRejectedError),
        (400, "content_policy_violation", ContentRefusedError),
        (400, "invalid_prompt", ContentRefusedError),
        (403, "cyber_policy_violation", ContentRefusedError),
    ],
)
def test_a_status_is_the_error_that_says_what_helps(status, code, kind):
    error = map_error(build_status_error(status, code))
    assert type(error) is kind
    assert error.receipt is None


@pytest.mark.parametrize("status", [429, 503])
def test_how_long_to_wait_is_taken_from_the_answer(status):
    assert map_error(build_status_error(status, headers={"retry-after-ms": "1500"})).retry_after_s == 1.5
    assert map_error(build_status_error(status, headers={"Retry-After": "7"})).retry_after_s == 7.0
    assert map_error(build_status_error(status)).retry_after_s is None


@pytest.mark.parametrize(
    "cause",
    [
        httpx2.ConnectError(SECRETS),
        httpx2.ConnectTimeout(SECRETS),
        httpx2.PoolTimeout(SECRETS),
        httpx2.ProxyError(SECRETS),
    ],
)
def test_a_call_that_never_left_was_not_made(cause):
    assert type(map_error(build_connection_error(cause))) is VendorUnavailableError


@pytest.mark.parametrize("cause", [httpx2.LocalProtocolError(SECRETS), httpx2.UnsupportedProtocol(SECRETS)])
def test_a_call_that_cannot_be_made_is_not_made_better_by_trying_again(cause):
    assert type(map_error(build_connection_error(cause))) is VendorRejectedError


@pytest.mark.parametrize("key", ["", " ", "sk-secret\nkey", "sk-sécret", "sk secret"])
def test_what_is_no_key_is_refused_and_not_repeated(key):
    with pytest.raises(VendorAuthError) as caught:
        build_client(key)
    assert "cret" not in caught.value.message


@pytest.mark.parametrize(
    "cause",
    [
        httpx2.ReadTimeout(SECRETS),
        httpx2.WriteTimeout(SECRETS),
        httpx2.ReadError(SECRETS),
        httpx2.WriteError(SECRETS),
        httpx2.RemoteProtocolError(SECRETS),
        httpx2.DecodingError(SECRETS),
    ],
)
def test_a_call_that_may_have_arrived_may_be_billed(cause):
    assert type(map_error(build_connection_error(cause))) is OutcomeUnknownError


def test_any_other_error_of_the_package_may_be_billed_too():
    assert type(map_error(openai.OpenAIError(SECRETS))) is OutcomeUnknownError


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422, 429, 500])
@pytest.mark.parametrize("code", [None, "insufficient_quota", "content_policy_violation", SECRETS])
def test_no_word_of_the_vendor_gets_into_a_message(status, code):
    message = map_error(build_status_error(status, code)).message
    assert not any(word in message for word in ("sk-", "http", "customer"))


def test_the_client_tries_once_and_goes_nowhere_else(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    client = build_client("sk-test")
    assert client.max_retries == 0
    assert str(client.base_url) == "https://api.openai.com/v1/"
    assert client._client.follow_redirects is False
