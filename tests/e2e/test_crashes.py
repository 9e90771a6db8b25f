"""Processes killed with work under way, on a really running stack against the emulator of the vendors.

What this cannot prove: a power cut, after which a disk may lack what was written; and more than one machine.
"""

import itertools
import os
import signal
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select, text

from api.jobs.replies import build_job_reply
from api.jobs.schemas import JobReply
from dubbing.errors import DatabaseUnavailableError
from dubbing.jobs import FINAL_JOB_STATES, JobState, LanguageState
from resources.container import Container
from resources.database.job_lock import number_job
from resources.database.server.files import ServerFiles, ServerState, find_state
from resources.database.tables import ArtifactRow, CallState, DeadLetter, VendorCall
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.media.ffmpeg import find_ffmpeg
from resources.settings import PREFIX, Settings
from sensors.outcomes import SILENCE
from tests.e2e.conftest import Machine
from tests.e2e.service import JOB_S, Service, upload
from tests.e2e.stack import Stack, started
from tests.e2e.test_cloud import rehearse_lines
from tests.support.audio import encode, make_noise
from tests.support.waiting import wait_for
from vendor_emulator.server import API_KEYS, VendorEmulator

DURATION_MS = 24_000
RUN = "multiprocessing.forkserver"
pytestmark = pytest.mark.timeout(900)
HOLDERS = text("""
    SELECT client_port FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND (classid::bigint << 32) | objid::bigint = :number
""")


@dataclass
class Scene:
    """A running stack, and jobs that are made on it."""

    machine: Machine
    stack: Stack
    emulator: VendorEmulator
    container: Container
    recording: bytes
    _made: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def temporary(self) -> Path:
        return Path(self.machine.environment["TMPDIR"])

    def begin(self, state: LanguageState) -> str:
        """Submit a job of a user of its own, with lines that no other has, and wait until it has come so far."""
        number = next(self._made)
        own = self.recording[:-2] + number.to_bytes(2, "little")
        rehearse_lines(self.emulator, own, DURATION_MS, number)
        mint = EmbeddedIssuer(self.machine.data / "keys").mint
        with Service(self.stack, mint).sign_in(uuid.uuid4()) as client:
            body = {"upload_id": upload(client, own), "target_languages": ["es"], "source_language": "en"}
            job_id = str(client.post("/jobs", json=body).raise_for_status().json()["id"])
        wait_for(lambda: self._is_in(job_id, state), f"the job to be {state}", JOB_S, pause_s=0.05)
        return job_id

    def find(self, job_id: str) -> JobReply | None:
        """The job as the API would show it; None while the database is away."""
        with suppress(DatabaseUnavailableError), self.container.database.transaction() as tx:
            job = tx.jobs.get(uuid.UUID(job_id))
            recovering = bool(tx.views.list_recovering([job.id]))
            return build_job_reply(job, tx.jobs.list_languages(job.id), is_recovering=recovering)
        return None

    def _is_in(self, job_id: str, state: LanguageState) -> bool:
        job = self.find(job_id)
        assert job is None or job.state not in FINAL_JOB_STATES, f"too late: {job}"
        return job is not None and job.languages[0].state is state

    def follow(self, job_id: str, within_s: float = JOB_S) -> JobReply:
        """Wait for the end of a job and check that nothing of it was made or paid for twice."""

        def is_over() -> bool:
            job = self.find(job_id)
            return job is not None and job.state in FINAL_JOB_STATES

        wait_for(is_over, "the job to end", within_s, pause_s=0.2)
        check_books(self.container, self.emulator, uuid.UUID(job_id))
        job = self.find(job_id)
        assert job
        return job

    def get_postgres(self) -> ServerState:
        state = find_state(ServerFiles((self.machine.data / "postgres").resolve()))
        assert state
        return state

    def list_forks(self) -> list[psutil.Process]:
        """Those that runs are forked from, and the runs."""
        return [each for each in psutil.process_iter() if _works_in(each, self.machine) and _is_fork(each)]

    def list_runs(self) -> list[psutil.Process]:
        """Processes of runs: forks of the one that has imported everything."""
        forks = self.list_forks()
        servers = {each.pid for each in forks}
        return [each for each in forks if each.ppid() in servers]

    def find_worker(self, job_id: str) -> psutil.Process | None:
        """The process that holds a job, found by its end of the connection that the lock is on."""
        with self.container.database.transaction() as tx:
            tx.session.execute(text("RESET role"))  # only of its own does a role see where they come from
            ports = tx.session.scalars(HOLDERS, {"number": number_job(job_id)}).all()
        runs = [each for each in self.list_runs() if any(c.laddr.port in ports for c in each.net_connections("tcp"))]
        return runs[0] if runs else None

    def kill_run(self, job_id: str, known: psutil.Process | None = None) -> psutil.Process:
        """Kill the process that works on a job, another than the one that is known."""
        wait_for(lambda: self.find_worker(job_id) not in (None, known), "somebody to work on it", JOB_S, pause_s=0.1)
        worker = self.find_worker(job_id)
        assert worker
        worker.kill()
        return worker


