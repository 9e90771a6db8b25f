"""`make bench`: how fast each part of the line is on this machine, as a table and as JSON.

Figures of the line are ratios to the length of the audio, so that machines can be compared; each is the best of some
runs, the one that other work on the machine disturbed least. Those of the service and of
the vendors' engines are seconds, and ratios to what the vendors alone would take.
"""

import json
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.billing import measure_billing
from benchmarks.cloud import measure_cloud
from benchmarks.growth import measure_growth
from benchmarks.mixing import measure_mixing
from benchmarks.recordings import SAMPLE, repeat_sample
from benchmarks.service import measure_service
from benchmarks.telemetry import measure_telemetry
from dubbing.engines import Recording, Speech, Voice
from dubbing.transcript import Transcript
from dubbing.translation_batches import Batch, Line
from dubbing.units import ms_to_s
from resources.container import Container
from resources.media.inspection import inspect_media
from resources.settings import load_settings

SAMPLE_MS = 27_930
RESULTS = Path("out") / "bench.json"
RUNS = 3


def main() -> None:
    """Measure, print and write; the engines are this machine's own, whatever is set: a benchmark buys nothing."""
    figures: dict[str, float] = {}
    engines = dict.fromkeys(("recognition_engine", "translation_engine", "synthesis_engine"), "local")
    settings = load_settings().model_copy(update=engines)
    with Container(settings) as container, tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder:
        figures |= measure_engines(container)
        figures |= measure_media(container, Path(folder))
    figures |= measure_mixing()
    figures |= measure_service()
    figures |= measure_cloud()
    figures |= measure_growth()
    figures |= measure_billing()
    figures |= measure_telemetry()
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), f"{value:.2f}")
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")


def measure_engines(container: Container) -> dict[str, float]:
    """Processing seconds for each second of audio, and milliseconds for each sentence."""
    transcript = hear(container)
    seconds = ms_to_s(transcript.duration_ms)
    text = " ".join(word.text for word in transcript.words)
    translated = translate(container, text)
    voice = next(voice for voice in container.synthesizer.list_voices() if voice.language == "pt-BR")
    speech = read(container, translated, voice)
    spoken = len(speech.samples) / speech.rate_hz
    return {
        "recognition_s_per_s_of_audio": time_best(lambda: hear(container)) / seconds,
        "translation_ms_per_sentence": 1000 * time_best(lambda: translate(container, text)) / 5,
        "synthesis_s_per_s_of_speech": time_best(lambda: read(container, translated, voice)) / spoken,
    }


def hear(container: Container) -> Transcript:
    """The words of the sample."""
    recording = Recording(duration_ms=SAMPLE_MS, fetch=lambda: nullcontext(SAMPLE))
    return container.recognizer.recognize(recording, language="en").value


def translate(container: Container, text: str) -> str:
    """Five sentences as one line: as many as the sample has."""
    (line,) = container.translator.translate(Batch("en", "pt-BR", (Line(1, text),))).value
    return line.text


def read(container: Container, text: str, voice: Voice) -> Speech:
    """One take."""
    return container.synthesizer.synthesize(text, voice=voice).value


def measure_media(container: Container, folder: Path) -> dict[str, float]:
    """How many times faster than real time a ten-minute recording is inspected."""
    recording = repeat_sample(folder / "long.wav")
    seconds = ms_to_s(inspect_media(recording, container.ffmpeg, max_duration_ms=3_600_000).duration_ms)
    inspect = time_best(lambda: inspect_media(recording, container.ffmpeg, max_duration_ms=3_600_000))
    return {"inspection_x_real_time": seconds / inspect}


def time_best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    main()
