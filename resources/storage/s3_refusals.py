"""What boto3 raises, in our words: never with an address or a key in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from dubbing.errors import ObjectMissingError, StorageError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


class S3RefusedError(StorageError):
    """The server answered with an error; ``status`` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def naming_refusals() -> Iterator[None]:
    """Translate what goes wrong between us and the server.

    Raises:
        ObjectMissingError: there is no such object.
        StorageError: anything else; the error it came from is cut off, for its text has the address.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _name_refusal(error) from None
    except Boto3Error as error:
        cause = error.__context__  # of an upload that failed, which boto3 wraps
        if isinstance(cause, ClientError):
            raise _name_refusal(cause) from None
        raise _name_failure(error) from None
    except BotoCoreError as error:
        raise _name_failure(error) from None


def get_status(error: StorageError) -> int | None:
    """Give the HTTP status of a refusal; None where there was no answer."""
    return error.status if isinstance(error, S3RefusedError) else None


def _name_refusal(error: "ClientError") -> StorageError:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = error.response.get("Error", {}).get("Code", "")  # empty where the server's XML has a namespace
    if code == "NoSuchBucket":
        return S3RefusedError("The bucket does not exist; make it, or set another one.", status)
    if status == HTTPStatus.NOT_FOUND:
        return ObjectMissingError("An object that should be in the store is not there.")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        sentence = "The S3 server refused; check the keys, and that they may read, write, delete and list the bucket."
        return S3RefusedError(sentence, status)
    return S3RefusedError(f"The S3 server refused (status {status}); try again later.", status)


def _name_failure(error: Exception) -> StorageError:
    return StorageError(f"The S3 server cannot be reached or broke off ({type(error).__name__}); try again later.")
