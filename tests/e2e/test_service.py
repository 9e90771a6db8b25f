"""The service as a frontend uses it: a really running stack, and nothing but HTTP."""

import hashlib
import io
import json
import os
import signal
import threading
import uuid
import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from dubbing.jobs import STAGE_START_PERCENT
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.settings import PREFIX
from tests.e2e.conftest import Machine
from tests.e2e.service import JOB_S, RUNS, Service, follow, upload
from tests.e2e.stack import Stack, drop_templates, started
from tests.support.scale import choose
from tests.support.seaweedfs import ACCESS_KEY_ID, SECRET_ACCESS_KEY, SeaweedFS
from tests.support.supabase_storage import supabase_storage_emulator
from tests.support.tokens import make_es256_signer
from tests.support.waiting import wait_for

ALICE, BOB = uuid.UUID(int=0xA11CE), uuid.UUID(int=0xB0B)
JOBS, JOBS_S = choose(full=20, small=7), 600.0
SECONDS = choose(full=28, small=15)
"""So much of the sample is dubbed on each store; the whole of it is what the walkthrough dubs."""


def set_up_folder(machine: Machine, opened: ExitStack, request: pytest.FixtureRequest) -> Callable[[uuid.UUID], str]:
    return EmbeddedIssuer(machine.data / "keys").mint


