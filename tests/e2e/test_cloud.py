"""The service with the vendors' engines: a really running stack against the emulator of the vendors.

What this cannot prove is what the emulator cannot: how well the real models hear, translate and speak.
"""

import hashlib
import io
import threading
import uuid
import wave
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from dubbing.jobs import STAGE_START_PERCENT
from dubbing.transcript import Word
from resources.container import Container
from resources.database.tables import CallState, VendorCall
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.settings import PREFIX, Settings
from tests.e2e.conftest import Machine
from tests.e2e.service import Service, follow, upload
from tests.e2e.stack import started
from tests.support.dialogue import Dialogue, record_dialogue
from tests.support.engines import make_words
from tests.support.otlp import Receiver, Span, find_parent, otlp_receiver
from tests.support.prometheus import Prometheus, prometheus_server
from tests.support.scale import choose
from tests.support.waiting import wait_for
from tests.support.watching import list_queries
from vendor_emulator.server import API_KEYS, VendorEmulator

ALICE = uuid.UUID(int=0xA11CE)
AURA, ELEVENLABS = ("de", "es", "fr"), ("ko", "pt-BR")
CAP = 15
JOBS = choose(full=20, small=6)
JOBS_S = 540.0


@pytest.fixture(scope="module")
def emulator() -> Iterator[VendorEmulator]:
    with VendorEmulator() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with otlp_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, emulator: VendorEmulator, receiver: Receiver
) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("cloud"), cache)
    machine.environment |= {
        f"{PREFIX}RECOGNITION_ENGINE": "cloud",
        f"{PREFIX}TRANSLATION_ENGINE": "cloud",
        f"{PREFIX}SYNTHESIS_ENGINE": "cloud",
        f"{PREFIX}DEEPGRAM_URL": emulator.url,
        f"{PREFIX}DEEPGRAM_API_KEY": API_KEYS["deepgram"],
        f"{PREFIX}OPENAI_URL": emulator.openai_url,
        f"{PREFIX}OPENAI_API_KEY": API_KEYS["openai"],
        f"{PREFIX}ELEVENLABS_URL": emulator.url,
        f"{PREFIX}ELEVENLABS_API_KEY": API_KEYS["elevenlabs"],
        f"{PREFIX}ELEVENLABS_READINGS": str(CAP),
        f"{PREFIX}DEEPGRAM_READINGS": str(CAP),
        f"{PREFIX}OTLP_ENDPOINT": receiver.url,
        f"{PREFIX}METRICS_PORT": "0",
    }
    return machine


@pytest.fixture(scope="module")
def service(machine: Machine) -> Iterator[Service]:
    with started(machine) as stack:
        yield Service(stack, EmbeddedIssuer(machine.data / "keys").mint)