def _works_in(process: psutil.Process, machine: Machine) -> bool:
    try:
        return process.environ().get("DUBLINE_DATA_DIR") == str(machine.data)
    except psutil.Error:
        return False


def _is_fork(process: psutil.Process) -> bool:
    try:
        return RUN in " ".join(process.cmdline())
    except psutil.Error:
        return False


def check_books(container: Container, emulator: VendorEmulator, job_id: uuid.UUID) -> None:
    """The ledger is the invoice but for calls that were cut off, and nothing is there twice."""
    with container.database.transaction() as tx:
        calls = tx.session.scalars(select(VendorCall)).all()
        letters = tx.session.scalar(select(func.count()).where(DeadLetter.job_id == job_id))
        job = tx.jobs.get(job_id)
        artifacts = tx.session.scalars(select(ArtifactRow).where(ArtifactRow.job_id == job_id)).all()
    billed = {line.request_id: line.usd_micros for line in emulator.list_invoice()}
    known = {call.vendor_request_id: call.cost_usd_micros for call in calls if call.cost_usd_micros}
    assert known.items() <= billed.items()
    own = [call for call in calls if call.job_id == job_id]
    assert not [call for call in own if call.state == CallState.STARTED]
    settled = Counter(call.content_key for call in own if call.state == CallState.SETTLED)
    assert [key for key, times in settled.items() if times > 1] == []
    assert len({artifact.path for artifact in artifacts}) == len(artifacts)
    assert (job.state == JobState.FAILED) == bool(letters)


@pytest.fixture(scope="module")
def emulator() -> Iterator[VendorEmulator]:
    with VendorEmulator() as emulator:
        emulator.set_mode(speaking="tone")
        emulator.set_latency("deepgram", "recognize", 2.0)
        emulator.set_latency("deepgram", "synthesize", 0.6)
        yield emulator


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, cache: Path, emulator: VendorEmulator) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("crashes"), cache)
    temporary = machine.folder / "tmp"
    temporary.mkdir()
    machine.environment |= {
        "TMPDIR": str(temporary),
        f"{PREFIX}RECOGNITION_ENGINE": "cloud",
        f"{PREFIX}TRANSLATION_ENGINE": "cloud",
        f"{PREFIX}SYNTHESIS_ENGINE": "cloud",
        f"{PREFIX}DEEPGRAM_URL": emulator.url,
        f"{PREFIX}DEEPGRAM_API_KEY": API_KEYS["deepgram"],
        f"{PREFIX}OPENAI_URL": emulator.openai_url,
        f"{PREFIX}OPENAI_API_KEY": API_KEYS["openai"],
        f"{PREFIX}DEEPGRAM_READINGS": "5",
    }
    return machine


