"""What the verdict is about, collected from the stack: the jobs, their files, the ledger, the letters, what is left."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from sqlalchemy import func, select

from dubbing.jobs import FINAL_JOB_STATES, JobState
from resources.database.connection import Database
from resources.database.tables import DeadLetter, DubbingJob, LanguageTask, VendorCall
from tests.chaos.faults import FORKED
from tests.e2e.conftest import Machine
from tests.e2e.stack import Stack

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class File:
    """A file as somebody describes it, or as it came."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class JobFiles:
    """The files of a job: as the service lists them, as the manifest names them, as they came.

    Attributes:
        listed: language, kind and path of each that is on offer.
    """

    job_id: str
    listed: tuple[tuple[str | None, str, str], ...]
    described: dict[str, File]
    promised: dict[str, File]
    received: dict[str, File]


def list_calls(database: Database) -> list[VendorCall]:
    with database.transaction() as tx:
        return list(tx.session.scalars(select(VendorCall).order_by(VendorCall.started_at)))


def list_letters(database: Database) -> list[DeadLetter]:
    with database.transaction() as tx:
        return list(tx.session.scalars(select(DeadLetter)))


def list_under_way(database: Database) -> dict[uuid.UUID, datetime | None]:
    """Give the jobs that have begun and not ended, with their last sign of life."""
    begun = set(JobState) - FINAL_JOB_STATES - {JobState.QUEUED}
    statement = (
        select(DubbingJob.id, func.max(LanguageTask.heartbeat_at))
        .join(LanguageTask, LanguageTask.job_id == DubbingJob.id)
        .where(DubbingJob.state.in_([state.value for state in begun]))
        .group_by(DubbingJob.id)
    )
    with database.transaction() as tx:
        return dict(tx.session.execute(statement).tuples().all())


def fetch_files(client: httpx.Client, job_id: str) -> JobFiles:
    """Download everything that a job offers, each through an address of its own."""
    items = client.get(f"/jobs/{job_id}/artifacts").raise_for_status().json()["items"]
    received: dict[str, File] = {}
    manifest: dict[str, Any] = {"source": {"artifacts": []}, "languages": []}
    for item in items:
        address = client.post(f"/artifacts/{item['id']}/download").raise_for_status().json()["url"]
        reply = httpx.get(address, timeout=60)
        if reply.is_success:
            received[item["path"]] = File(len(reply.content), hashlib.sha256(reply.content).hexdigest())
            if item["path"] == MANIFEST:
                manifest = json.loads(reply.content)
    promised = [*manifest["source"]["artifacts"]]
    promised += [file for language in manifest["languages"] for file in language["artifacts"]]
    return JobFiles(
        job_id,
        tuple((item["language"], item["kind"], item["path"]) for item in items),
        {item["path"]: File(item["size_bytes"], item["sha256"]) for item in items},
        {file["path"]: File(file["size_bytes"], file["sha256"]) for file in promised},
        received,
    )


def list_orphans(machine: Machine, stack: Stack) -> list[str]:
    """Name processes that work in the machine's folder and belong to no service: runs that nobody waits for any more.

    The database and its keeper are nobody's children on purpose.
    """
    family = {child.pid for child in psutil.Process(stack.process.pid).children(recursive=True)} | {stack.process.pid}
    orphans = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = " ".join(process.cmdline())
            is_here = process.cwd().startswith(str(machine.folder)) and process.pid not in family
            if is_here and words and not words.split()[0].rstrip(":").endswith("postgres"):
                orphans.append(f"{process.pid} {'a run' if FORKED in words else words[:80]}")
    return orphans


def list_leftovers(folder: Path) -> list[str]:
    """Name everything that is left below a folder; the folders that hold it too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def count_runs(dagster_url: str) -> int:
    """Count the runs that Dagster made; asked of its database, for its pages may still be coming back."""
    with psycopg.connect(dagster_url) as connection:
        found = connection.execute("SELECT count(*) FROM runs").fetchone()
    return int(found[0]) if found else 0


def count_states(calls: Sequence[VendorCall], state: str) -> int:
    return sum(call.state == state for call in calls)
