"""ElevenLabs' text to speech, voices, models and subscription, as its REST interface has them.

Of the formats only raw samples. ``character-cost`` is the number of characters whatever the model, so that a bill can
be held against it.
"""

import json
import re
import secrets
import string
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vendor_emulator.elevenlabs_catalogue import (
    MODELS,
    describe_model,
    describe_voice,
    find_voices,
    paginate,
)
from vendor_emulator.exchanges import API_KEYS, Answer, Charge, Exchange, Operation, RefusalError, Vendor
from vendor_emulator.faults import Fault
from vendor_emulator.speaking import guess_language
from vendor_emulator.stage import Produce, Stage, build_refusal
from vendor_emulator.voices import ELEVEN_VOICES, ElevenVoice

MIN_SPEED, MAX_SPEED = 0.7, 1.2

_ID_SYMBOLS = string.ascii_letters + string.digits
_FORMAT = re.compile(r"pcm_(8000|16000|22050|24000|32000|44100|48000)")

_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("invalid_request", "The request is not valid."),
    401: ("invalid_api_key", "Invalid API key"),
    402: ("payment_required", "Your subscription does not cover this request."),
    403: ("missing_permissions", "The API key you used is missing a permission."),
    404: ("not_found", "Not found."),
    429: ("too_many_concurrent_requests", "Too many concurrent requests. Your current plan has a lower limit."),
}
_MESSAGES = {
    "quota_exceeded": "This request exceeds your quota of 10000. You have 0 credits remaining.",
    "system_busy": "We are experiencing heavy traffic; please try again later.",
}


class ElevenlabsApi:
    """The calls, and ElevenLabs' way to refuse them."""

    vendor: ClassVar[Vendor] = "elevenlabs"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.routes = [
            Route("/v1/text-to-speech/{voice_id}", self.convert, methods=["POST"]),
            Route("/v1/voices", self.list_voices, methods=["GET"]),
            Route("/v2/voices", self.search_voices, methods=["GET"]),
            Route("/v1/voices/{voice_id}", self.get_voice, methods=["GET"]),
            Route("/v1/models", self.list_models, methods=["GET"]),
            Route("/v1/user/subscription", self.get_subscription, methods=["GET"]),
        ]

    def refuse(self, status: int, request_id: str, code: str | None = None) -> RefusalError:
        """Say an error; see `stage.Wording`."""
        known, message = _ERRORS.get(status, ("internal_server_error", "Something went wrong; please try again."))
        return _refuse(status, code or known, _MESSAGES.get(code or "", message))

    def build_headers(self, exchange: Exchange) -> dict[str, str]:
        """Name the request, and tell how many are in work."""
        current, most = self._stage.limits.measure(self.vendor, exchange.operation)
        headers = {"request-id": exchange.request_id, "current-concurrent-requests": str(current)}
        return headers if most is None else headers | {"maximum-concurrent-requests": str(most)}

    def build_retry_headers(self, fault: Fault) -> dict[str, str]:
        """Say when to come back."""
        return fault.build_headers()

    async def convert(self, request: Request) -> Response:
        """Say a text."""
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        voice_id = request.path_params["voice_id"]
        words = [voice_id]
        if isinstance(body, dict):
            words += [str(body.get(name) or "") for name in ("model_id", "language_code", "text")]
        started = time.monotonic()

        async def produce(kind: str) -> Answer:
            return await self._say(request, body, started)

        return await self._serve(request, "synthesize", produce, body, tuple(words))

    async def _say(self, request: Request, body: Any, started: float) -> Answer:
        text, model_id, speed = _check(body)
        voice = _get_voice(request)
        model = MODELS[model_id]
        form = _FORMAT.fullmatch(request.query_params.get("output_format", "mp3_44100_128"))
        if form is None:
            raise _refuse(400, "output_format_not_allowed", "Only the raw formats pcm_* are served here.")
        if len(text) > model.max_characters:
            message = f"This request's text has {len(text)} characters and exceeds the limit of {model.max_characters}."
            raise _refuse(400, "max_character_limit_exceeded", message)
        language = body.get("language_code")
        if language is not None and language not in model.languages:
            message = f"Model '{model_id}' does not support the language_code {str(language)[:20]}."
            raise _refuse(400, "unsupported_language", message)
        samples = await run_in_threadpool(
            self._stage.speaking.speak,
            text,
            timbre=voice.timbre,
            language=language or guess_language(text, voice.language),
            rate_hz=int(form[1]),
            speed=speed,
        )
        headers = {
            "character-cost": str(len(text)),
            "history-item-id": _make_id(),
            "tts-latency-ms": str(round(1000 * (time.monotonic() - started))),
        }
        return Answer(samples, "audio/pcm", headers, Charge(model_id, {"characters": len(text)}), is_audio=True)

    async def list_voices(self, request: Request) -> Response:
        """List all voices."""
        return await self._describe(request, lambda: {"voices": [describe_voice(v) for v in ELEVEN_VOICES.values()]})

    async def search_voices(self, request: Request) -> Response:
        """List the voices that match, page by page."""

        def describe() -> dict[str, Any]:
            try:
                return paginate(
                    find_voices(request.query_params.get("search", "")),
                    int(request.query_params.get("page_size", "10")),
                    request.query_params.get("next_page_token"),
                )
            except ValueError:
                raise _refuse(400, "invalid_page", "The page_size or the next_page_token is not valid.") from None

        return await self._describe(request, describe)

    async def get_voice(self, request: Request) -> Response:
        """Describe one voice."""
        return await self._describe(request, lambda: describe_voice(_get_voice(request)))

    async def list_models(self, request: Request) -> Response:
        """List the models."""
        return await self._describe(request, lambda: [describe_model(name) for name in MODELS])

    async def get_subscription(self, request: Request) -> Response:
        """Say what is left of this month's characters."""
        return await self._describe(request, self._stage.accounts.describe_subscription, "account")

    async def _describe(self, request: Request, describe: Any, operation: Operation = "voices") -> Response:
        async def produce(kind: str) -> Answer:
            return Answer(json.dumps(describe()).encode())

        return await self._serve(request, operation, produce)

    async def _serve(
        self,
        request: Request,
        operation: Operation,
        produce: Produce,
        body: Any = None,
        words: tuple[str, ...] = (),
    ) -> Response:
        self._stage.record(request, self.vendor, operation, body)
        exchange = Exchange(self.vendor, operation, _make_id(), words)
        if request.headers.get("xi-api-key") != API_KEYS["elevenlabs"]:
            return build_refusal(self.refuse(401, exchange.request_id), self, exchange)
        return await self._stage.serve(request, self, exchange, produce)


