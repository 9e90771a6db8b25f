"""Speaking to ElevenLabs: the official client, and what its failures mean as errors of ours.

The package fails with the vendor's answer as its text and lets the errors of its HTTP client through; both may repeat
words of a customer, so nothing of them is passed on.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import httpx

from dubbing.errors import (
    ContentRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    SettingsError,
    ToolMissingError,
    VendorAuthError,
    VendorError,
    VendorQuotaError,
    VendorRejectedError,
    VendorReplyError,
    VendorUnavailableError,
)
from resources.vendors.bounded_reply import bound_reply
from resources.vendors.retry_after import parse_retry_after
from resources.vendors.vendor_words import describe_refusal

if TYPE_CHECKING:
    from elevenlabs.client import ElevenLabs
    from elevenlabs.core.api_error import ApiError
    from elevenlabs.core.request_options import RequestOptions

URL = "https://api.elevenlabs.io"

CONNECT_TIMEOUT_S = 10.0

BLOCK_BYTES = 1 << 16

_UNREACHABLE = "ElevenLabs cannot be reached; try again in a moment."
_BAD_KEY = "ElevenLabs does not accept the key or does not let it do this; check DUBLINE_ELEVENLABS_API_KEY."
_BROKEN_OFF = "ElevenLabs gave no answer, or broke off; try again."

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)

_REFUSED_CONTENT = re.compile(r"content_policy|against_policy|policy_violation|safety|moderat|prohibited")
_QUOTA = re.compile(r"quota_exceeded|insufficient_(?:credits|quota)|payment_required")


def build_client(api_key: str, url: str = URL) -> "ElevenLabs":
    """Build the official client; it follows no redirect, which would carry the key to whoever is named.

    What it reads is bounded; see `bounded_reply`.

    Raises:
        SettingsError: the key is not one that can be sent.
        ToolMissingError: the package is not installed.
    """
    if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise SettingsError("The API key for ElevenLabs is empty or has characters that no key has; set it anew.")
    try:
        from elevenlabs.client import ElevenLabs
    except ImportError as error:
        raise ToolMissingError("ElevenLabs needs the package elevenlabs; install the requirements anew.") from error
    http = httpx.Client(
        follow_redirects=False,
        # A bound here would count as a vendor that is away; how many calls are made at once is settled before.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
        event_hooks={"response": [bound_reply]},
    )
    return ElevenLabs(api_key=api_key, base_url=url, httpx_client=http)


def build_options(timeout_s: float) -> "RequestOptions":
    """Limit one call: no second attempt, and a time for the whole of it.

    The package hands the time to its HTTP client as it is, which takes more kinds than the types say.
    """
    timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S))
    return cast("RequestOptions", {"timeout_in_seconds": timeout, "max_retries": 0, "chunk_size": BLOCK_BYTES})


@contextmanager
def speaking_to_elevenlabs() -> Iterator[None]:
    """Turn whatever goes wrong inside, in the SDK or on the wire, into errors of ours.

    Raises:
        VendorError: of the kind that says whether trying again helps; see the subclasses.
    """
    from elevenlabs.core.api_error import ApiError
    from elevenlabs.core.parse_error import ParsingError

    try:
        yield
    except ApiError as error:
        raise _build_refusal(error) from None
    except ParsingError:
        raise VendorReplyError("ElevenLabs gave an answer that makes no sense; try again later.") from None
    except _NEVER_SENT:
        raise VendorUnavailableError(_UNREACHABLE) from None
    except httpx.HTTPError:
        raise OutcomeUnknownError(_BROKEN_OFF) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # How the package fails at a body of another shape, which it reads before it looks at the status.
        raise OutcomeUnknownError("The answer of ElevenLabs cannot be read; try again.") from None


def _build_refusal(error: "ApiError") -> VendorError:
    reason = _read_reason(error.body)
    refusal = _judge_refusal(error, error.status_code or 0, reason)
    refusal.vendor_words = describe_refusal(error.status_code, *reason.split())
    return refusal


def _judge_refusal(error: "ApiError", status: int, reason: str) -> VendorError:
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        if _QUOTA.search(reason) or status == HTTPStatus.PAYMENT_REQUIRED:
            return VendorQuotaError("The ElevenLabs account is used up; add credit there, then try again.")
        if _REFUSED_CONTENT.search(reason):
            return ContentRefusedError("ElevenLabs does not read this text aloud; change the text or the voice.")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait_s = parse_retry_after(error.headers or {})
        return RateLimitedError("ElevenLabs takes no more calls at the moment; try again later.", retry_after_s=wait_s)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return VendorAuthError(_BAD_KEY)
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return OutcomeUnknownError(_BROKEN_OFF)
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait_s = parse_retry_after(error.headers or {})
        return VendorUnavailableError("ElevenLabs is down or busy; try again in a moment.", retry_after_s=wait_s)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return VendorReplyError("ElevenLabs gave an answer that makes no sense; try again later.")
    if "voice_not_found" in reason:
        return VendorRejectedError("ElevenLabs does not have this voice any more; choose another one.")
    return VendorRejectedError("ElevenLabs does not accept this request; choose another voice or change the text.")


def _read_reason(body: object) -> str:
    """Find the words for machines: ``{"detail": {"status": …}}``, or ``code`` in newer answers; ``""`` if none."""
    detail = body.get("detail") if isinstance(body, dict) else None
    if not isinstance(detail, dict):
        return ""
    words = (detail.get("status"), detail.get("code"))
    return " ".join(word.lower() for word in words if isinstance(word, str))
