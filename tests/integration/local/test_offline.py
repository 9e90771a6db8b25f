"""The whole local engine with every Python socket shut."""

import subprocess
import sys
from pathlib import Path

from tests.support.local_engine import get_cache_dir, get_weights, write_beginning

DUB_A_LINE = """
import sys
from pathlib import Path

def refuse(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"the local engine used the network: {event}")

sys.addaudithook(refuse)

from resources.local.recognizer import LocalRecognizer
from resources.local.synthesizer import LocalSynthesizer
from resources.local.translator import LocalTranslator
from resources.local.weights import WeightsStore
from tests.support.local_engine import decode_wav, join_words

weights = WeightsStore(Path(sys.argv[1]))
transcript = LocalRecognizer(weights, decode_wav, threads=2).hear(Path(sys.argv[2]), language=None)
(text,) = LocalTranslator(weights).translate_texts([join_words(transcript)], source=transcript.language, target="pt-BR")
synthesizer = LocalSynthesizer(weights, threads=2)
voice = next(voice for voice in synthesizer.list_voices() if voice.language == "pt-BR")
speech = synthesizer.read(text[:40], voice=voice)
print(transcript.language, len(speech.samples) > speech.rate_hz)
"""


def test_a_line_is_dubbed_without_a_network(samples: Path, tmp_path: Path):
    get_weights().get_whisper_dir()
    audio = write_beginning(samples / "sense_and_sensibility.wav", tmp_path / "beginning.wav", 7_000)
    command = [sys.executable, "-c", DUB_A_LINE, str(get_cache_dir()), str(audio)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert answer.stdout == "en True\n", answer.stderr