def _check(body: Any) -> tuple[str, str, float]:
    """Give text, model and speed of a request that is well formed."""
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise _refuse_field("text", "Field required", "missing")
    if not text.strip():
        raise _refuse(400, "input_text_empty", "Input text is empty. Please provide text.")
    model_id = body.get("model_id", "eleven_multilingual_v2")
    if model_id not in MODELS:
        raise _refuse(400, "model_not_found", f"A model with model ID {str(model_id)[:50]} does not exist")
    settings = body.get("voice_settings") or {}
    speed = settings.get("speed") if isinstance(settings, dict) else None
    speed = 1.0 if speed is None else speed
    if not isinstance(speed, int | float) or not MIN_SPEED <= speed <= MAX_SPEED:
        message = f"Invalid setting for speed received, expected to be between {MIN_SPEED} and {MAX_SPEED}."
        raise _refuse(400, "invalid_voice_settings", message)
    return text, model_id, float(speed)


def _get_voice(request: Request) -> ElevenVoice:
    voice_id = request.path_params["voice_id"]
    if voice_id not in ELEVEN_VOICES:
        # The two calls differ on the real service too.
        status = 404 if request.method == "POST" else 400
        raise _refuse(status, "voice_not_found", "A voice with this voice_id was not found.")
    return ELEVEN_VOICES[voice_id]


def _make_id() -> str:
    return "".join(secrets.choice(_ID_SYMBOLS) for _ in range(20))


def _refuse(status: int, code: str, message: str) -> RefusalError:
    return RefusalError(status, {"detail": {"status": code, "message": message}})


def _refuse_field(name: str, message: str, kind: str) -> RefusalError:
    return RefusalError(422, {"detail": [{"loc": ["body", name], "msg": message, "type": kind}]})