def set_up_s3(machine: Machine, opened: ExitStack, request: pytest.FixtureRequest) -> Callable[[uuid.UUID], str]:
    server: SeaweedFS = request.getfixturevalue("seaweedfs")
    bucket = f"service-{uuid.uuid4().hex[:8]}"
    server.make_store(bucket)
    machine.environment |= {
        f"{PREFIX}STORE": "s3",
        f"{PREFIX}BUCKET": bucket,
        f"{PREFIX}S3_ENDPOINT_URL": server.url,
        f"{PREFIX}S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
        f"{PREFIX}S3_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }
    return EmbeddedIssuer(machine.data / "keys").mint


def set_up_supabase(machine: Machine, opened: ExitStack, request: pytest.FixtureRequest) -> Callable[[uuid.UUID], str]:
    """Storage and the keys of Auth from the emulator; the database stays the embedded one."""
    project = opened.enter_context(supabase_storage_emulator(machine.folder / "supabase"))
    signer = make_es256_signer(issuer=f"{project.url}/auth/v1")
    project.signing_keys = [signer.public_jwk()]
    machine.environment |= {
        f"{PREFIX}STORE": "supabase",
        f"{PREFIX}BUCKET": project.bucket,
        f"{PREFIX}SUPABASE_URL": project.url,
        f"{PREFIX}SUPABASE_SECRET_KEY": project.secret_key,
    }
    return lambda user_id: signer.mint(sub=str(user_id))


SET_UPS = {"folder": set_up_folder, "s3": set_up_s3, "supabase": set_up_supabase}


@pytest.fixture(scope="module", params=SET_UPS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Service]:
    machine = Machine(tmp_path_factory.mktemp(request.param), cache)
    with ExitStack() as opened:
        mint = SET_UPS[request.param](machine, opened, request)
        machine.environment |= {f"{PREFIX}LOG_FORMAT": "json", f"{PREFIX}LOG_LEVEL": "debug"}
        yield Service(opened.enter_context(started(machine)), mint)


def test_a_recording_is_uploaded_dubbed_polled_and_each_file_downloaded_once(service: Service, samples: Path) -> None:
    recording = cut(samples / "sense_and_sensibility.wav", seconds=SECONDS)
    with service.sign_in(ALICE) as alice, service.sign_in(BOB) as bob:
        body = {"upload_id": upload(alice, recording), "target_languages": ["pt-BR"], "reference": "chapter 1"}
        key = {"Idempotency-Key": "chapter-1"}
        submitted = alice.post("/jobs", json=body, headers=key)
        assert (submitted.status_code, submitted.json()["state"]) == (202, "queued")
        job_id = submitted.json()["id"]
        seen = follow(alice, job_id)
        last = seen[-1]
        assert last["state"] in ("completed", "completed_with_issues"), last
        assert (last["progress"], last["source_language"], last["reference"]) == (100, "en", "chapter 1")
        check_progress([job["languages"][0] for job in seen])
        check_events(alice, job_id)
        files = check_files(alice, job_id, recording)
        assert alice.post("/jobs", json=body, headers=key).json()["id"] == job_id
        assert service.count_runs()[job_id] == 1
        check_stranger(bob, alice, job_id)
        token = str(alice.headers["authorization"]).removeprefix("Bearer ")
    check_log(service.stack, job_id)
    check_nothing_secret(service.stack, token, files)


def check_progress(seen: list[dict[str, Any]]) -> None:
    """States came in the order of the line, progress rose, and 100 came last."""
    order = [*STAGE_START_PERCENT, "completed", "completed_with_issues"]
    places = [order.index(language["state"]) for language in seen]
    assert places == sorted(places)
    assert {"queued", "transcribing", "synthesizing"} <= {language["state"] for language in seen}
    progress = [language["progress"] for language in seen]
    assert progress == sorted(progress)
    assert len(set(progress)) > 5
    assert all(language["progress"] < 100 for language in seen if not language["state"].startswith("completed"))
    assert seen[0]["waiting_on"] == "queue"
    assert not any(language["waiting_on"] for language in seen if language["state"] == "synthesizing")


def check_events(client: httpx.Client, job_id: str) -> None:
    events = client.get(f"/jobs/{job_id}/events", params={"limit": 500}).json()["items"]
    types = [event["type"] for event in events]
    stages = [
        "transcribing", "translating", "synthesizing", "mixing", "captioning", "finalizing",
    ]  # fmt: skip
    assert types[0] == "job.queued"
    assert [kind.removeprefix("language.") for kind in types if kind.removeprefix("language.") in stages] == stages
    assert types[-1].startswith("job.completed")


def check_log(stack: Stack, job_id: str) -> None:
    """Every line is one of the log, and those of the job can be found by what they are about."""
    of_job = [line for line in stack.records if line.get("job") == job_id]
    ended = [line for line in of_job if line["event"] == "stage.ended" and line["run_id"]]
    assert [(line["stage"], line["outcome"], line["service"]) for line in ended] == [
        (stage, "ok", "run") for stage in STAGE_START_PERCENT if stage != "queued"
    ]
    calls = [line for line in of_job if line["event"] == "call.ended"]
    assert {line["stage"] for line in calls if line.get("language") == "pt-BR"} >= {"synthesizing"}
    assert [line["language"] for line in of_job if line["event"] == "language.ended"] == ["pt-BR"]
    assert [line["sensor"] for line in of_job if line["event"] == "run.asked_for"] == ["new_jobs"]
    assert not [line for line in stack.records if line.get("dropped") or "exception" in line]


def check_nothing_secret(stack: Stack, token: str, files: Mapping[str, bytes]) -> None:
    """Nothing that anybody said, was called, or signs in with is in any line, though everything is logged."""
    captions = "\n".join(files[name].decode() for name in files if name.endswith(".vtt"))
    said = [line for line in captions.splitlines() if len(line) > 15 and "-->" not in line]
    keys = [value for name, value in stack.machine.environment.items() if name.endswith("_KEY")]
    assert len(said) > 2
    for secret in (
        *(*said, *keys, token, "eyJ", "Sensibility", "chapter 1", "chapter-1"),
        *("/v1/downloads/", "/v1/store/", "signature=", "Signature=", "token=", "password="),
    ):
        assert secret not in drop_templates(stack.text)


def check_files(client: httpx.Client, job_id: str, recording: bytes) -> dict[str, bytes]:
    """Every file that the manifest lists is what it says, comes once, and has a name made from the recording's."""
    files: dict[str, bytes] = {}
    items = client.get(f"/jobs/{job_id}/artifacts").json()["items"]
    for item in items:
        url = client.post(f"/artifacts/{item['id']}/download").json()["url"]
        reply = httpx.get(url, timeout=60)
        assert reply.status_code == 200
        assert hashlib.sha256(reply.content).hexdigest() == item["sha256"]
        assert "Sense%20%26%20Sensibility%20%E2%80%9E1%E2%80%9C." in reply.headers["content-disposition"]
        again = httpx.get(url)
        assert (again.status_code, again.json()["code"]) == (410, "download_gone")
        files[item["path"]] = reply.content
    assert set(files) == {
        "manifest.json", "source/captions.srt", "source/captions.vtt",
        "pt-BR/dub.m4a", "pt-BR/captions.srt", "pt-BR/captions.vtt", "pt-BR/waveform.png",
    }  # fmt: skip
    manifest = json.loads(files["manifest.json"])
    assert manifest["source"]["sha256"] == hashlib.sha256(recording).hexdigest()
    for entry in manifest["languages"][0]["artifacts"]:
        assert hashlib.sha256(files[entry["path"]]).hexdigest() == entry["sha256"]
    return files


def check_stranger(stranger: httpx.Client, owner: httpx.Client, job_id: str) -> None:
    artifact = owner.get(f"/jobs/{job_id}/artifacts").json()["items"][0]["id"]
    assert stranger.get("/jobs").json()["items"] == []
    for method, path in (
        ("GET", f"/jobs/{job_id}"), ("GET", f"/jobs/{job_id}/events"), ("GET", f"/jobs/{job_id}/artifacts"),
        ("POST", f"/jobs/{job_id}/cancel"), ("POST", f"/artifacts/{artifact}/download"),
    ):  # fmt: skip
        assert stranger.request(method, path).status_code == 404


def test_a_job_that_is_cancelled_stops_its_run(service: Service, samples: Path) -> None:
    """A recording that was never heard before, so that there is work to stop."""
    recording = (samples / "sense_and_sensibility.wav").read_bytes()
    changed = recording[:-2] + bytes([recording[-2] ^ 1, recording[-1]])
    with service.sign_in(ALICE) as alice:
        upload_id = upload(alice, changed)
        job_id = alice.post("/jobs", json={"upload_id": upload_id, "target_languages": ["pt-BR"]}).json()["id"]
        wait_for(lambda: alice.get(f"/jobs/{job_id}").json()["state"] == "running", "the job to run", 60)
        assert alice.post(f"/jobs/{job_id}/cancel").json()["state"] == "cancelled"
        wait_for(lambda: find_status(service, job_id) == "CANCELED", "the run to end as cancelled", 60)
        job = alice.get(f"/jobs/{job_id}").json()
    assert (job["state"], job["error"]) == ("cancelled", None)
    assert [language["state"] for language in job["languages"]] == ["cancelled"]


def find_status(service: Service, job_id: str) -> str | None:
    address = service.stack.get_address("Dagster UI")
    answer = httpx.post(f"{address}/graphql", json={"query": RUNS}, timeout=60).json()
    for run in answer["data"]["runsOrError"]["results"]:
        if {"key": "dagster/partition", "value": job_id} in run["tags"]:
            return str(run["status"])
    return None


def cut(recording: Path, *, seconds: int) -> bytes:
    """The beginning of a WAV file as a file of its own."""
    short = io.BytesIO()
    with wave.open(str(recording), "rb") as source, wave.open(short, "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(seconds * source.getframerate()))
    return short.getvalue()


@pytest.mark.parametrize("service", ["folder"], indirect=True)
@pytest.mark.timeout(JOBS_S + 120)
def test_many_jobs_at_once_all_finish_each_launched_once_though_the_daemon_is_killed(
    service: Service, samples: Path
) -> None:
    """All on one short recording, so that what the first buys the others find."""
    recording = cut(samples / "sense_and_sensibility.wav", seconds=7)
    jobs: list[str] = []
    user = uuid.uuid4()
    with service.sign_in(user) as client:
        upload_id = upload(client, recording)

        def submit() -> None:
            with service.sign_in(user) as own:
                reply = own.post("/jobs", json={"upload_id": upload_id, "target_languages": ["pt-BR"]})
                jobs.append(reply.raise_for_status().json()["id"])

        threads = [threading.Thread(target=submit) for _ in range(JOBS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(jobs)) == JOBS

        def count(*states: str) -> int:
            listed = client.get("/jobs", params={"limit": 100}).json()["items"]
            return sum(job["state"] in states for job in listed)

        wait_for(lambda: count("completed", "completed_with_issues") >= 3, "the first jobs to end", JOB_S, pause_s=1)
        daemon = service.stack.find("daemon")
        assert daemon
        os.kill(daemon, signal.SIGKILL)
        service.stack.wait_for_another("daemon", daemon)
        wait_for(lambda: count("queued", "running") == 0, "all jobs to end", JOBS_S, pause_s=1)
        assert count("completed", "completed_with_issues") == JOBS
    runs = service.count_runs()
    assert [runs[job_id] for job_id in jobs] == [1] * JOBS
