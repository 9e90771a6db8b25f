"""What being watched costs: jobs by turns on two really started stacks, one that says nothing and one that says all.

The quiet one logs errors alone; the other logs JSON, sends traces to a receiver on this machine, and has its metrics
read. The vendors are emulated and answer at once, so that a job is our own work, and every job buys all it needs. What
other work on the machine costs meets both of a pair, and what is left of it shows in the spread.
"""

import hashlib
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psutil

from benchmarks.cloud import started_emulator
from benchmarks.recordings import SAMPLE
from benchmarks.service import Stack, dub, started_stack, upload

PAIRS = 7
LINES = 12
LANGUAGES = {"es": "Esta es la línea {} de {}.", "pt-BR": "Esta é a linha {} de {}."}
LINE_MS, STEP_MS = 1_500, 2_200
SETTLE_S = 3.0
"""After a job, seconds: its run ends, and what is to be sent of it is sent."""

SCRAPE_S = 5.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job took on a stack: seconds from submission to its end, and of processors."""

    wall_s: float
    cpu_s: float


def measure_telemetry() -> dict[str, float]:
    """Ratios of a watched job to one that is not: of the time it takes and of processor time, medians and extremes."""
    with started_emulator() as vendors, _receiver() as endpoint:
        engines = _choose_engines(vendors)
        port = _find_port()
        watching = {
            "DUBLINE_LOG_LEVEL": "info",
            "DUBLINE_LOG_FORMAT": "json",
            "DUBLINE_OTLP_ENDPOINT": endpoint,
            "DUBLINE_METRICS_PORT": str(port),
        }
        quiet = {"DUBLINE_LOG_LEVEL": "error", "DUBLINE_METRICS_PORT": str(_find_port())}
        with (
            started_stack(**engines, **quiet) as plain,
            started_stack(**engines, **watching) as watched,
            _scraping([f"http://127.0.0.1:{port}/metrics", f"{watched.api}/metrics"]),
        ):
            pairs = [_measure_pair(vendors, plain, watched, number) for number in range(PAIRS + 1)][1:]
    return {
        **_summarise("telemetry_wall_ratio", [on.wall_s / off.wall_s for off, on in pairs]),
        **_summarise("telemetry_cpu_ratio", [on.cpu_s / off.cpu_s for off, on in pairs]),
        "telemetry_off_wall_s": statistics.median(off.wall_s for off, _ in pairs),
        "telemetry_off_cpu_s": statistics.median(off.cpu_s for off, _ in pairs),
    }


def _summarise(name: str, ratios: list[float]) -> dict[str, float]:
    return {f"{name}_median": statistics.median(ratios), f"{name}_lowest": min(ratios), f"{name}_highest": max(ratios)}


def _measure_pair(vendors: Mapping[str, Any], plain: Stack, watched: Stack, number: int) -> tuple[Cost, Cost]:
    """Dub the same on both, each time another one first; nothing of it was dubbed before."""
    sample = SAMPLE.read_bytes()
    recording = sample[:-2] + number.to_bytes(2, "little")
    _rehearse(vendors, recording, number)
    costs = {stack.pid: _measure(stack, recording) for stack in ((plain, watched), (watched, plain))[number % 2]}
    return costs[plain.pid], costs[watched.pid]


def _measure(stack: Stack, recording: bytes) -> Cost:
    with stack.open_client() as client:
        upload_id = upload(client, recording)
        before_s = _measure_cpu(stack)
        wall_s = max(dub(client, upload_id, *LANGUAGES).values())
        time.sleep(SETTLE_S)
        return Cost(wall_s, _measure_cpu(stack) - before_s)


def _measure_cpu(stack: Stack) -> float:
    """Processor seconds of all processes of a stack, those that have ended too."""
    supervisor = psutil.Process(stack.pid)
    seconds = 0.0
    for process in (supervisor, *supervisor.children(recursive=True)):
        with suppress(psutil.Error):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def _choose_engines(vendors: Mapping[str, Any]) -> dict[str, str]:
    keys = vendors["api_keys"]
    return {
        **dict.fromkeys((f"DUBLINE_{part}_ENGINE" for part in ("RECOGNITION", "TRANSLATION", "SYNTHESIS")), "cloud"),
        "DUBLINE_DEEPGRAM_URL": vendors["url"],
        "DUBLINE_DEEPGRAM_API_KEY": keys["deepgram"],
        "DUBLINE_OPENAI_URL": vendors["openai_url"],
        "DUBLINE_OPENAI_API_KEY": keys["openai"],
        "DUBLINE_ELEVENLABS_URL": vendors["url"],
        "DUBLINE_ELEVENLABS_API_KEY": keys["elevenlabs"],
        "DUBLINE_RECOGNISE_AGAIN": "off",  # nobody speaks in a tone
    }


def _rehearse(vendors: Mapping[str, Any], recording: bytes, number: int) -> None:
    """Say what is heard in a recording, in words of its own, and how it is translated."""
    lines = [f"This is line {line} of {number}." for line in range(LINES)]
    words = [
        {
            "word": word,
            "start_ms": line * STEP_MS + place * LINE_MS // 6,
            "end_ms": line * STEP_MS + (place + 1) * LINE_MS // 6,
            "speaker": 0,
        }
        for line, text in enumerate(lines)
        for place, word in enumerate(text.split())
    ]
    digest = hashlib.sha256(recording).hexdigest()
    transcript = {"sha256": digest, "language": "en", "duration_ms": LINES * STEP_MS, "words": words}
    with httpx.Client(base_url=f"{vendors['url']}/_emulator", timeout=60) as control:
        control.post("/mode", json={"speaking": "tone"}).raise_for_status()
        control.post("/transcripts", json=transcript).raise_for_status()
        for target, template in LANGUAGES.items():
            texts = {text: template.format(line, number) for line, text in enumerate(lines)}
            control.post("/translations", json={"target": target, "texts": texts}).raise_for_status()


@contextmanager
def _receiver() -> Iterator[str]:
    """Take traces and keep none; the value is the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def _scraping(addresses: list[str]) -> Iterator[None]:
    """Read metrics as a server of them does."""
    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(SCRAPE_S):
            for address in addresses:
                with suppress(httpx.HTTPError):
                    httpx.get(address, timeout=SCRAPE_S)

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _find_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    print(json.dumps(measure_telemetry(), indent=2))  # noqa: T201
