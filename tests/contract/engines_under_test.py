"""The engines that the contracts are run over, by name: on this machine, at the emulated vendors, at the real ones.

The emulator cannot prove that the vendors behave like this; for that there are the real ones, which cost money and are
asked only where somebody says so.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest

from dubbing.engines import Recognizer, Synthesizer, Translator
from resources.settings import Settings
from resources.vendors.aura_synthesizer import AuraSynthesizer
from resources.vendors.cloud_synthesizer import CloudSynthesizer
from resources.vendors.deepgram_client import build_deepgram_client
from resources.vendors.deepgram_recognizer import DeepgramRecognizer
from resources.vendors.elevenlabs_client import URL
from resources.vendors.elevenlabs_synthesizer import ElevenLabsSynthesizer
from resources.vendors.openai_translator import OpenAITranslator
from tests.support.local_engine import get_recognizer, get_synthesizer, get_translator
from vendor_emulator.server import API_KEYS, VendorEmulator

WISH = "DUBLINE_TEST_REAL_VENDORS"


@dataclass(frozen=True)
class RealVendor:
    """A vendor itself.

    Attributes:
        cost_usd: of one run of its contract, about.
    """

    name: str
    cost_usd: float

    @property
    def variable(self) -> str:
        return f"DUBLINE_{self.name.upper()}_API_KEY"

    @property
    def key(self) -> str:
        return os.environ.get(self.variable, "")

    @property
    def is_asked(self) -> bool:
        return os.environ.get(WISH) == "1" and self.key != ""

    @property
    def skip(self) -> pytest.MarkDecorator:
        wish = f"set {WISH}=1 and {self.variable}; this costs about ${self.cost_usd:.2f}"
        return pytest.mark.skip(f"{self.name} itself is not asked: {wish}")


REAL: Mapping[str, RealVendor] = {
    "deepgram_real": RealVendor("deepgram", 0.02),
    "openai_real": RealVendor("openai", 0.03),
    "aura_real": RealVendor("deepgram", 0.03),
    "elevenlabs_real": RealVendor("elevenlabs", 0.08),
}

Engine = TypeVar("Engine", Recognizer, Translator, Synthesizer)


@dataclass(frozen=True)
class EngineUnderTest(Generic[Engine]):
    """An engine, and what to expect of it.

    Attributes:
        emulator: of its vendor, which counts its requests; None where there is none.
        is_exact: the same call gives the same result, which no real vendor promises.
    """

    engine: Engine
    emulator: VendorEmulator | None = None
    is_exact: bool = True

    def count_requests(self) -> int:
        """Count the requests that were made so far; always 0 where nobody counts."""
        return len(self.emulator.requests()) if self.emulator is not None else 0


Build = Callable[[pytest.FixtureRequest], EngineUnderTest[Engine]]


def _start_over(request: pytest.FixtureRequest) -> VendorEmulator:
    emulator: VendorEmulator = request.getfixturevalue("vendor_emulator")
    emulator.reset()
    return emulator


def list_parameters(engines: Mapping[str, object]) -> list[object]:
    """List the names of engines; a real vendor that nobody asked for is passed over, and that is said aloud."""
    return [
        pytest.param(name, marks=() if name not in REAL or REAL[name].is_asked else REAL[name].skip) for name in engines
    ]


def _deepgram(request: pytest.FixtureRequest) -> EngineUnderTest[Recognizer]:
    emulator = _start_over(request)
    return EngineUnderTest(DeepgramRecognizer(build_deepgram_client(API_KEYS["deepgram"], emulator.url)), emulator)


def _deepgram_real(request: pytest.FixtureRequest) -> EngineUnderTest[Recognizer]:
    client = build_deepgram_client(REAL["deepgram_real"].key)
    return EngineUnderTest(DeepgramRecognizer(client), is_exact=False)


def _openai(request: pytest.FixtureRequest) -> EngineUnderTest[Translator]:
    emulator = _start_over(request)
    translator = OpenAITranslator(API_KEYS["openai"], "gpt-6-luna", base_url=emulator.openai_url)
    return EngineUnderTest(translator, emulator)


def _openai_real(request: pytest.FixtureRequest) -> EngineUnderTest[Translator]:
    return EngineUnderTest(OpenAITranslator(REAL["openai_real"].key, Settings().openai_model), is_exact=False)


def _aura(request: pytest.FixtureRequest) -> EngineUnderTest[Synthesizer]:
    emulator = _start_over(request)
    aura = AuraSynthesizer(build_deepgram_client(API_KEYS["deepgram"], emulator.url))
    return EngineUnderTest(CloudSynthesizer([aura]), emulator)


def _aura_real(request: pytest.FixtureRequest) -> EngineUnderTest[Synthesizer]:
    aura = AuraSynthesizer(build_deepgram_client(REAL["aura_real"].key), max_parallel=2)
    return EngineUnderTest(CloudSynthesizer([aura]), is_exact=False)


def _elevenlabs(request: pytest.FixtureRequest) -> EngineUnderTest[Synthesizer]:
    emulator = _start_over(request)
    return EngineUnderTest(CloudSynthesizer([_build_elevenlabs(API_KEYS["elevenlabs"], url=emulator.url)]), emulator)


def _elevenlabs_real(request: pytest.FixtureRequest) -> EngineUnderTest[Synthesizer]:
    # Two at once is what the smallest plan takes.
    elevenlabs = _build_elevenlabs(REAL["elevenlabs_real"].key, max_parallel=2)
    return EngineUnderTest(CloudSynthesizer([elevenlabs]), is_exact=False)


def _build_elevenlabs(key: str, *, url: str = URL, max_parallel: int = 5) -> ElevenLabsSynthesizer:
    return ElevenLabsSynthesizer(
        key, read_voices=lambda: None, write_voices=lambda voices: None, url=url, max_parallel=max_parallel
    )


RECOGNIZERS: Mapping[str, Build[Recognizer]] = {
    "local": lambda request: EngineUnderTest(get_recognizer()),
    "deepgram": _deepgram,
    "deepgram_real": _deepgram_real,
}

TRANSLATORS: Mapping[str, Build[Translator]] = {
    "local": lambda request: EngineUnderTest(get_translator()),
    "openai": _openai,
    "openai_real": _openai_real,
}

SYNTHESIZERS: Mapping[str, Build[Synthesizer]] = {
    "local": lambda request: EngineUnderTest(get_synthesizer()),
    "aura": _aura,
    "elevenlabs": _elevenlabs,
    "aura_real": _aura_real,
    "elevenlabs_real": _elevenlabs_real,
}
