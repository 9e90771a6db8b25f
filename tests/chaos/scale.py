"""How much of everything there is in a run of chaos, and how its machine is set up."""

from collections.abc import Mapping
from dataclasses import dataclass

from resources.settings import PREFIX
from tests.e2e.conftest import Machine
from vendor_emulator.exchanges import Operation, Vendor
from vendor_emulator.server import API_KEYS, VendorEmulator

LATENCIES_S: Mapping[tuple[Vendor, Operation], float] = {
    ("deepgram", "recognize"): 0.8,
    ("deepgram", "synthesize"): 0.3,
    ("openai", "translate"): 0.6,
    ("elevenlabs", "synthesize"): 0.3,
}
"""So long that a kill may meet a call under way."""


@dataclass(frozen=True)
class Scale:
    """How much.

    Attributes:
        length_s: how long things go wrong.
        ends_within_s: the stated time: every job has ended so long after the last fault at the latest.
        disk: size of the store's disk.
    """

    jobs: int
    users: int
    languages: tuple[str, ...]
    events: int
    length_s: float
    ends_within_s: float
    disk: str


SHORT = Scale(6, 3, ("es", "ko"), 5, 20.0, 240.0, "64m")
"""For every change: a run that was given up counts as silent for a minute before another begins."""

LONG = Scale(30, 6, ("es", "de", "ko"), 40, 240.0, 600.0, "512m")


def set_up(machine: Machine, emulator: VendorEmulator) -> None:
    """Let a machine use the emulator of the vendors, be impatient, and have a temporary folder of its own."""
    (machine.folder / "tmp").mkdir()
    machine.environment |= {
        "TMPDIR": str(machine.folder / "tmp"),
        f"{PREFIX}RECOGNITION_ENGINE": "cloud",
        f"{PREFIX}TRANSLATION_ENGINE": "cloud",
        f"{PREFIX}SYNTHESIS_ENGINE": "cloud",
        f"{PREFIX}DEEPGRAM_URL": emulator.url,
        f"{PREFIX}DEEPGRAM_API_KEY": API_KEYS["deepgram"],
        f"{PREFIX}OPENAI_URL": emulator.openai_url,
        f"{PREFIX}OPENAI_API_KEY": API_KEYS["openai"],
        f"{PREFIX}ELEVENLABS_URL": emulator.url,
        f"{PREFIX}ELEVENLABS_API_KEY": API_KEYS["elevenlabs"],
        f"{PREFIX}VENDOR_PATIENCE_MINUTES": "2",
        f"{PREFIX}OUTAGE_PATIENCE_MINUTES": "2",
    }
    emulator.set_mode(speaking="tone")
    for (vendor, operation), seconds in LATENCIES_S.items():
        emulator.set_latency(vendor, operation, seconds)
