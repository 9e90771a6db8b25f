"""How much of a job with vendors' engines is waiting for the vendors: against the emulator, with latencies of ours.

The recording has ten minutes and a hundred lines, in five languages, all of them read by one vendor that takes so many
readings at once. The critical path is what the latencies and that limit allow at best; what comes on top is ours.
"""

import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from benchmarks.recordings import repeat_sample
from dub_assets.definitions import build_definitions
from dub_assets.instance import open_instance
from dub_assets.source import report_job
from resources.container import Container
from resources.intake import JobRequest
from resources.settings import Settings

LINES = 100
LINE_MS, PAUSE_MS = 4_500, 1_500
RECOGNITION_S, TRANSLATION_S, READING_S = 10.0, 2.0, 1.0
CAP = 15
"""Readings at once."""

LANGUAGES = {
    "es": "Esta es la línea {} de una historia larga y tranquila.",
    "fr": "Voici la ligne {} d'une longue et calme histoire.",
    "de": "Dies ist Zeile {} einer langen, ruhigen Geschichte.",
    "pt-BR": "Esta é a linha {} de uma história longa e calma.",
    "ko": "길고 조용한 이야기의 {} 번째 줄입니다.",
}
"""What a line is in each language."""

VENDOR_STAGES = ("transcript", "translation", "tts_audio")


def measure_cloud() -> dict[str, float]:
    """Seconds of the stages that wait for vendors, as a ratio to the critical path, and of the rest."""
    with tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder, started_emulator() as vendors:
        recording = repeat_sample(Path(folder) / "long.wav")
        _rehearse(vendors, recording)
        with Container(_build_settings(Path(folder), vendors)) as container:
            request = JobRequest(uuid.uuid4(), tuple(LANGUAGES), "en")
            job_id = container.intake.submit(request, recording).job_id
            seconds = _run(container, job_id)
            path_s = _measure_critical_path(container.translator.max_lines, container.settings.openai_translations)
    waiting_s = sum(seconds[stage] for stage in VENDOR_STAGES)
    return {
        "cloud_critical_path_s": path_s,
        "cloud_vendor_stages_s": waiting_s,
        "cloud_vendor_stages_x_critical_path": waiting_s / path_s,
        "cloud_other_stages_s": sum(seconds.values()) - waiting_s,
    }


def _measure_critical_path(batch_lines: int, translations: int) -> float:
    batches = math.ceil(LINES / batch_lines) * len(LANGUAGES)
    readings = LINES * len(LANGUAGES)
    return RECOGNITION_S + math.ceil(batches / translations) * TRANSLATION_S + math.ceil(readings / CAP) * READING_S


def _run(container: Container, job_id: uuid.UUID) -> dict[str, float]:
    """Run the line, and return the seconds of each stage."""
    seconds: dict[str, float] = {}
    with open_instance(container) as instance:
        with container.database.transaction() as tx:
            upload = tx.uploads.get_of_job(job_id)
        report_job(instance, job_id, upload, "benchmark")
        result = (
            build_definitions(container)
            .resolve_job_def("dub")
            .execute_in_process(
                instance=instance,
                partition_key=str(job_id),
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        )
        for event in result.all_events:
            if event.is_step_success and event.step_key is not None:
                seconds[event.step_key] = event.step_success_data.duration_ms / 1000
    return seconds


@contextmanager
def started_emulator() -> Iterator[Mapping[str, Any]]:
    """Run the emulator as a process of its own; the value is its address and keys."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vendor_emulator", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert process.stdout is not None  # noqa: S101 - for the types
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def _rehearse(vendors: Mapping[str, Any], recording: Path) -> None:
    """Set latencies and limits, and say what is heard and how it is translated."""
    source = "This is line {} of a long and quiet story."
    step_ms = LINE_MS + PAUSE_MS
    words = []
    for number in range(LINES):
        texts = source.format(number + 1).split()
        for place, text in enumerate(texts):
            start_ms = number * step_ms + place * LINE_MS // len(texts)
            end_ms = start_ms + LINE_MS // len(texts)
            words.append({"word": text, "start_ms": start_ms, "end_ms": end_ms, "speaker": number % 2})
    orders: list[tuple[str, dict[str, Any]]] = [
        ("mode", {"speaking": "tone"}),
        (
            "transcripts",
            {
                "sha256": hashlib.sha256(recording.read_bytes()).hexdigest(),
                "language": "en",
                "duration_ms": LINES * step_ms,
                "words": words,
            },
        ),
    ]
    for vendor, operation, seconds in (
        ("deepgram", "recognize", RECOGNITION_S),
        ("openai", "translate", TRANSLATION_S),
        ("elevenlabs", "synthesize", READING_S),
    ):
        orders.append(("latencies", {"vendor": vendor, "operation": operation, "seconds": seconds}))
    orders.append(("limits", {"vendor": "elevenlabs", "operation": "synthesize", "limit": CAP}))
    for target, template in LANGUAGES.items():
        lines = {source.format(n + 1): template.format(n + 1) for n in range(LINES)}
        orders.append(("translations", {"target": target, "texts": lines}))
    with httpx.Client(base_url=f"{vendors['url']}/_emulator", timeout=60) as control:
        for name, body in orders:
            control.post(f"/{name}", json=body).raise_for_status()


def _build_settings(folder: Path, vendors: Mapping[str, Any]) -> Settings:
    keys = vendors["api_keys"]
    return Settings(
        data_dir=folder / "data",
        recognition_engine="cloud",
        translation_engine="cloud",
        synthesis_engine="cloud",
        deepgram_url=vendors["url"],
        deepgram_api_key=SecretStr(keys["deepgram"]),
        openai_url=vendors["openai_url"],
        openai_api_key=SecretStr(keys["openai"]),
        elevenlabs_url=vendors["url"],
        elevenlabs_api_key=SecretStr(keys["elevenlabs"]),
        elevenlabs_readings=CAP,
        premium_languages=tuple(LANGUAGES),
    )


if __name__ == "__main__":
    begun = time.monotonic()
    print(json.dumps(measure_cloud(), indent=2), f"{time.monotonic() - begun:.1f} s")  # noqa: T201
