"""OpenAI's client as we want it, and what its errors are to us.

Messages are our own sentences: a vendor's words may hold a part of the key, addresses, or the customer's text.
"""

import re
from typing import TYPE_CHECKING

from dubbing.errors import (
    ContentRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    VendorAuthError,
    VendorError,
    VendorQuotaError,
    VendorRejectedError,
    VendorUnavailableError,
)
from resources.vendors.retry_after import parse_retry_after
from resources.vendors.vendor_words import describe_refusal

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI, OpenAIError

OPENAI_URL = "https://api.openai.com/v1"

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0

REFUSED = "OpenAI will not translate what is said here; change the line, or have it translated elsewhere."
BUSY = "OpenAI takes no more calls at the moment; try again later."
UNAVAILABLE = "OpenAI is down or cannot be reached; try again later."

_NO_ANSWER = "OpenAI did not answer in time, or broke off; it may bill the call. Try again."
_REJECTED = "OpenAI does not accept the request; check model and address in the settings."

_KEY = re.compile(r"[!-~]+")
"""What a header can carry."""

_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})

_REFUSAL_CODES = frozenset({"content_filter", "invalid_prompt", "moderation_blocked"})
"""And every code that names a policy. ``invalid_prompt`` is what OpenAI calls a text that its safety system stops."""


def build_client(api_key: str, base_url: str = OPENAI_URL) -> "OpenAI":
    """Build the client: one try a call, replies that end, and no redirects, which would take the text elsewhere.

    Raises:
        VendorAuthError: no key.
    """
    from openai import DefaultHttpxClient, OpenAI, Timeout

    from resources.vendors.openai_bounds import bound_reply

    if not _KEY.fullmatch(api_key):
        raise VendorAuthError("The OpenAI key is missing, or has characters that no key has; check it in the settings.")
    return OpenAI(
        api_key=api_key,
        base_url=base_url,
        max_retries=0,
        timeout=Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        http_client=DefaultHttpxClient(follow_redirects=False, event_hooks={"response": [bound_reply]}),
    )


def is_refusal_code(code: str | None) -> bool:
    """Tell whether an error is about what the text says."""
    return code is not None and (code in _REFUSAL_CODES or "policy" in code)


def map_error(error: "OpenAIError") -> VendorError:
    """Say what an error of the client is to us; to be raised without it as cause, for it quotes what was sent."""
    from httpx2 import ConnectError, ConnectTimeout, LocalProtocolError, PoolTimeout, ProxyError, UnsupportedProtocol
    from openai import APIStatusError

    if isinstance(error, APIStatusError):
        refusal = _map_status(error)
        refusal.vendor_words = describe_refusal(error.status_code, error.type, error.code)
        return refusal
    if isinstance(error.__cause__, ConnectError | ConnectTimeout | PoolTimeout | ProxyError):
        return VendorUnavailableError(UNAVAILABLE)
    if isinstance(error.__cause__, LocalProtocolError | UnsupportedProtocol):
        return VendorRejectedError(_REJECTED)
    return OutcomeUnknownError(_NO_ANSWER)


def _map_status(error: "APIStatusError") -> VendorError:
    status = error.status_code
    retry_after_s = parse_retry_after(error.response.headers)
    if status == 402 or error.code in _QUOTA_CODES:
        return VendorQuotaError("The OpenAI account has nothing left to spend; add credit or raise its limit.")
    if status == 429:
        return RateLimitedError(BUSY, retry_after_s=retry_after_s)
    if status == 504:
        return OutcomeUnknownError(_NO_ANSWER)
    if status >= 500 or status in (408, 409):
        return VendorUnavailableError(UNAVAILABLE, retry_after_s=retry_after_s)
    if is_refusal_code(error.code):
        return ContentRefusedError(REFUSED)
    if status in (401, 403):
        return VendorAuthError("OpenAI does not accept our key, or not for this model; check the key in the settings.")
    return VendorRejectedError(_REJECTED)
