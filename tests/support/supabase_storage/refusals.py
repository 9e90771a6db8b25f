"""The server's way to say no: HTTP 400 whatever happened, the true status as a string in the body."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class RefusalError(Exception):
    """An answer that ends the request."""

    def __init__(self, status: int, error: str, code: str, message: str, *, http_status: int = 400) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.body = {"statusCode": str(status), "error": error, "message": message, "code": code}


async def answer_refusal(request: Request, refusal: Exception) -> Response:
    """Put a refusal on the wire."""
    assert isinstance(refusal, RefusalError)
    return JSONResponse(refusal.body, status_code=refusal.http_status)


def no_such_key() -> RefusalError:
    return RefusalError(404, "not_found", "NoSuchKey", "Object not found")


def no_such_bucket() -> RefusalError:
    return RefusalError(404, "Bucket not found", "NoSuchBucket", "Bucket not found")


def taken(code: str = "KeyAlreadyExists") -> RefusalError:
    return RefusalError(409, "Duplicate", code, "The resource already exists")


def invalid_request(message: str) -> RefusalError:
    return RefusalError(400, "Error", "InvalidRequest", message)


def invalid_key(key: str) -> RefusalError:
    return RefusalError(400, "InvalidKey", "InvalidKey", f"Invalid key: {key}")


def invalid_token(message: str) -> RefusalError:
    return RefusalError(400, "InvalidJWT", "InvalidJWT", message)


def invalid_signature(message: str) -> RefusalError:
    return RefusalError(400, "InvalidSignature", "InvalidSignature", message)


def access_denied(message: str) -> RefusalError:
    return RefusalError(403, "Unauthorized", "AccessDenied", message)


def too_large() -> RefusalError:
    return RefusalError(413, "Payload too large", "EntityTooLarge", "The object exceeded the maximum allowed size")


def wrong_type(media_type: str) -> RefusalError:
    return RefusalError(415, "invalid_mime_type", "InvalidMimeType", f"mime type {media_type} is not supported")


def bad_range() -> RefusalError:
    return RefusalError(416, "invalid_range", "InvalidRange", "The requested range is not satisfiable", http_status=416)
