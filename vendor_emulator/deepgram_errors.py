"""How Deepgram refuses: an older shape for what a caller did wrong, a newer one for the rest."""

from http import HTTPStatus

from vendor_emulator.exchanges import RefusalError

_OLDER_ERRORS = {
    400: ("Bad Request", "Bad Request: the request cannot be processed."),
    401: ("INVALID_AUTH", "Invalid credentials."),
    402: (
        "ASR_PAYMENT_REQUIRED",
        "Project does not have enough credits for an ASR request and does not have an overage agreement.",
    ),
    403: ("INSUFFICIENT_PERMISSIONS", "User does not have sufficient permissions."),
    413: ("PAYLOAD_TOO_LARGE", "The payload exceeds what is accepted."),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
}


def refuse_status(status: int, request_id: str, code: str | None = None) -> RefusalError:
    """Say an error of this status, or of this code."""
    if status in _OLDER_ERRORS:
        known, message = _OLDER_ERRORS[status]
        return RefusalError(status, {"err_code": code or known, "err_msg": message, "request_id": request_id})
    phrase = HTTPStatus(status).phrase
    category = code or phrase.upper().replace(" ", "_")
    return refuse_newly(status, request_id, category, f"{phrase}.", "Please try again later.")


def refuse_parameter(request_id: str, message: str) -> RefusalError:
    """Say that a parameter, or the text, is not what can be served."""
    body = {"err_code": "Bad Request", "err_msg": f"Bad Request: {message}", "request_id": request_id}
    return RefusalError(400, body)


def refuse_address(request_id: str, what: str) -> RefusalError:
    """Say that the recording could not be had."""
    message = f"The remote server hosting the media {what}."
    return RefusalError(400, {"err_code": "REMOTE_CONTENT_ERROR", "err_msg": message, "request_id": request_id})


def refuse_newly(status: int, request_id: str, category: str, message: str, details: str) -> RefusalError:
    """Say an error in the newer shape."""
    body = {"category": category, "message": message, "details": details, "request_id": request_id}
    return RefusalError(status, body)
