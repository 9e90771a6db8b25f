"""What Supabase Storage's refusals mean, as errors of ours.

The server answers 400 to nearly everything and puts the true status into the body, as a string; the SDK hands that
on, lets the errors of its HTTP client through, and stumbles over answers that are not JSON. Its messages repeat
keys and addresses with their tokens, so none of them is passed on.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from dubbing.errors import DubbingError, ObjectMissingError, StorageError, UploadTakenError

MISSING = "An object that should be in the store is not there."

_SENTENCES = {
    "401": "Supabase Storage refuses the key; check DUBLINE_SUPABASE_SECRET_KEY.",
    "403": "Supabase Storage refuses the key; check DUBLINE_SUPABASE_SECRET_KEY.",
    "404": "Supabase Storage knows no such bucket; check DUBLINE_SUPABASE_URL, and create the bucket named in "
    "DUBLINE_BUCKET, as a private one.",
    "413": "The object is larger than the limit of the bucket or of the project; raise it at Supabase.",
    "415": "The bucket does not accept files of this type; allow them at Supabase.",
}


@contextmanager
def speaking_to_supabase() -> Iterator[None]:
    """Turn whatever goes wrong inside, in the SDK or on the wire, into errors of ours.

    Raises:
        ObjectMissingError: there is no such object.
        UploadTakenError: there is one already.
        StorageError: anything else, with one sentence that says what to do.
    """
    from storage3.exceptions import StorageApiError
    from storage3.utils import StorageException

    try:
        yield
    except StorageApiError as error:
        raise _build_error(str(error.status), error.code) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise build_transport_error(error) from None
    except (StorageException, ValueError, LookupError, TypeError, AttributeError):
        # How the SDK fails at an answer of another shape: a gateway's page, an empty body, a list for an object.
        raise StorageError("Supabase Storage gave an answer that makes no sense; try again later.") from None


def build_transport_error(error: httpx.HTTPError | httpx.InvalidURL) -> StorageError:
    """Describe a failure of the connection; its own text may hold an address."""
    return StorageError(
        f"Supabase Storage cannot be reached or broke off ({type(error).__name__}); try again later, "
        "and check DUBLINE_SUPABASE_URL if that does not help."
    )


def read_refusal(http_status: int, body: bytes) -> DubbingError:
    """Understand a refusal that did not go through the SDK."""
    try:
        refusal = json.loads(body)
        return _build_error(str(refusal["statusCode"]), refusal["error"])
    except (ValueError, LookupError, TypeError):
        return _build_error(str(http_status), "")


def is_missing(http_status: int, body: bytes) -> bool:
    """Whether a refusal says that there is no such object."""
    return isinstance(read_refusal(http_status, body), ObjectMissingError)


def _build_error(status: str, code: object) -> DubbingError:
    if status == "404" and code == "not_found":
        return ObjectMissingError(MISSING)
    if status == "409":
        return UploadTakenError("The store already has an object under this key.")
    if sentence := _SENTENCES.get(status):
        return StorageError(sentence)
    # A proxy may put anything there.
    shown = status if status.isascii() and status.isdigit() and len(status) == 3 else "unknown"
    return StorageError(f"Supabase Storage failed (status {shown}); try again later.")
