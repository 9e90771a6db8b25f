"""Errors as RFC 9457 problem documents: the one place where the error tree becomes HTTP."""

import http
import logging
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dubbing.errors import DubbingError, build_error

MEDIA_TYPE = "application/problem+json"
PROBLEM_CODE = "dubline.problem"
"""Key of a request's scope under which the code of the problem stands that it was answered with."""

RETRY_AFTER_S = 5
"""When to come back after a fault that passes, seconds."""

EXAMPLE_ID = "9f86d081884c4d659a2feaa0c55ad015"

INTERNAL_SENTENCE = "Something unexpected happened on our side; try again, and tell us if it happens again."
MALFORMED_SENTENCE = "The request is not as the documentation says; see the list of errors."

STATUSES: Mapping[str, int] = {
    "malformed_request": 422,
    "bad_input": 422,
    "empty_file": 422,
    "not_media": 422,
    "unsafe_media": 422,
    "no_audio_stream": 422,
    "truncated_media": 422,
    "too_long": 422,
    "silent_audio": 422,
    "no_speech": 422,
    "unknown_language": 422,
    "unsupported_language": 422,
    "unknown_voice": 422,
    "too_many_languages": 422,
    "upload_mismatch": 422,
    "unauthorized": 401,
    "budget_exceeded": 402,
    "spend_limit_too_low": 402,
    "address_rejected": 403,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "upload_incomplete": 409,
    "upload_taken": 409,
    "idempotency_conflict": 409,
    "job_finished": 409,
    "job_busy": 409,
    "erasure_under_way": 409,
    "download_gone": 410,
    "request_too_large": 413,
    "upload_too_large": 413,
    "unsupported_media_type": 415,
    "range_not_satisfiable": 416,
    "too_many_uploads": 429,
    "vendor_auth": 502,
    "vendor_quota": 502,
    "vendor_rejected": 502,
    "vendor_unavailable": 503,
    "auth_unavailable": 503,
    "database_unavailable": 503,
    "busy": 503,
    "storage_failed": 503,
    "object_missing": 503,
    "disk_full": 503,
}
"""HTTP status by error code; any other code is a fault of ours (500) and its sentence stays inside."""

VOICELESS = ("vendor_auth", "vendor_quota", "vendor_rejected", "vendor_unavailable")
"""Problems of a route that asks what voices there are, when no vendor's list can be had."""

_CODES_OF_FRAMEWORK = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}

_log = logging.getLogger("dubline.api")


class FieldProblem(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Where: dotted path in the body, or name of the parameter.", examples=["sha256"])
    message: str = Field(examples=["String should have at least 64 characters"])


class Problem(BaseModel):
    """A problem document (RFC 9457). ``code`` is stable; ``detail`` is for people and may change."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(examples=["urn:dubline:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["not_found"])
    detail: str = Field(examples=["There is no such job."])
    retryable: bool = Field(description="Whether the same request can succeed later.", examples=[False])
    instance: str = Field(
        description="The request, as `X-Request-Id` names it too; tell it to support.",
        examples=[f"urn:dubline:request:{EXAMPLE_ID}"],
    )
    errors: list[FieldProblem] | None = Field(default=None, description="Only for a malformed request.")


class ProblemReply(JSONResponse):
    """Sends a problem document, and leaves its code to those who watch the request."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: Mapping[str, str]) -> None:
        super().__init__(problem.model_dump(exclude_none=True), problem.status, headers)
        self._code = problem.code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send."""
        scope[PROBLEM_CODE] = self._code
        await super().__call__(scope, receive, send)


def document(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Describe in OpenAPI the problems that a route can answer with."""
    statuses: dict[int, list[str]] = {}
    for code in codes:
        statuses.setdefault(STATUSES.get(code, 500), []).append(code)
    return {
        status: {
            "model": Problem,
            "description": f"{http.HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in listed)}",
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: _build_example(code) for code in listed},
                }
            },
        }
        for status, listed in statuses.items()
    }


def keep_problem_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Take out the plain JSON that FastAPI adds beside the type that problems really have."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                if MEDIA_TYPE in response.get("content", {}):
                    response["content"].pop("application/json", None)
    return schema


