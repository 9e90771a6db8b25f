"""How soon the service begins with a job, and what a job costs beside its work: measured on a really started stack.

The job is one whose recording was dubbed before, so that every purchase is found: what is left is the service's own.
"""

import hashlib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from benchmarks.recordings import SAMPLE

JOBS = 9
PAUSE_S = 3.0
"""Between two jobs, seconds; longer than a round of Dagster's sensors takes to begin again."""


def measure_service() -> dict[str, float]:
    """Seconds from submitting a job to its first stage and to its end: median and worst."""
    first_stage_s: list[float] = []
    whole_s: list[float] = []
    with started_stack() as stack:
        client = stack.open_client()
        upload_id = upload(client, SAMPLE.read_bytes())
        for number in range(JOBS + 1):
            seconds = dub(client, upload_id, "pt-BR")
            if number:  # the first one buys what the others find
                first_stage_s.append(seconds["language.transcribing"])
                whole_s.append(max(seconds.values()))
            time.sleep(PAUSE_S)
    return {
        "submit_to_first_stage_s_median": statistics.median(first_stage_s),
        "submit_to_first_stage_s_worst": max(first_stage_s),
        "job_without_purchases_s_median": statistics.median(whole_s),
    }


@dataclass(frozen=True, slots=True)
class Stack:
    """A started stack.

    Attributes:
        pid: of its supervisor.
        shown: what it showed when it was ready.
    """

    pid: int
    shown: str

    @property
    def api(self) -> str:
        """Address of the API."""
        return _find(self.shown, "API: +")

    def open_client(self) -> httpx.Client:
        """Sign in."""
        headers = {"Authorization": f"Bearer {_find(self.shown, 'TOKEN=')}"}
        return httpx.Client(base_url=f"{self.api}/v1", headers=headers, timeout=60)


@contextmanager
def started_stack(**environment: str) -> Iterator[Stack]:
    """Start everything in folders of its own, with variables of ours; what it logs goes to a file."""
    with (
        tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder,
        Path(folder, "log").open("w+") as log,
        Path(folder, "errors").open("w") as errors,
    ):
        process = subprocess.Popen(
            [Path(sys.executable).with_name("dubline"), "up", "--port", "0", "--api-port", "0"],
            cwd=folder,
            env={
                **os.environ,
                "DUBLINE_DATA_DIR": f"{folder}/data",
                "DUBLINE_MAX_RUNS_PER_USER": "4",
                **environment,
            },
            stdout=log,
            stderr=errors,
            start_new_session=True,
        )
        try:
            while "artifacts" not in (shown := Path(folder, "log").read_text()):
                if process.poll() is not None:
                    raise SystemExit(f"The stack did not start:\n{shown}{Path(folder, 'errors').read_text()}")
                time.sleep(0.1)
            yield Stack(process.pid, shown)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def _find(shown: str, before: str) -> str:
    found = re.search(rf"{before}(\S+)", shown)
    if found is None:
        raise SystemExit(f"The stack did not start:\n{shown}")
    return found[1]


def upload(client: httpx.Client, recording: bytes) -> str:
    """Upload a recording, and return its id."""
    announced = client.post(
        "/uploads",
        json={
            "filename": SAMPLE.name,
            "content_type": "audio/wav",
            "size_bytes": len(recording),
            "sha256": hashlib.sha256(recording).hexdigest(),
        },
    ).json()
    httpx.put(announced["url"], headers=announced["headers"], content=recording).raise_for_status()
    return str(announced["upload_id"])


def dub(client: httpx.Client, upload_id: str, *languages: str) -> dict[str, float]:
    """Dub once, and return when each event came, in seconds after the job was queued."""
    job = client.post("/jobs", json={"upload_id": upload_id, "target_languages": languages}).json()
    while client.get(f"/jobs/{job['id']}").json()["finished_at"] is None:
        time.sleep(0.5)
    events = client.get(f"/jobs/{job['id']}/events").json()["items"]
    times = {event["type"]: datetime.fromisoformat(event["at"]) for event in events}
    return {name: (at - times["job.queued"]).total_seconds() for name, at in times.items()}
