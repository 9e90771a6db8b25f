"""The customers: they submit recordings over HTTP and do not give up while the service is away."""

import hashlib
import io
import uuid
import wave
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from dubbing.transcript import Word
from tests.chaos.schedule import Submission
from tests.e2e.service import Service
from tests.support.engines import make_words
from tests.support.waiting import wait_for
from vendor_emulator.server import VendorEmulator

RECORDING = Path(__file__).parents[2] / "samples" / "sense_and_sensibility.wav"
RECORDING_S = 8
LINES = 4
PATIENCE_S = 180.0
"""How long one request is made again, seconds."""

PAUSE_S = 0.5
SENTENCES = {
    "es": "Línea {n} de {job}.",
    "de": "Zeile {n} von {job}.",
    "ko": "{job}번의 {n}번째 줄입니다.",
}
"""What the lines are in each language; Korean is ElevenLabs' alone, the others can be spoken by both vendors."""


class RefusedError(Exception):
    """The service refused what it should take."""


@dataclass
class Customers:
    """All users of one stack together.

    Attributes:
        refusals: how often they were told to come back, or not answered at all, by why.
        jobs: id by number, once it was given.
    """

    service: Service
    languages: tuple[str, ...]
    refusals: Counter[str] = field(default_factory=Counter)
    jobs: dict[int, str] = field(default_factory=dict)

    def submit(self, submission: Submission) -> None:
        """Hand in a job as a careful client does: the upload anew after a fault, the job with the same key.

        Raises:
            RefusedError: something else than "come back later" was answered.
            AssertionError: the service stayed away for too long.
        """
        recording = make_recording(submission.recording)
        with self.service.sign_in(name_user(submission.user)) as client:
            body = {
                "upload_id": self._insist(lambda: self._upload(client, recording), "an upload"),
                "target_languages": list(self.languages),
                "source_language": "en",
            }
            key = {"Idempotency-Key": f"job-{submission.number}"}
            job = self._insist(lambda: self._ask(client.post("/jobs", json=body, headers=key)), "a job")
        self.jobs[submission.number] = str(job.json()["id"])

    def list_jobs(self, user: int) -> list[dict[str, Any]]:
        """Give the jobs of a user as the service shows them now; asked again while it is away."""
        with self.service.sign_in(name_user(user)) as client:
            reply = self._insist(lambda: self._ask(client.get("/jobs", params={"limit": 100})), "the jobs")
        return list(reply.json()["items"])

    def _upload(self, client: httpx.Client, recording: bytes) -> str | None:
        announced = self._ask(
            client.post(
                "/uploads",
                json={
                    "filename": "line.wav",
                    "content_type": "audio/wav",
                    "size_bytes": len(recording),
                    "sha256": hashlib.sha256(recording).hexdigest(),
                },
            )
        )
        if announced is None:
            return None
        target = announced.json()
        sent = httpx.request(target["method"], target["url"], headers=target["headers"], content=recording, timeout=60)
        return str(target["upload_id"]) if self._ask(sent) is not None else None

    def _ask(self, reply: httpx.Response) -> httpx.Response | None:
        if reply.is_success:
            return reply
        code = reply.json().get("code", "") if "json" in reply.headers.get("content-type", "") else ""
        self.refusals[f"{reply.status_code} {code}".strip()] += 1
        if reply.status_code < 500 and reply.status_code != 429:
            raise RefusedError(f"{reply.request.method} {reply.request.url.path}: {reply.status_code} {code}")
        return None

    def _insist(self, ask: Any, what: str) -> Any:
        got: list[Any] = []

        def is_given() -> bool:
            try:
                answer = ask()
            except httpx.TransportError as error:
                self.refusals[type(error).__name__] += 1
                return False
            got[:] = [answer]
            return answer is not None

        wait_for(is_given, what, PATIENCE_S, pause_s=PAUSE_S)
        return got[0]


def name_user(number: int) -> uuid.UUID:
    return uuid.UUID(int=0xC4A05_000 + number)


def make_recording(number: int) -> bytes:
    """A recording that differs from all others in its last sample."""
    cut = io.BytesIO()
    with wave.open(str(RECORDING), "rb") as source, wave.open(cut, "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(RECORDING_S * source.getframerate()))
    return cut.getvalue()[:-2] + number.to_bytes(2, "little")


def rehearse(emulator: VendorEmulator, number: int, languages: tuple[str, ...]) -> None:
    """Tell the emulator what two people say in a recording, in words that no other has, and how it is translated."""
    said = {n: f"Line {n} of {number}." for n in range(1, LINES + 1)}
    step_ms = RECORDING_S * 1000 // LINES
    words: list[Word] = []
    for n, text in said.items():
        spoken = make_words(text, start_ms=(n - 1) * step_ms, word_ms=step_ms // 8, gap_ms=0)
        words += [replace(word, speaker=str(n % 2)) for word in spoken]
    emulator.script_transcript(
        hashlib.sha256(make_recording(number)).hexdigest(),
        language="en",
        duration_ms=RECORDING_S * 1000,
        words=[{"word": w.text, "start_ms": w.start_ms, "end_ms": w.end_ms, "speaker": int(w.speaker)} for w in words],
    )
    for language in languages:
        texts = {text: SENTENCES[language].format(n=n, job=number) for n, text in said.items()}
        emulator.script_translations(language, texts)
