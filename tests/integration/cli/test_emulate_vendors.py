"""The command in a process of its own, stopped as a terminal stops it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

DUBLINE = Path(sys.executable).with_name("dubline")
DEADLINE_S = 60


@contextmanager
def emulating(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DUBLINE_")}
    command = [str(DUBLINE), "emulate-vendors", *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_variables(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(9)]
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


def test_what_it_prints_leads_to_it_and_ctrl_c_ends_it_quietly() -> None:
    with emulating("--port", "0") as process:
        variables = read_variables(process)
        key = {"Authorization": f"Token {variables['DUBLINE_DEEPGRAM_API_KEY']}"}
        refused = httpx.post(f"{variables['DUBLINE_DEEPGRAM_URL']}/v1/speak", json={"text": "Hello."})
        answer = httpx.post(f"{variables['DUBLINE_DEEPGRAM_URL']}/v1/speak", json={"text": ""}, headers=key)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert (refused.status_code, answer.status_code) == (401, 400)
    assert process.returncode == 0
    assert out == ""
    assert "Traceback" not in err
    assert err.strip().endswith("The emulator has stopped.")


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with emulating("--port", str(port)) as process:
            _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 31
    assert err.startswith(f"dubline: Port {port} is taken; choose another with --port")
