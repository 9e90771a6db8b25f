"""`make bench`: how fast each part of the line is on this machine, as a table and as JSON.

Figures of the line are ratios to the length of the audio, so that machines can be compared; each is the best of some
runs, the one that other work on the machine disturbed least. Those of the service are seconds.
"""

import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.service import measure_service
from dubbing.engines import Voice
from dubbing.mixing import PRESETS, plan_mix
from dubbing.units import ms_to_s
from resources.container import Container
from resources.media.inspection import inspect_media
from resources.media.mixing import render_mix
from resources.media.voice_track import PlacedSpeech, write_voice_track
from resources.settings import load_settings

SAMPLE = Path(__file__).parents[1] / "samples" / "sense_and_sensibility.wav"
RESULTS = Path("out") / "bench.json"
RUNS = 3
REPEATS = 24
"""The sample this often is the ten minutes that are mixed."""


def main() -> None:
    """Measure, print and write."""
    figures: dict[str, float] = {}
    with Container(load_settings()) as container, tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder:
        figures |= measure_engines(container)
        figures |= measure_media(container, Path(folder))
    figures |= measure_service()
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), f"{value:.2f}")
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")


def measure_engines(container: Container) -> dict[str, float]:
    """Processing seconds for each second of audio, and milliseconds for each sentence."""
    transcript = container.recognizer.recognize(SAMPLE, language="en")
    seconds = ms_to_s(transcript.duration_ms)
    text = " ".join(word.text for word in transcript.words)
    translated = container.translator.translate([text], source="en", target="pt-BR")[0]
    voice = next(voice for voice in container.synthesizer.list_voices() if voice.language == "pt-BR")
    speech = container.synthesizer.synthesize(translated, voice=voice)
    spoken = len(speech.samples) / speech.rate_hz
    return {
        "recognition_s_per_s_of_audio": time_best(lambda: container.recognizer.recognize(SAMPLE, language="en"))
        / seconds,
        "translation_ms_per_sentence": 1000 * time_best(lambda: translate_sentences(container, text)) / 5,
        "synthesis_s_per_s_of_speech": time_best(lambda: read(container, translated, voice)) / spoken,
    }


def translate_sentences(container: Container, text: str) -> None:
    """Five sentences, as many as the sample has."""
    container.translator.translate([text], source="en", target="pt-BR")


def read(container: Container, text: str, voice: Voice) -> None:
    """One take."""
    container.synthesizer.synthesize(text, voice=voice)


def measure_media(container: Container, folder: Path) -> dict[str, float]:
    """How many times faster than real time a ten-minute recording is inspected and mixed."""
    recording = repeat_sample(folder / "long.wav")
    source = inspect_media(recording, container.ffmpeg, max_duration_ms=3_600_000)
    seconds = ms_to_s(source.duration_ms)

    def mix() -> None:
        track = write_voice_track(
            place_tones(source.duration_ms),
            container.ffmpeg,
            total_ms=source.duration_ms,
            rate_hz=48_000,
            out=folder / "voice.flac",
        )
        plan = plan_mix(
            source.loudness, track.loudness, rate_hz=48_000, source_channels=source.channels, preset=PRESETS["podcast"]
        )
        render_mix(
            recording, source, track, plan, folder / "dub.m4a", container.ffmpeg, title="", language_iso639_2="por"
        )

    inspect = time_best(lambda: inspect_media(recording, container.ffmpeg, max_duration_ms=3_600_000))
    return {"inspection_x_real_time": seconds / inspect, "mixing_x_real_time": seconds / time_best(mix)}


def repeat_sample(out: Path) -> Path:
    """Write the sample many times over."""
    import wave

    with wave.open(str(SAMPLE), "rb") as sample, wave.open(str(out), "wb") as long:
        long.setparams(sample.getparams())
        frames = sample.readframes(sample.getnframes())
        for _ in range(REPEATS):
            long.writeframes(frames)
    return out


def place_tones(total_ms: int) -> Iterator[PlacedSpeech]:
    """A take of three seconds every four."""
    tone = (0.2 * np.sin(2 * np.pi * 200 * np.arange(72_000) / 24_000)).astype(np.float32)
    for start_ms in range(0, total_ms - 4_000, 4_000):
        yield PlacedSpeech(start_ms, tone, 24_000)


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
