"""Building the local engine costs nothing: no model, and no package that a model needs."""

import subprocess
import sys

HEAVY = {"faster_whisper", "ctranslate2", "onnxruntime", "kokoro_onnx", "phonemizer", "fxtranslate", "av", "scipy"}

BUILD_THE_ENGINES = """
import sys
from pathlib import Path
from resources.local.recognizer import LocalRecognizer
from resources.local.synthesizer import LocalSynthesizer
from resources.local.translator import LocalTranslator
from resources.local.weights import WeightsStore
weights = WeightsStore(Path("/nonexistent"))
engines = [
    LocalRecognizer(weights, lambda path: [], threads=2),
    LocalTranslator(weights),
    LocalSynthesizer(weights, threads=2),
]
names = [engine.name for engine in engines]
voices, targets = engines[2].list_voices(), engines[1].list_targets("en")
print(" ".join(sys.modules))
"""


def test_no_heavy_package_is_imported_before_an_engine_works():
    answer = subprocess.run([sys.executable, "-c", BUILD_THE_ENGINES], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(answer.stdout.split())
