"""The line with the vendors' engines on the emulator: what goes wrong at a vendor, and what it must not cost.

Voices are tones here, so that a take is cheap; everything else is as in a real run.
"""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from tenacity import wait_none

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


@pytest.fixture(scope="module")
def vendors() -> Iterator[VendorEmulator]:
    with VendorEmulator() as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def _waits_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.purchasing.patience._backoff", wait_none())
    monkeypatch.setattr("dubbing.circuits.THRESHOLD", 1000)


@dataclass
class CloudLine:
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


@pytest.fixture
def line(
    tmp_path: Path, databases: tuple[str, str], vendors: VendorEmulator, request: pytest.FixtureRequest
) -> Iterator[CloudLine]:
    vendors.reset()
    vendors.set_mode(speaking="tone")
    seed = int(hashlib.sha256(request.node.name.encode()).hexdigest()[:6], 16)
    recording = encode(find_ffmpeg(), make_noise(DURATION_MS, 16_000, seed=seed), 16_000, tmp_path / "scene.wav")
    # Each test has words of its own, so that none finds what another one bought.
    marked = [text.replace(".", f" {seed}.") for text in LINES]
    words: list[Word] = []
    for number, text in enumerate(marked):
        words += [
            Word(w.text, w.start_ms, w.end_ms, w.confidence, str(number % 2 + 1))
            for w in make_words(text, start_ms=1_000 + 7_000 * number, word_ms=500)
        ]
    vendors.script_transcript(
        hashlib.sha256(recording.read_bytes()).hexdigest(),
        language="en",
        duration_ms=DURATION_MS,
        words=[
            {"word": w.text, "start_ms": w.start_ms, "end_ms": w.end_ms, "speaker": int(w.speaker) - 1} for w in words
        ],
    )
    for target, texts in TRANSLATIONS.items():
        answers = [text.replace(".", f" {seed}.") for text in texts]
        vendors.script_translations(target, dict(zip(marked, answers, strict=True)))
    settings = Settings(
        data_dir=tmp_path / "data",
        cache_dir=tmp_path / "cache",
        database_url=SecretStr(databases[0]),
        dagster_database_url=SecretStr(databases[1]),
        recognition_engine="cloud",
        translation_engine="cloud",
        synthesis_engine="cloud",
        deepgram_url=vendors.url,
        deepgram_api_key=SecretStr(API_KEYS["deepgram"]),
        openai_url=vendors.openai_url,
        openai_api_key=SecretStr(API_KEYS["openai"]),
        elevenlabs_url=vendors.url,
        elevenlabs_api_key=SecretStr(API_KEYS["elevenlabs"]),
        vendor_patience_minutes=1,
    )
    with Container(settings) as container:
        instance = open_instance(container)
        yield CloudLine(container, instance, vendors, recording)
        instance.dispose()


def test_a_rerun_of_every_stage_buys_nothing_and_keeps_the_voices(line: CloudLine) -> None:
    job_id = line.dub("es", "pt-BR")
    assert {state for state, _ in line.states(job_id).values()} == {"completed"}
    bought, voiced = len(line.emulator.list_invoice()), line.voiced(job_id, "es")
    cast = line.casting(job_id, "es")
    for stage in ("transcript", "translation", "tts_audio", "mixed_audio", "captions", "manifest"):
        assert line.run(job_id, [stage])
    assert len(line.emulator.list_invoice()) == bought
    assert line.voiced(job_id, "es") == voiced
    assert line.casting(job_id, "es") == cast
    assert cast["1"] != cast["2"]
    line.check_ledger(job_id)


@pytest.mark.parametrize(
    ("vendor", "operation"),
    [("deepgram", "recognize"), ("openai", "translate"), ("deepgram", "synthesize"), ("elevenlabs", "synthesize")],
)
def test_a_storm_of_refusals_is_waited_out_and_nothing_is_lost_or_billed_twice(
    line: CloudLine, vendor: str, operation: str
) -> None:
    line.emulator.add_fault("status", vendor=vendor, operation=operation, status=429, retry_after=0.2, times=7)
    job_id = line.voice("es", "pt-BR")
    refused = [call for call in line.calls(job_id, operation) if call.error_code == "rate_limited"]
    assert len(refused) == 7
    assert not any(call.cost_usd_micros for call in refused)
    line.check_speech(job_id, "es", "pt-BR")
    line.check_ledger(job_id)


@pytest.mark.parametrize(
    ("vendor", "operation"),
    [("deepgram", "recognize"), ("openai", "translate"), ("deepgram", "synthesize"), ("elevenlabs", "synthesize")],
)
@pytest.mark.parametrize("kind", ["status", "drop"])
def test_a_vendor_that_fails_for_a_moment_is_asked_again(
    line: CloudLine, vendor: str, operation: str, kind: str
) -> None:
    line.emulator.add_fault(kind, vendor=vendor, operation=operation, status=503, times=3)
    job_id = line.voice("es", "pt-BR")
    assert {state for state, _ in line.states(job_id).values()} == {"synthesizing"}
    line.check_speech(job_id, "es", "pt-BR")
    line.check_ledger(job_id)


def test_when_deepgram_is_used_up_elevenlabs_speaks_for_good(line: CloudLine) -> None:
    line.emulator.add_fault("status", vendor="deepgram", operation="synthesize", status=402, times=1000)
    job_id = line.voice("es")
    assert line.states(job_id)["es"][0] == "synthesizing"
    names = {voice.voice for voice in line.voiced(job_id, "es")}
    assert not any(name.startswith("aura") for name in names)
    assert set(line.casting(job_id, "es").values()) == names
    assert len(names) == 2
    line.emulator.clear_faults()
    bought = len(line.emulator.list_invoice())
    assert line.run(job_id, ["tts_audio"])
    assert len(line.emulator.list_invoice()) == bought
    line.check_ledger(job_id)


