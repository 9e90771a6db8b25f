"""Deepgram's speech to text, text to speech and the balance of a project, as its REST interface has them.

Both shapes of its errors are here: the older one for what a caller did wrong, the newer one for bodies and parameters
that cannot be read and for the server's own failures. Not here: callbacks, streaming, formats other than linear16.
"""

import io
import json
import math
import tempfile
import uuid
import wave
from pathlib import Path
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dubbing.errors import DubbingError
from vendor_emulator.deepgram_errors import refuse_newly, refuse_parameter, refuse_status
from vendor_emulator.deepgram_recording import Recording
from vendor_emulator.deepgram_transcript import Wishes, build_reply
from vendor_emulator.exchanges import API_KEYS, Answer, Charge, Exchange, Operation, RefusalError, Vendor
from vendor_emulator.faults import Fault
from vendor_emulator.stage import Stage, build_refusal
from vendor_emulator.voices import AURA_VOICES, AuraVoice

RECOGNITION_MODELS = frozenset({"nova-3", "nova-3-general"})
SAMPLE_RATES_HZ = frozenset({8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000})
MAX_CHARACTERS = 2_000
MIN_SPEED, MAX_SPEED = 0.7, 1.5
LANGUAGES_WITH_SPEED = frozenset({"en", "es"})

_PROJECT_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "project.vendor-emulator"))
_YES = frozenset({"true", "1"})


class DeepgramApi:
    """The calls, and Deepgram's way to refuse them."""

    vendor: ClassVar[Vendor] = "deepgram"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.routes = [
            Route("/v1/listen", self.listen, methods=["POST"]),
            Route("/v1/speak", self.speak, methods=["POST"]),
            Route("/v1/projects", self.list_projects, methods=["GET"]),
            Route("/v1/projects/{project_id}/balances", self.list_balances, methods=["GET"]),
        ]

    def refuse(self, status: int, request_id: str, code: str | None = None) -> RefusalError:
        """Say an error; see `stage.Wording`."""
        return refuse_status(status, request_id, code)

    def build_headers(self, exchange: Exchange) -> dict[str, str]:
        """Name the request."""
        return {"dg-request-id": exchange.request_id}

    def build_retry_headers(self, fault: Fault) -> dict[str, str]:
        """Say when to come back."""
        return fault.build_headers()

    async def listen(self, request: Request) -> Response:
        """Recognise what lies behind an address, or the body itself."""
        request_id = str(uuid.uuid4())
        is_address = request.headers.get("content-type", "").startswith("application/json")
        query = request.query_params
        with tempfile.NamedTemporaryFile(prefix="emulated-listen-") as file:
            recording = Recording(Path(file.name))
            body: Any = None
            try:
                if is_address:
                    body = await _read_json(request, request_id)
                else:
                    await recording.receive(request)
            except RefusalError as refusal:
                return self._turn_away(request, "recognize", request_id, None, refusal)
            if (refused := self._check_key(request, request_id)) is not None:
                return self._turn_away(request, "recognize", request_id, body, refused)
            self._stage.record(request, self.vendor, "recognize", body)
            address = str(body.get("url", "")) if isinstance(body, dict) else ""
            words = (query.get("model", ""), query.get("language", ""), address)
            exchange = Exchange(self.vendor, "recognize", request_id, words)

            async def produce(kind: str) -> Answer:
                wishes = _parse_wishes(request, request_id)
                if is_address:
                    await recording.download(address, request_id)
                return await self._recognize(recording, wishes, exchange, kind)

            return await self._stage.serve(request, self, exchange, produce)

    async def _recognize(self, recording: Recording, wishes: Wishes, exchange: Exchange, kind: str) -> Answer:
        hearing = self._stage.hearing
        try:
            heard = await run_in_threadpool(hearing.hear, recording.path, recording.sha256, wishes.language)
        except DubbingError:
            message = "Bad Request: failed to process audio: corrupt or unsupported data"
            body = {"err_code": "Bad Request", "err_msg": message, "request_id": exchange.request_id}
            raise RefusalError(400, body) from None
        reply = build_reply(heard, wishes, exchange.request_id, recording.sha256, has_words=kind != "no_words")
        model = "nova-3-multilingual" if wishes.is_multilingual else "nova-3"
        charge = Charge(model, {"ms": heard.duration_ms}, wishes.tags[0] if wishes.tags else None)
        return Answer(json.dumps(reply).encode(), charge=charge)

    async def speak(self, request: Request) -> Response:
        """Say a text."""
        request_id = str(uuid.uuid4())
        try:
            body = await _read_json(request, request_id)
        except RefusalError as refusal:
            return self._turn_away(request, "synthesize", request_id, None, refusal)
        if (refused := self._check_key(request, request_id)) is not None:
            return self._turn_away(request, "synthesize", request_id, body, refused)
        self._stage.record(request, self.vendor, "synthesize", body)
        text = body.get("text") if isinstance(body, dict) else None
        words = (request.query_params.get("model", ""), text if isinstance(text, str) else "")
        exchange = Exchange(self.vendor, "synthesize", request_id, words)

        async def produce(kind: str) -> Answer:
            return await self._say(request, text, exchange)

        return await self._stage.serve(request, self, exchange, produce)

    async def _say(self, request: Request, text: object, exchange: Exchange) -> Answer:
        query, request_id = request.query_params, exchange.request_id
        voice = AURA_VOICES.get(query.get("model", ""))
        if voice is None:
            raise refuse_parameter(request_id, "No such model/version combination found.")
        if not isinstance(text, str) or not text.strip():
            raise refuse_parameter(request_id, "Input text contains no characters.")
        if len(text) > MAX_CHARACTERS:
            message = f"Input text exceeds maximum character limit of {MAX_CHARACTERS}."
            body = {"err_code": "PAYLOAD_TOO_LARGE", "err_msg": message, "request_id": request_id}
            raise RefusalError(413, body)
        if query.get("encoding") != "linear16" or query.get("container", "wav") not in ("none", "wav"):
            raise refuse_parameter(request_id, "Only linear16 in the containers none and wav is served.")
        rate_hz = _parse_rate(query.get("sample_rate", "24000"), request_id)
        speed = _parse_speed(query.get("speed"), voice, request_id)
        samples = await run_in_threadpool(
            self._stage.speaking.speak,
            text,
            timbre=voice.timbre,
            language=voice.language,
            rate_hz=rate_hz,
            speed=speed,
        )
        is_wav = query.get("container", "wav") == "wav"
        return Answer(
            _wrap(samples, rate_hz) if is_wav else samples,
            "audio/wav" if is_wav else f"audio/l16;rate={rate_hz};channels=1",
            {
                "dg-char-count": str(len(text)),
                "dg-model-name": voice.model,
                "dg-model-uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, voice.model)),
                "dg-project-id": _PROJECT_ID,
            },
            Charge("aura-2", {"characters": len(text)}, query.get("tag")),
            is_audio=True,
        )

    async def list_projects(self, request: Request) -> Response:
        """List the one project."""
        return await self._describe(request, {"projects": [{"project_id": _PROJECT_ID, "name": "vendor-emulator"}]})

    async def list_balances(self, request: Request) -> Response:
        """Say what is left of the project's money."""
        if request.path_params["project_id"] != _PROJECT_ID:
            return await self._describe(request, None)
        balance_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, "balance.vendor-emulator"))
        return await self._describe(request, {"balances": [self._stage.accounts.describe_balance(balance_id)]})

    async def _describe(self, request: Request, body: dict[str, Any] | None) -> Response:
        """Answer with what is known of the account; None is nothing that is there."""
        exchange = Exchange(self.vendor, "account", str(uuid.uuid4()))
        if (refused := self._check_key(request, exchange.request_id)) is not None:
            return self._turn_away(request, "account", exchange.request_id, None, refused)
        self._stage.record(request, self.vendor, "account", None)

        async def produce(kind: str) -> Answer:
            if body is None:
                raise self.refuse(404, exchange.request_id)
            return Answer(json.dumps(body).encode())

        return await self._stage.serve(request, self, exchange, produce)

    def _check_key(self, request: Request, request_id: str) -> RefusalError | None:
        if request.headers.get("authorization") == f"Token {API_KEYS['deepgram']}":
            return None
        return self.refuse(401, request_id)

    def _turn_away(
        self, request: Request, operation: Operation, request_id: str, body: Any, refusal: RefusalError
    ) -> Response:
        self._stage.record(request, self.vendor, operation, body)
        return build_refusal(refusal, self, Exchange(self.vendor, operation, request_id))