@pytest.fixture(scope="module")
def prometheus(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    addresses = {"dubline-api": "API", "dubline-worker": "Metrics"}
    targets = {job: urlsplit(service.stack.get_address(label)).netloc for job, label in addresses.items()}
    with prometheus_server(tmp_path_factory.mktemp("prometheus"), targets) as server:
        yield server


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    return record_dialogue(tmp_path_factory.mktemp("dialogue") / "harbour.wav")


def rehearse(emulator: VendorEmulator, dialogue: Dialogue, recording: bytes) -> None:
    """Tell the emulator what is said in a recording, and how it is translated."""
    script_words(emulator, recording, dialogue.duration_ms, dialogue.words)
    for language in AURA + ELEVENLABS:
        emulator.script_translations(language, dialogue.list_translations(language))


def rehearse_lines(emulator: VendorEmulator, recording: bytes, duration_ms: int, job: int) -> None:
    """Let two people say as many short lines as a job may have read at once, in words that no other job has."""
    lines = {f"Line {n} of {job}.": f"Línea {n} de {job}." for n in range(1, CAP + 2)}
    step_ms = duration_ms // len(lines)
    words: list[Word] = []
    for number, text in enumerate(lines):
        spoken = make_words(text, start_ms=number * step_ms, word_ms=step_ms // 8, gap_ms=0)
        words += [replace(word, speaker=str(number % 2 + 1)) for word in spoken]
    script_words(emulator, recording, duration_ms, words)
    emulator.script_translations("es", lines)


def script_words(emulator: VendorEmulator, recording: bytes, duration_ms: int, words: Sequence[Word]) -> None:
    digest = hashlib.sha256(recording).hexdigest()
    said = [{"word": w.text, "start_ms": w.start_ms, "end_ms": w.end_ms, "speaker": int(w.speaker) - 1} for w in words]
    emulator.script_transcript(digest, language="en", duration_ms=duration_ms, words=said)


def list_calls(machine: Machine) -> list[VendorCall]:
    with Container(Settings(data_dir=machine.data)) as container, container.database.transaction() as tx:
        return list(tx.session.scalars(select(VendorCall)))


def check_ledger(machine: Machine, emulator: VendorEmulator) -> int:
    """The ledger is the invoice, line by line; the value is the sum."""
    billed = {line.request_id: line.usd_micros for line in emulator.list_invoice()}
    calls = list_calls(machine)
    assert {call.vendor_request_id: call.cost_usd_micros for call in calls if call.cost_usd_micros} == billed
    assert not [call.state for call in calls if call.state in (CallState.STARTED, CallState.SPEND_UNKNOWN)]
    return sum(call.cost_usd_micros for call in calls)


def read_captions(client: httpx.Client, job_id: str) -> dict[str, str]:
    captions = {}
    for item in client.get(f"/jobs/{job_id}/artifacts").json()["items"]:
        if item["language"] and item["path"].endswith(".srt"):
            url = client.post(f"/artifacts/{item['id']}/download").json()["url"]
            captions[item["language"]] = httpx.get(url, timeout=60).content.decode()
    return captions


def check_trace(receiver: Receiver, job_id: str, dialogue: Dialogue, calls: Sequence[VendorCall]) -> None:
    """One trace leads from the request through all processes to every call, and holds nobody's words."""
    receiver.wait_for("run", job_id)
    spans = receiver.trace_of(job_id)

    def follow_up(span: Span) -> list[tuple[str, str]]:
        parent = find_parent(spans, span)
        return [*(follow_up(parent) if parent else []), (span.component, span.name)]

    [run] = [span for span in spans if span.name == "run"]
    request, *rest = follow_up(run)
    assert request[0] == "api"
    assert rest[-2:] == [("sensors", "launch"), ("run", "run")]
    stages = [span for span in spans if find_parent(spans, span) == run]
    assert [span.name for span in stages] == [f"stage {stage}" for stage in list(STAGE_START_PERCENT)[1:]]
    traced = {span.attributes["call"]: follow_up(span) for span in spans if "call" in span.attributes}
    assert traced.keys() == {str(call.id) for call in calls if str(call.job_id) == job_id}
    assert all(path[0] == request and ("run", "run") in path for path in traced.values())
    sent = b"".join(receiver.bodies)
    said = {word for line in (*dialogue.list_translations("es").items(),) for text in line for word in text.split()}
    assert not [word for word in {*said, "Sensibility"} if len(word) > 5 and word.encode() in sent]


def test_two_speakers_are_dubbed_into_five_languages_and_the_ledger_is_the_invoice(
    service: Service, machine: Machine, emulator: VendorEmulator, dialogue: Dialogue, receiver: Receiver
) -> None:
    recording = dialogue.file.read_bytes()
    rehearse(emulator, dialogue, recording)
    with service.sign_in(ALICE) as alice:
        body = {"upload_id": upload(alice, recording), "target_languages": [*AURA, *ELEVENLABS]}
        job_id = alice.post("/jobs", json=body).raise_for_status().json()["id"]
        job = follow(alice, job_id)[-1]
        assert {entry["language"] for entry in job["languages"]} == {*AURA, *ELEVENLABS}
        assert {entry["state"] for entry in job["languages"]} == {"completed"}, job["languages"]
        voices = {entry["language"]: entry["voices"] for entry in job["languages"]}
        assert all(cast.keys() == {"1", "2"} and cast["1"] != cast["2"] for cast in voices.values())
        assert all(name.endswith(f"-{language}") for language in AURA for name in voices[language].values())
        assert voices["ko"] == voices["pt-BR"]
        for language, captions in read_captions(alice, job_id).items():
            shown = "".join(captions.split())
            for line in dialogue.list_translations(language).values():
                assert "".join(line.split())[:20] in shown
        spent = check_ledger(machine, emulator)
        assert spent > 0
        check_trace(receiver, job_id, dialogue, list_calls(machine))
        bought = len(emulator.list_invoice())
        again = follow(alice, alice.post("/jobs", json=body).raise_for_status().json()["id"])[-1]
        assert {entry["language"]: entry["voices"] for entry in again["languages"]} == voices
    assert len(emulator.list_invoice()) == bought
    assert check_ledger(machine, emulator) == spent


@pytest.mark.timeout(JOBS_S + 120)
def test_many_jobs_at_once_never_have_more_readings_under_way_than_the_vendor_takes(
    service: Service, machine: Machine, emulator: VendorEmulator, dialogue: Dialogue
) -> None:
    """Each job alone has more lines than may be read at once, and shares none with another."""
    emulator.set_limit("deepgram", "synthesize", CAP)
    emulator.set_latency("deepgram", "synthesize", 0.5)
    emulator.set_mode(speaking="tone")
    recording = dialogue.file.read_bytes()
    user = uuid.uuid4()
    jobs: list[str] = []

    def submit(number: int) -> None:
        own = recording[:-2] + number.to_bytes(2, "little")
        rehearse_lines(emulator, own, dialogue.duration_ms, number)
        with service.sign_in(user) as client:
            body = {"upload_id": upload(client, own), "target_languages": ["es"], "source_language": "en"}
            jobs.append(client.post("/jobs", json=body).raise_for_status().json()["id"])

    threads = [threading.Thread(target=submit, args=[number]) for number in range(1, JOBS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(jobs)) == JOBS
    with service.sign_in(user) as client:

        def count(*states: str) -> int:
            listed = client.get("/jobs", params={"limit": 100}).json()["items"]
            return sum(job["state"] in states for job in listed)

        wait_for(lambda: count("queued", "running") == 0, "all jobs to end", JOBS_S, pause_s=1)
        assert count("completed", "completed_with_issues") == JOBS
    seen = emulator.statistics()["deepgram"]["synthesize"]
    assert (seen["highest"], seen["refused"]) == (CAP, 0)
    check_ledger(machine, emulator)


def submit_lines(client: httpx.Client, emulator: VendorEmulator, dialogue: Dialogue, number: int) -> str:
    """Submit a recording with lines that no other job has."""
    own = dialogue.file.read_bytes()[:-2] + number.to_bytes(2, "little")
    rehearse_lines(emulator, own, dialogue.duration_ms, number)
    body = {"upload_id": upload(client, own), "target_languages": ["es"], "source_language": "en"}
    return str(client.post("/jobs", json=body).raise_for_status().json()["id"])


def submit_silence(client: httpx.Client) -> str:
    recording = io.BytesIO()
    with wave.open(recording, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        file.writeframes(bytes(2 * 16_000 * 3))
    body = {"upload_id": upload(client, recording.getvalue()), "target_languages": ["es"]}
    return str(client.post("/jobs", json=body).raise_for_status().json()["id"])


def sum_ledger(machine: Machine) -> int:
    with Container(Settings(data_dir=machine.data)) as container, container.database.transaction() as tx:
        return int(tx.session.scalar(select(func.sum(VendorCall.cost_usd_micros))) or 0)


def test_prometheus_sees_what_was_done_what_failed_and_what_it_cost(
    service: Service, machine: Machine, emulator: VendorEmulator, dialogue: Dialogue, prometheus: Prometheus
) -> None:
    emulator.set_mode(speaking="tone")
    with service.sign_in(uuid.uuid4()) as client:
        done, silent = submit_lines(client, emulator, dialogue, 901), submit_silence(client)
        assert follow(client, done)[-1]["state"] == "completed"
        assert follow(client, silent)[-1]["state"] == "failed"
    for query in (
        'up{job="dubline-api"} == 1',
        'up{job="dubline-worker"} == 1',
        'sum(dubline_jobs_ended_total{state="completed"}) >= 1',
        'sum(dubline_jobs_ended_total{state="failed"}) >= 1',
        'sum(dubline_call_duration_seconds_count{vendor="deepgram", operation="synthesize"}) > 0',
        'sum(dubline_http_requests_total{method="POST", route="/v1/jobs", status="202"}) >= 2',
    ):
        wait_for(lambda query=query: bool(prometheus.ask(query)), query, pause_s=0.5)  # type: ignore[misc]
    spent = sum_ledger(machine)
    assert spent > 0
    wait_for(lambda: prometheus.get_number("sum(dubline_spend_usd_micros_total)") == spent, "the ledger", pause_s=0.5)
    for query in list_queries():
        prometheus.ask(query.expression)
    assert prometheus.list_rule_errors() == {}


def test_an_alert_fires_while_a_vendor_fails_and_is_over_when_it_is_back(
    service: Service, emulator: VendorEmulator, dialogue: Dialogue, prometheus: Prometheus
) -> None:
    """The rules as shipped, but for how long they wait and look back."""
    alerts = ("DublineVendorErrors", "DublineVendorCircuitOpen")
    emulator.set_mode(speaking="tone")
    wait_for(lambda: bool(prometheus.ask('dubline:calls_failed:total{vendor="deepgram"}')), "the sums", pause_s=0.5)
    assert not any(prometheus.is_firing(name) for name in alerts)
    emulator.add_fault("status", vendor="deepgram", operation="synthesize", status=503, times=1000)
    with service.sign_in(uuid.uuid4()) as client:
        job = submit_lines(client, emulator, dialogue, 902)
        for name in alerts:
            wait_for(lambda name=name: prometheus.is_firing(name, vendor="deepgram"), name, 120, pause_s=0.5)  # type: ignore[misc]
        assert not prometheus.is_firing("DublineVendorErrors", vendor="openai")
        emulator.clear_faults()
        assert follow(client, job)[-1]["state"] == "completed"
        for name in alerts:
            wait_for(lambda name=name: not prometheus.is_firing(name), f"the end of {name}", 120, pause_s=0.5)  # type: ignore[misc]
