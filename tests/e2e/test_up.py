"""The stack as an operator starts it."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cli.exit_codes import EXIT_CODES
from tests.e2e.conftest import DEADLINE_S, Machine, find_processes
from tests.e2e.stack import SIGNS, Stack, drop_templates, started
from tests.support.waiting import wait_for

GRAPH = "{ assetNodes { assetKey { path } dependencyKeys { path } description } }"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Stack]:
    with started(Machine(tmp_path_factory.mktemp("up"), cache)) as stack:
        yield stack


def test_all_services_run_and_answer_at_the_addresses_shown(stack: Stack) -> None:
    assert all(stack.find(name) for name in SIGNS)
    assert httpx.get(f"{stack.get_address('API')}/readyz").status_code == 200
    assert httpx.get(stack.get_address("API docs")).status_code == 200
    answer = httpx.post(f"{stack.get_address('Dagster UI')}/graphql", json={"query": GRAPH}, timeout=30).json()
    nodes = {node["assetKey"]["path"][0]: node for node in answer["data"]["assetNodes"]}
    assert {"source", "transcript", "translation", "tts_audio", "mixed_audio", "captions", "manifest"} <= set(nodes)
    assert {key["path"][0] for key in nodes["captions"]["dependencyKeys"]} == {"transcript", "tts_audio"}


def test_a_second_stack_in_the_same_data_folder_is_refused(stack: Stack) -> None:
    second = stack.machine.run("up", "--port", "0", "--api-port", "0")
    assert second.returncode == EXIT_CODES["bad_settings"]
    assert "already works in this data folder" in second.stderr


def test_a_temporary_folder_with_too_long_a_name_is_refused_before_anything_starts(tmp_path: Path) -> None:
    machine, folder = Machine(tmp_path, tmp_path / "cache"), tmp_path / ("x" * 60)
    folder.mkdir()
    machine.environment["TMPDIR"] = str(folder)
    refused = machine.run("up", "--port", "0", "--api-port", "0")
    assert refused.returncode == EXIT_CODES["bad_settings"]
    assert "set TMPDIR to /tmp" in refused.stderr
    assert list(folder.iterdir()) == []


def test_a_daemon_that_is_killed_comes_back_and_the_others_go_on(stack: Stack) -> None:
    others = {name: stack.find(name) for name in SIGNS if name != "daemon"}
    daemon = stack.find("daemon")
    assert daemon
    os.kill(daemon, signal.SIGKILL)
    assert stack.wait_for_another("daemon", daemon) != daemon
    assert "daemon  died with code -9; it is started again in 1 s" in stack.text
    assert {name: stack.find(name) for name in others} == others


@pytest.fixture(scope="module")
def pasted(stack: Stack) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "--norc"],
        input=stack.get_walkthrough(),
        cwd=stack.machine.folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )


def test_the_walkthrough_pasted_into_a_shell_dubs_the_sample(
    stack: Stack, pasted: subprocess.CompletedProcess[str]
) -> None:
    assert pasted.stderr == "", pasted.stdout
    assert pasted.stdout.split("\n")[0] in ("queued", "running")
    assert re.search(r"^completed", pasted.stdout, re.MULTILINE), pasted.stdout
    assert json.loads((stack.machine.folder / "dubbed" / "manifest.json").read_bytes())
    for name in ("dub.m4a", "captions.srt", "captions.vtt"):
        assert (stack.machine.folder / "dubbed" / "pt-BR" / name).stat().st_size > 100


def test_no_signed_address_and_no_token_is_in_the_log(stack: Stack, pasted: subprocess.CompletedProcess[str]) -> None:
    assert pasted.returncode == 0
    log = drop_templates(stack.text.replace(stack.get_walkthrough(), ""))
    assert "/v1/store/" not in log
    assert "eyJ" not in log


def test_ctrl_c_ends_everything(stack: Stack) -> None:
    os.killpg(stack.process.pid, signal.SIGINT)
    code, error = stack.end()
    assert (code, error) == (0, ""), stack.text
    wait_for(lambda: find_processes(stack.machine) == [], "every process to end")


def test_a_service_that_keeps_dying_ends_the_stack_and_is_named(machine: Machine) -> None:
    with started(machine) as stack:
        web = None
        for _ in range(3):
            web = stack.wait_for_another("web", web)
            os.kill(web, signal.SIGKILL)
        code, error = stack.end()
        assert code == 70
        assert "The service web died 3 times" in error.strip().splitlines()[-1]
        wait_for(lambda: find_processes(machine) == [], "every process to end")


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_taken_port_is_told_with_the_option_that_changes_it(machine: Machine, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        ports = {"--port": "0", "--api-port": "0"} | {option: port}
        result = machine.run("up", *(word for pair in ports.items() for word in pair))
    assert result.returncode == EXIT_CODES["bad_settings"]
    assert f"Port {port} is taken; choose another with {option}" in result.stderr
