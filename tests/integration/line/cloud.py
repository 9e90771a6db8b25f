"""The line with the vendors' engines on the emulator.

Voices are tones here, so that a take is cheap; everything else is as in a real run. What the emulator cannot prove is
said there.
"""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import numpy as np
from pydantic import SecretStr
from sqlalchemy import select

from dub_assets.definitions import build_definitions
from dub_assets.instance import open_instance
from dub_assets.source import report_job
from dubbing.stages import VoicedSegment
from dubbing.transcript import Word
from resources.container import Container
from resources.database.tables import CallState, VendorCall
from resources.intake import JobRequest
from resources.media.ffmpeg import find_ffmpeg
from resources.media.wav import read_wav
from resources.settings import Settings
from tests.integration.line.conftest import QUIET, USER
from tests.support.audio import encode, make_noise
from tests.support.engines import make_words
from vendor_emulator.server import API_KEYS, VendorEmulator

LINES = ("One small step for all of us.", "And then a long walk home.", "We do not know the way.")
TRANSLATIONS = {
    "es": ("Un pequeño paso para todos.", "Y luego una larga caminata a casa.", "No conocemos el camino."),
    "pt-BR": ("Um pequeno passo para todos.", "E depois uma longa caminhada.", "Não conhecemos o caminho."),
}
DURATION_MS = 24_000


@dataclass
class CloudLine:
    """Jobs on the line, and what they left behind."""

    container: Container
    instance: dg.DagsterInstance
    emulator: VendorEmulator
    recording: Path
    failed_steps: list[str] = field(default_factory=list)

    def submit(self, *languages: str, **wishes: object) -> uuid.UUID:
        request = JobRequest(USER, languages, "en", **wishes)  # type: ignore[arg-type]
        job = self.container.intake.submit(request, self.recording)
        with self.container.database.transaction() as tx:
            upload = tx.uploads.get_of_job(job.job_id)
        report_job(self.instance, job.job_id, upload, self.container.store.locate(upload.storage_key))
        return job.job_id

    def run(self, job_id: uuid.UUID, selection: Sequence[str] | None = None) -> bool:
        result = (
            build_definitions(self.container)
            .resolve_job_def("dub")
            .execute_in_process(
                instance=self.instance,
                partition_key=str(job_id),
                raise_on_error=False,
                run_config=QUIET,
                asset_selection=[dg.AssetKey(name) for name in selection] if selection else None,
            )
        )
        return result.success

    def dub(self, *languages: str) -> uuid.UUID:
        job_id = self.submit(*languages)
        assert self.run(job_id)
        return job_id

    def voice(self, *languages: str) -> uuid.UUID:
        """Go as far as vendors are needed."""
        job_id = self.submit(*languages)
        assert self.run(job_id, ["transcript", "translation", "tts_audio"])
        return job_id

    def states(self, job_id: uuid.UUID) -> dict[str, tuple[str, str | None]]:
        with self.container.database.transaction() as tx:
            return {task.language: (task.state, task.error_code) for task in tx.jobs.list_languages(job_id)}

    def voiced(self, job_id: uuid.UUID, language: str) -> tuple[VoicedSegment, ...]:
        with self.container.database.transaction() as tx:
            return tx.values.load_voiced(job_id)[language]

    def casting(self, job_id: uuid.UUID, language: str) -> dict[str, str]:
        with self.container.database.transaction() as tx:
            return dict(tx.jobs.get_casting(job_id, language))

    def calls(self, job_id: uuid.UUID, operation: str | None = None) -> list[VendorCall]:
        with self.container.database.transaction() as tx:
            found = tx.session.scalars(select(VendorCall).where(VendorCall.job_id == job_id)).all()
        return [call for call in found if operation in (None, call.operation)]

    def check_ledger(self, job_id: uuid.UUID) -> None:
        """What is billed stands in the ledger, line by line, and nothing else has a price."""
        billed = {line.request_id: line.usd_micros for line in self.emulator.list_invoice()}
        calls = self.calls(job_id)
        settled = {c.vendor_request_id: c.cost_usd_micros for c in calls if c.cost_usd_micros}
        unknown = [call for call in calls if call.state == CallState.SPEND_UNKNOWN]
        assert settled.items() <= billed.items()
        assert len(billed) - len(settled) <= len(unknown)
        assert all(call.estimated_usd_micros > 0 for call in unknown)
        assert not [call for call in calls if call.state == CallState.STARTED]

    def check_speech(self, job_id: uuid.UUID, *languages: str) -> None:
        """Every line has a take, and every take sounds."""
        for language in languages:
            for line in self.voiced(job_id, language):
                assert line.take_key, (language, line)
                with self.container.database.transaction() as tx:
                    take = tx.purchases.find_take(line.take_key)
                assert take
                with self.container.store.fetch(take.storage_key) as file:
                    samples, _ = read_wav(file)
                assert np.abs(samples).max() > 0.05


@contextmanager
def open_cloud_line(
    tmp_path: Path, databases: tuple[str, str], emulator: VendorEmulator, name: str
) -> Iterator[CloudLine]:
    """Open the line on a scene of three lines by two speakers, with words that no other name has."""
    emulator.reset()
    emulator.set_mode(speaking="tone")
    seed = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
    recording = encode(find_ffmpeg(), make_noise(DURATION_MS, 16_000, seed=seed), 16_000, tmp_path / "scene.wav")
    # Each test has words of its own, so that none finds what another one bought.
    marked = [text.replace(".", f" {seed}.") for text in LINES]
    words: list[Word] = []
    for number, text in enumerate(marked):
        words += [
            Word(w.text, w.start_ms, w.end_ms, w.confidence, str(number % 2 + 1))
            for w in make_words(text, start_ms=1_000 + 7_000 * number, word_ms=500)
        ]
    emulator.script_transcript(
        hashlib.sha256(recording.read_bytes()).hexdigest(),
        language="en",
        duration_ms=DURATION_MS,
        words=[
            {"word": w.text, "start_ms": w.start_ms, "end_ms": w.end_ms, "speaker": int(w.speaker) - 1} for w in words
        ],
    )
    for target, texts in TRANSLATIONS.items():
        answers = [text.replace(".", f" {seed}.") for text in texts]
        emulator.script_translations(target, dict(zip(marked, answers, strict=True)))
    settings = Settings(
        data_dir=tmp_path / "data",
        cache_dir=tmp_path / "cache",
        database_url=SecretStr(databases[0]),
        dagster_database_url=SecretStr(databases[1]),
        recognition_engine="cloud",
        translation_engine="cloud",
        synthesis_engine="cloud",
        deepgram_url=emulator.url,
        deepgram_api_key=SecretStr(API_KEYS["deepgram"]),
        openai_url=emulator.openai_url,
        openai_api_key=SecretStr(API_KEYS["openai"]),
        elevenlabs_url=emulator.url,
        elevenlabs_api_key=SecretStr(API_KEYS["elevenlabs"]),
        vendor_patience_minutes=1,
        recognise_again="off",  # nobody speaks in a tone
    )
    with Container(settings) as container:
        instance = open_instance(container)
        yield CloudLine(container, instance, emulator, recording)
        instance.dispose()
