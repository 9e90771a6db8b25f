"""The stack as an operator starts it."""

import json
import os
import re
import signal
import time
import urllib.request

import psutil
import pytest

from tests.e2e.conftest import DEADLINE_S, Machine, find_processes, read_until
from tests.support.waiting import wait_for

GRAPH = "{ assetNodes { assetKey { path } dependencyKeys { path } description } }"


def ask(address: str, query: str) -> dict[str, object]:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own address
        return json.load(answer)["data"]


@pytest.fixture
def address_pattern() -> str:
    return r"http://127\.0\.0\.1:\d+"


def test_up_serves_the_asset_graph_and_stops_clean_on_ctrl_c(machine: Machine, address_pattern: str) -> None:
    process = machine.start("up", "--port", "0")
    try:
        address = re.search(address_pattern, read_until(process, rf"Dagster UI: {address_pattern}"))
        assert address
        nodes = {node["assetKey"]["path"][0]: node for node in ask(address[0], GRAPH)["assetNodes"]}
        assert set(nodes) == {
            "source", "transcript", "translation", "tts_audio", "mixed_audio", "captions", "manifest",
        }  # fmt: skip
        assert {key["path"][0] for key in nodes["captions"]["dependencyKeys"]} == {"tts_audio"}
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, out + err
        wait_for(lambda: find_processes(machine) == [], "every process to end")
    finally:
        process.kill()


def test_after_kill_9_of_the_supervisor_nothing_is_left(machine: Machine, address_pattern: str) -> None:
    process = machine.start("up", "--port", "0")
    read_until(process, address_pattern)
    process.kill()
    process.wait()
    # Dagster's code servers notice within 45 s that nobody asks for them any more.
    wait_for(lambda: find_processes(machine) == [], "every process to end", 120)


def test_when_one_process_dies_the_others_are_stopped_and_it_is_named(machine: Machine, address_pattern: str) -> None:
    process = machine.start("up", "--port", "0")
    read_until(process, address_pattern)
    deadline = time.monotonic() + 60
    daemon = None
    while daemon is None and time.monotonic() < deadline:
        children = psutil.Process(process.pid).children(recursive=True)
        daemon = next((child for child in children if "dagster._daemon" in child.cmdline()), None)
    assert daemon
    daemon.kill()
    _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 70
    assert "daemon" in err.strip().splitlines()[-1]
    wait_for(lambda: find_processes(machine) == [], "every process to end")