def _build_example(code: str) -> dict[str, Any]:
    error = build_error(code, "")
    meaning = (type(error).__doc__ or "").splitlines()[0] if error.code == code else MALFORMED_SENTENCE
    return {
        "summary": meaning,
        "value": _build_problem(code, meaning, EXAMPLE_ID, retryable=error.retryable).model_dump(exclude_none=True),
    }


def _build_problem(
    code: str, detail: str, request_id: str, *, retryable: bool, errors: Sequence[FieldProblem] | None = None
) -> Problem:
    status = STATUSES.get(code, 500)
    return Problem(
        type=f"urn:dubline:problem:{code}",
        title=http.HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        retryable=retryable,
        instance=f"urn:dubline:request:{request_id}",
        errors=list(errors) if errors is not None else None,
    )


def reply(
    code: str,
    detail: str,
    *,
    retryable: bool = False,
    errors: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Build the reply to a request that failed."""
    # An application put together without the watch that names requests answers all the same.
    request_id = structlog.contextvars.get_contextvars().get("request_id") or uuid.uuid4().hex
    problem = _build_problem(code, detail, request_id, retryable=retryable, errors=errors)
    sent = {"Cache-Control": "no-store", **(headers or {})}
    if problem.status == 401:
        sent["WWW-Authenticate"] = "Bearer"
    if retryable and problem.status in {429, 503}:
        sent["Retry-After"] = str(RETRY_AFTER_S)
    return ProblemReply(problem, sent)


def install(app: FastAPI) -> None:
    """Answer every error with a problem document, and say so in OpenAPI."""
    build_schema = app.openapi
    app.openapi = lambda: keep_problem_type(build_schema())  # type: ignore[method-assign]
    app.add_exception_handler(DubbingError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_malformed)
    app.add_exception_handler(HTTPException, _answer_framework)


def _answer_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, DubbingError) or error.code not in STATUSES:
        _log_defect(request.scope, error)
        return reply("internal", INTERNAL_SENTENCE, retryable=True)
    return reply(error.code, error.message, retryable=error.retryable)


def _answer_malformed(_request: Request, error: Exception) -> JSONResponse:
    found = list(_list_fields(error)) if isinstance(error, RequestValidationError) else []
    return reply("malformed_request", MALFORMED_SENTENCE, errors=found)


def _list_fields(error: RequestValidationError) -> Iterator[FieldProblem]:
    """Say what is wrong and where; never what was sent."""
    for problem in error.errors()[:20]:
        place = [str(part) for part in problem["loc"][1:]] or [str(part) for part in problem["loc"]]
        yield FieldProblem(field=".".join(place)[:200], message=str(problem["msg"]))


def _answer_framework(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = _CODES_OF_FRAMEWORK.get(status, "malformed_request" if status < 500 else "internal")
    detail = {
        "not_found": "There is nothing at this address.",
        "method_not_allowed": "This address does not take that method.",
    }.get(code, MALFORMED_SENTENCE)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 405 and (methods := _list_methods(request)):
        headers["Allow"] = ", ".join(methods)
    return reply(code, detail, headers=headers)


def _list_methods(request: Request) -> list[str]:
    """List what an address takes; Starlette itself names only the first of its routes."""
    paths, address = request.app.openapi()["paths"], request.url.path
    patterns = [address] if address in paths else list(paths)  # a path without parameters matches none with them
    operations = (paths[each] for each in patterns if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each), address))
    return sorted({method.upper() for methods in operations for method in methods})


class DefectShield:
    """Answers a defect of ours with a problem document and logs its place.

    No layer that could break is outside of it: what passed it would be logged with its message, which may hold what a
    customer sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; answer what breaks, unless the answer has begun."""
        has_begun = False

        async def watch(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:  # noqa: BLE001 - one of the edges where nothing may pass
            _log_defect(scope, error)
            if scope["type"] == "http" and not has_begun:
                await reply("internal", INTERNAL_SENTENCE, retryable=True)(scope, receive, send)


def _log_defect(scope: Scope, error: Exception) -> None:
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    place = f"{frames.tb_frame.f_code.co_filename}:{frames.tb_lineno}" if frames is not None else "nowhere"
    route = getattr(scope.get("route"), "path", "an unknown route")
    _log.error("%s at %s, asked for %s %s", type(error).__name__, place, scope.get("method"), route)