async def _read_json(request: Request, request_id: str) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        raise refuse_newly(
            400, request_id, "INVALID_JSON", "Invalid JSON submitted.", "Json deserialize error."
        ) from None


def _parse_wishes(request: Request, request_id: str) -> Wishes:
    query = request.query_params
    if query.get("model", "nova-3") not in RECOGNITION_MODELS:
        raise refuse_parameter(request_id, "No such model/language/tier combination found.")
    if "callback" in query:
        raise refuse_parameter(request_id, "Callbacks are not served here.")
    language = query.get("language")
    return Wishes(
        language=None if query.get("detect_language") in _YES or language == "multi" else language or "en",
        detects_language=query.get("detect_language") in _YES,
        is_multilingual=language == "multi",
        diarizes=query.get("diarize") in _YES or "diarize_model" in query,
        punctuates=query.get("punctuate") in _YES or query.get("smart_format") in _YES,
        wants_utterances=query.get("utterances") in _YES,
        wants_paragraphs=query.get("paragraphs") in _YES,
        utterance_gap_ms=round(1000 * _parse_number("utt_split", query.get("utt_split", "0.8"), request_id)),
        tags=tuple(query.getlist("tag")),
    )


def _parse_rate(text: str, request_id: str) -> int:
    rate_hz = _parse_number("sample_rate", text, request_id)
    if rate_hz not in SAMPLE_RATES_HZ:
        raise refuse_parameter(request_id, "Unsupported sample_rate for encoding linear16.")
    return int(rate_hz)


def _parse_speed(text: str | None, voice: AuraVoice, request_id: str) -> float:
    if text is None:
        return 1.0
    if voice.language not in LANGUAGES_WITH_SPEED:
        raise refuse_parameter(request_id, "speed is not supported for this model.")
    speed = _parse_number("speed", text, request_id)
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise refuse_parameter(request_id, f"speed must be between {MIN_SPEED} and {MAX_SPEED}.")
    return speed


def _parse_number(name: str, text: str, request_id: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise refuse_newly(400, request_id, "INVALID_QUERY_PARAMETER", "Failed to deserialize query.", f"{name}.")
    return number


def _wrap(samples: bytes, rate_hz: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples)
    return out.getvalue()