def test_an_account_that_is_used_up_is_asked_once_and_costs_its_language_alone(line: CloudLine) -> None:
    line.emulator.add_fault("status", vendor="openai", status=429, code="insufficient_quota", match="pt-BR", times=1000)
    job_id = line.voice("es", "pt-BR")
    assert line.states(job_id) == {"es": ("synthesizing", None), "pt-BR": ("failed", "vendor_quota")}
    failed = [call for call in line.calls(job_id, "translate") if call.language == "pt-BR"]
    assert [call.error_code for call in failed] == ["vendor_quota"]
    line.check_ledger(job_id)


@pytest.mark.parametrize("kind", ["empty", "odd", "json", "silence", "short", "cut"])
@pytest.mark.parametrize(("vendor", "language"), [("deepgram", "es"), ("elevenlabs", "pt-BR")])
def test_what_is_no_speech_never_becomes_a_take(line: CloudLine, vendor: str, language: str, kind: str) -> None:
    line.emulator.add_fault(kind, vendor=vendor, operation="synthesize", times=2)
    job_id = line.voice(language)
    assert line.states(job_id)[language][0] == "synthesizing"
    line.check_speech(job_id, language)
    assert len(line.calls(job_id, "synthesize")) == len(LINES) + 2
    line.check_ledger(job_id)


def test_a_line_that_one_voice_cannot_say_is_said_by_another(line: CloudLine) -> None:
    line.emulator.add_fault("silence", vendor="deepgram", operation="synthesize", match="caminata", times=1000)
    job_id = line.voice("es")
    line.check_speech(job_id, "es")
    voices = [voiced.voice for voiced in line.voiced(job_id, "es")]
    assert [voice.startswith("aura") for voice in voices] == [True, False, True]
    bought = len(line.emulator.list_invoice())
    assert line.run(job_id, ["tts_audio"])
    assert len(line.emulator.list_invoice()) == bought
    line.check_ledger(job_id)


@pytest.mark.parametrize("kind", ["missing", "doubled", "foreign", "incomplete", "truncated", "json", "bare"])
def test_an_answer_that_is_not_what_was_asked_for_loses_no_line(line: CloudLine, kind: str) -> None:
    line.emulator.add_fault(kind, vendor="openai", times=2)
    job_id = line.voice("es")
    with line.container.database.transaction() as tx:
        said = [translated.text.rsplit(" ", 1)[0] for translated in tx.values.load_translations(job_id)["es"]]
    assert said == [text.rstrip(".") for text in TRANSLATIONS["es"]]
    line.check_ledger(job_id)


def test_a_refused_batch_is_divided_until_only_the_refused_line_is_left_out(line: CloudLine) -> None:
    line.emulator.add_fault("refusal", vendor="openai", match="long walk", times=1000)
    job_id = line.dub("es")
    assert line.states(job_id)["es"][0] == "completed_with_issues"
    with line.container.database.transaction() as tx:
        lines = tx.values.load_translations(job_id)["es"]
    assert [translated.error_code for translated in lines] == [None, "content_refused", None]
    assert "long walk" in lines[1].text
    assert [bool(voiced.take_key) for voiced in line.voiced(job_id, "es")] == [True, False, True]
    line.check_ledger(job_id)


def test_a_recording_without_words_is_paid_for_once(line: CloudLine) -> None:
    line.emulator.add_fault("no_words", vendor="deepgram", operation="recognize", times=1000)
    job_id = line.submit("es")
    assert not line.run(job_id)
    assert line.states(job_id)["es"] == ("failed", "no_speech")
    assert len(line.emulator.list_invoice()) == 1
    another = line.submit("es")
    assert not line.run(another)
    assert len(line.emulator.list_invoice()) == 1
    line.check_ledger(job_id)


def test_a_hang_is_spend_unknown_and_the_line_is_read_all_the_same(
    line: CloudLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.vendors.aura_synthesizer.BASE_TIMEOUT_S", 1.0)
    line.emulator.add_fault("hang", vendor="deepgram", operation="synthesize", delay_s=3.0, times=1)
    job_id = line.voice("es")
    unknown = [call for call in line.calls(job_id, "synthesize") if call.state == CallState.SPEND_UNKNOWN]
    assert len(unknown) == 1
    line.check_speech(job_id, "es")
    line.check_ledger(job_id)


def test_no_word_of_the_customer_nor_a_key_is_in_dagsters_records(line: CloudLine) -> None:
    line.emulator.add_fault("silence", vendor="deepgram", operation="synthesize", times=3)
    job_id = line.voice("es", "pt-BR")
    events = [str(entry.to_json()) for run in line.instance.get_runs() for entry in line.instance.all_logs(run.run_id)]
    secrets = ["small step", "caminata", "caminhada", *API_KEYS.values()]
    assert len(events) > 20
    assert not [event for event in events if any(secret in event for secret in secrets)]
    assert job_id


def test_the_voices_that_the_customer_chose_speak(line: CloudLine) -> None:
    chosen = next(voice.name for voice in reversed(line.container.synthesizer.list_voices()) if voice.language == "es")
    job_id = line.submit("es", voices={"es": {"2": chosen}})
    assert line.run(job_id)
    assert line.casting(job_id, "es")["2"] == chosen
    assert line.voiced(job_id, "es")[1].voice == chosen
