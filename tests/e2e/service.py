"""The service over HTTP, as a frontend uses it."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.e2e.stack import Stack
from tests.support.waiting import wait_for

JOB_S = 240.0
RUNS = "{ runsOrError { ... on Runs { results { status tags { key value } } } } }"


@dataclass
class Service:
    """A running stack with one of the stores, and a way to sign users in."""

    stack: Stack
    mint: Callable[[uuid.UUID], str]

    def sign_in(self, user_id: uuid.UUID) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.mint(user_id)}"}
        return httpx.Client(base_url=f"{self.stack.get_address('API')}/v1", headers=headers, timeout=60)

    def count_runs(self) -> Counter[str]:
        """Runs by the job they were for; one that goes on where the launch of another broke off is no other run.

        The schedules' runs, one of which begins with every hour, are for no job.
        """
        address = self.stack.get_address("Dagster UI")
        answer = httpx.post(f"{address}/graphql", json={"query": RUNS}, timeout=60).json()
        tags = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in answer["data"]["runsOrError"]["results"]]
        of_jobs = [tag for tag in tags if "dagster/partition" in tag]
        return Counter(tag["dagster/partition"] for tag in of_jobs if "dagster/parent_run_id" not in tag)


def upload(client: httpx.Client, recording: bytes) -> str:
    """Announce a recording and send it to its address."""
    announced = client.post(
        "/uploads",
        json={
            "filename": "Sense & Sensibility „1“.wav",
            "content_type": "audio/wav",
            "size_bytes": len(recording),
            "sha256": hashlib.sha256(recording).hexdigest(),
        },
    )
    assert announced.status_code == 201, announced.text
    target = announced.json()
    sent = httpx.request(target["method"], target["url"], headers=target["headers"], content=recording, timeout=60)
    assert sent.is_success, sent.text
    return str(target["upload_id"])


def follow(client: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    """Poll a job as a frontend does, with ETags, to its end; returns every state of it that was seen."""
    seen: list[dict[str, Any]] = []
    etag = ""

    def is_over() -> bool:
        nonlocal etag
        reply = client.get(f"/jobs/{job_id}", headers={"If-None-Match": etag} if etag else {})
        if reply.status_code != 304:
            etag = reply.headers["etag"]
            seen.append(reply.json())
        return seen[-1]["finished_at"] is not None

    wait_for(is_over, "the job to end", JOB_S, pause_s=0.1)
    return seen