@pytest.fixture(scope="module")
def scene(machine: Machine, emulator: VendorEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("recording")
    recording = encode(find_ffmpeg(), make_noise(DURATION_MS, 16_000), 16_000, folder / "talk.wav").read_bytes()
    with started(machine) as stack, Container(Settings(data_dir=machine.data)) as container:
        yield Scene(machine, stack, emulator, container, recording)


def test_postgres_and_then_its_keeper_are_killed_and_the_job_goes_on(scene: Scene) -> None:
    job_id = scene.begin(LanguageState.SYNTHESIZING)
    first = scene.get_postgres()
    os.kill(first.postgres_pid, signal.SIGKILL)
    wait_for(lambda: scene.find(job_id) is not None, "the database to be back", pause_s=0.1)
    second = scene.get_postgres()
    assert (second.port, second.keeper_pid) == (first.port, first.keeper_pid)
    os.kill(second.keeper_pid, signal.SIGKILL)
    assert scene.follow(job_id).state is JobState.COMPLETED
    third = scene.get_postgres()
    assert third.port == first.port
    assert third.keeper_pid != first.keeper_pid


def test_services_are_killed_and_come_back_and_the_run_works_on(scene: Scene) -> None:
    job_id = scene.begin(LanguageState.SYNTHESIZING)
    known = {name: scene.stack.find(name) for name in ("code", "api", "web")}
    for pid in known.values():
        assert pid
        os.kill(pid, signal.SIGKILL)
    assert scene.follow(job_id).state is JobState.COMPLETED
    for name, pid in known.items():
        scene.stack.wait_for_another(name, pid)


@pytest.fixture(scope="module")
def dead(scene: Scene) -> str:
    """A job whose run, code server and daemon were killed at once: nobody is left who saw the run end."""
    job_id = scene.begin(LanguageState.SYNTHESIZING)
    for name in ("code", "daemon"):
        pid = scene.stack.find(name)
        assert pid
        os.kill(pid, signal.SIGKILL)
    scene.kill_run(job_id)

    def is_recovering() -> bool:
        job = scene.find(job_id)
        return job is not None and job.recovering and job.state is JobState.RUNNING

    wait_for(is_recovering, "the job to be shown as being recovered", JOB_S, pause_s=0.1)
    return job_id


def test_runs_are_killed_in_every_stage_and_go_on_where_they_were(scene: Scene, dead: str) -> None:
    assert dead

    def crash(state: LanguageState) -> JobReply:
        job_id = scene.begin(state)
        scene.kill_run(job_id)
        return scene.follow(job_id)

    with ThreadPoolExecutor() as threads:
        ended = list(threads.map(crash, [LanguageState.TRANSCRIBING, LanguageState.SYNTHESIZING, LanguageState.MIXING]))
    assert [job.state for job in ended] == [JobState.COMPLETED] * 3
    assert {job.attempt for job in ended} == {1}


def test_a_job_whose_run_is_killed_again_and_again_ends_with_a_letter(scene: Scene, dead: str) -> None:
    assert dead
    job_id = scene.begin(LanguageState.TRANSCRIBING)
    first = scene.kill_run(job_id)
    scene.kill_run(job_id, known=first)
    job = scene.follow(job_id)
    assert job.error
    assert (job.state, job.error.code) == (JobState.FAILED, "run_crashed")


def test_a_job_that_nobody_saw_die_goes_on_after_a_silence(scene: Scene, dead: str) -> None:
    job = scene.follow(dead, SILENCE.total_seconds() + JOB_S)
    assert (job.state, job.attempt, job.recovering) == (JobState.COMPLETED, 1, False)


def test_nothing_is_left_that_nobody_needs(scene: Scene, dead: str) -> None:
    """Runs, ffmpegs and what the dead worked in are gone; of what runs are forked from there is one."""
    assert dead
    wait_for(lambda: len(scene.list_forks()) <= 1, "every run and every orphan to end")

    def list_purposes() -> list[str]:
        return sorted(path.name.rsplit("-", 1)[0] for path in scene.temporary.iterdir())

    wait_for(lambda: list_purposes() == ["dubline-code", "dubline-up"], "what the dead left to be swept", JOB_S)
    assert [path for path in (scene.machine.data / "store" / ".incoming").rglob("*") if path.is_file()] == []
