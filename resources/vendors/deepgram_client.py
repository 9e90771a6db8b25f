"""The door to Deepgram: its client, the options of a call, and the one place where its failures become ours.

The SDK tries again by itself, which bills twice and sends an empty body in place of a file; here it never does. Nor
does a sentence of the vendor's, an address or a key get out: errors say our own words, and end the chain.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import httpx

from dubbing.errors import (
    OutcomeUnknownError,
    RateLimitedError,
    RecordingUnreachableError,
    SettingsError,
    ToolMissingError,
    VendorAuthError,
    VendorError,
    VendorQuotaError,
    VendorRejectedError,
    VendorReplyError,
    VendorUnavailableError,
)
from dubbing.usage import Receipt, Usage
from resources.vendors.bounded_reply import bound_reply
from resources.vendors.retry_after import parse_retry_after
from resources.vendors.vendor_words import describe_refusal

if TYPE_CHECKING:
    from deepgram import DeepgramClient
    from deepgram.core.request_options import RequestOptions

DEEPGRAM = "deepgram"
"""Deepgram's name as a vendor: in settings, prices, limits and voices."""

DEFAULT_URL = "https://api.deepgram.com"

CONNECT_TIMEOUT_S = 10.0

WRITE_TIMEOUT_S = 60.0
"""For each block of a recording that is sent."""

POOL_TIMEOUT_S = 30.0

MAX_QUANTITY = 10**9
"""Largest quantity that a receipt may name; ten days of sound. What is beyond is no quantity, and is left out."""

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes every address, key terms and all

_REQUEST_ID = re.compile(r"[0-9A-Za-z_.:-]{1,128}")

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)

_QUOTA_CODES = {"ASR_PAYMENT_REQUIRED", "PAYMENT_REQUIRED", "INSUFFICIENT_FUNDS"}

_UNFETCHED_CODES = {"REMOTE_CONTENT_ERROR"}
"""The vendor could not read the address of the recording."""

_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY}


def build_deepgram_client(api_key: str, url: str = DEFAULT_URL) -> "DeepgramClient":
    """Make the official client for an address.

    Raises:
        SettingsError: the key is not one that can be sent.
        ToolMissingError: the SDK is not installed.
    """
    if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise SettingsError("The API key for Deepgram is empty or has characters that no key has; set it anew.")
    try:
        from deepgram import DeepgramClient
        from deepgram.environment import DeepgramClientEnvironment
    except ImportError as error:
        raise ToolMissingError("Deepgram needs the package deepgram-sdk; install the requirements anew.") from error
    base = url.rstrip("/")
    sockets = re.sub(r"^http", "ws", base)
    return DeepgramClient(
        api_key=api_key,
        environment=DeepgramClientEnvironment(base=base, production=sockets, agent=sockets, agent_rest=base),
        max_retries=0,
        httpx_client=httpx.Client(
            follow_redirects=False,  # they would carry the key to whoever is named
            # A bound here would count as a vendor that is away; how many calls are made at once is settled before.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            event_hooks={"response": [bound_reply]},
        ),
    )


def build_options(timeout_s: float) -> "RequestOptions":
    """Say how long one call may take.

    Args:
        timeout_s: until the answer begins, and from there to its end.
    """
    timeout = httpx.Timeout(
        timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S), write=WRITE_TIMEOUT_S, pool=POOL_TIMEOUT_S
    )
    # The SDK hands it on to httpx as it is, and knows of no other way to give connecting a time of its own.
    return {"timeout": cast("float", timeout), "max_retries": 0}


@contextmanager
def asking_deepgram() -> Iterator[None]:
    """Turn what goes wrong with one call, until its answer is read, into our errors.

    Raises:
        VendorError: the kind that says whether it is billed and whether trying again can help.
    """
    from deepgram.core.api_error import ApiError
    from deepgram.core.parse_error import ParsingError

    try:
        yield
    except (ApiError, ParsingError) as error:
        raise build_refusal(error.status_code, error.headers or {}, error.body) from None
    except _NOT_SENT:
        raise VendorUnavailableError("Deepgram cannot be reached; check the network and try again later.") from None
    except httpx.HTTPError:
        raise OutcomeUnknownError("Deepgram's answer broke off or did not come; try again.") from None
    except (ValueError, TypeError, RecursionError):
        # The SDK reads the body of an error as JSON before it looks at the status; any body of another shape fails so.
        raise OutcomeUnknownError("Deepgram's answer cannot be read; try again.") from None


def build_refusal(status: int | None, headers: Mapping[str, str], body: Any) -> VendorError:
    """Make our error of an answer that the SDK raises: a status, or a body that is not what was asked for."""
    code = _read_code(body)
    error = _judge_refusal(status, headers, code)
    error.vendor_words = describe_refusal(status, code)
    return error


def _judge_refusal(status: int | None, headers: Mapping[str, str], code: str) -> VendorError:
    if status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        receipt = build_receipt(headers)
        return VendorReplyError("Deepgram answered with something that is not JSON; try again.", receipt=receipt)
    if status == HTTPStatus.PAYMENT_REQUIRED or code in _QUOTA_CODES:
        return VendorQuotaError("The Deepgram account is used up; add credit, then submit the job again.")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return VendorAuthError("Deepgram does not accept our API key for this; check the key and its rights.")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        retry_after_s = parse_retry_after(headers)
        return RateLimitedError("Deepgram takes no more calls at once; try again later.", retry_after_s=retry_after_s)
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        # Deepgram's word for a recording that it worked on for ten minutes: whether that is billed it does not say.
        return OutcomeUnknownError("Deepgram did not finish in its own time; try again.")
    if code in _UNFETCHED_CODES:
        return RecordingUnreachableError(
            "Deepgram could not fetch the recording from the store; set DUBLINE_VENDORS_REACH_STORE to no."
        )
    if status is None or _is_passing(status):
        retry_after_s = parse_retry_after(headers)
        return VendorUnavailableError("Deepgram is not available; try again later.", retry_after_s=retry_after_s)
    return VendorRejectedError("Deepgram does not accept this request; it would not accept it again.")


def build_receipt(headers: Mapping[str, str], usage: Usage | None = None, request_id: object = None) -> Receipt:
    """Make the receipt of a call that was answered.

    Args:
        headers: of the answer; its request id counts where the body names none.
        usage: in the vendor's units; None where the answer does not say.
        request_id: as the body names it.
    """
    named = [str(name) for name in (request_id, _find_header(headers, "dg-request-id")) if name]
    return Receipt(usage or {}, next(filter(_REQUEST_ID.fullmatch, named), None))


def read_quantity(headers: Mapping[str, str], name: str) -> int | None:
    """Read a quantity from a header; None where there is none that can be believed."""
    text = _find_header(headers, name) or ""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _is_passing(status: int) -> bool:
    return status < HTTPStatus.BAD_REQUEST or status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _read_code(body: Any) -> str:
    """Return the vendor's own word for an error, from its older or its newer form of them."""
    code = (body.get("err_code") or body.get("category")) if isinstance(body, dict) else None
    return code if isinstance(code, str) else ""


def _find_header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)
