"""A conversation of two people, really spoken, with its words, times, speakers and translations known beforehand.

The translations are ours: they prove that each line reaches its listener, and nothing about a translator's skill.
"""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dubbing.engines import Samples
from dubbing.transcript import Word
from dubbing.units import frames_to_ms, ms_to_frames
from tests.support.local_engine import get_synthesizer, get_voice

RATE_HZ = 24_000
PAUSE_MS = 900
VOICES = {"1": "am_michael", "2": "af_heart"}


@dataclass(frozen=True)
class Said:
    speaker: str
    text: str
    es: str
    fr: str
    de: str
    pt: str
    ko: str


SCRIPT = (
    Said(
        "1",
        "Good morning, and welcome to the harbour.",
        "Buenos días y bienvenida al puerto.",
        "Bonjour et bienvenue au port.",
        "Guten Morgen und willkommen im Hafen.",
        "Bom dia e seja bem-vinda ao porto.",
        "안녕하세요, 항구에 오신 것을 환영합니다.",
    ),
    Said(
        "2",
        "Thank you. I was told that your ship leaves at nine.",
        "Gracias. Me dijeron que su barco sale a las nueve.",
        "Merci. On m'a dit que votre bateau part à neuf heures.",
        "Danke. Man sagte mir, dass Ihr Schiff um neun fährt.",
        "Obrigada. Disseram que o seu navio sai às nove.",
        "감사합니다. 배가 아홉 시에 떠난다고 들었어요.",
    ),
    Said(
        "1",
        "It does not leave before ten, because of the fog.",
        "No sale antes de las diez, por la niebla.",
        "Il ne part pas avant dix heures, à cause du brouillard.",
        "Es fährt nicht vor zehn, wegen des Nebels.",
        "Não sai antes das dez, por causa da neblina.",
        "안개 때문에 열 시 전에는 떠나지 않습니다.",
    ),
    Said(
        "2",
        "Then we have time for a cup of coffee, if you like.",
        "Entonces hay tiempo para un café, si quiere.",
        "Alors nous avons le temps de prendre un café, si vous voulez.",
        "Dann haben wir Zeit für einen Kaffee, wenn Sie mögen.",
        "Então temos tempo para um café, se quiser.",
        "그럼 커피 한 잔 마실 시간이 있네요, 괜찮으시면요.",
    ),
    Said(
        "1",
        "With pleasure. The small house over there makes the best one.",
        "Con mucho gusto. Aquella casita hace el mejor.",
        "Avec plaisir. La petite maison là-bas fait le meilleur.",
        "Sehr gern. Das kleine Haus dort drüben macht den besten.",
        "Com prazer. A casinha ali faz o melhor.",
        "좋습니다. 저기 작은 집이 제일 맛있어요.",
    ),
)


@dataclass(frozen=True)
class Dialogue:
    """A recording and all that is known of it."""

    file: Path
    duration_ms: int
    words: tuple[Word, ...]

    def list_translations(self, language: str) -> dict[str, str]:
        return {said.text: getattr(said, language.split("-")[0]) for said in SCRIPT}


def record_dialogue(file: Path, script: Sequence[Said] = SCRIPT) -> Dialogue:
    """Let the two speak; the words of a line share its time by their letters."""
    pieces: list[Samples] = [np.zeros(ms_to_frames(500, RATE_HZ), np.float32)]
    words: list[Word] = []
    for said in script:
        start = sum(map(len, pieces))
        speech = get_synthesizer().read(said.text, voice=get_voice(VOICES[said.speaker]))
        assert speech.rate_hz == RATE_HZ
        words += _share_time(said, frames_to_ms(start, RATE_HZ), frames_to_ms(len(speech.samples), RATE_HZ))
        pieces += [speech.samples, np.zeros(ms_to_frames(PAUSE_MS, RATE_HZ), np.float32)]
    samples = np.concatenate(pieces)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.round(samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return Dialogue(file, frames_to_ms(len(samples), RATE_HZ), tuple(words))


def _share_time(said: Said, start_ms: int, length_ms: int) -> list[Word]:
    texts = said.text.split()
    ends = np.cumsum([len(text) for text in texts]) / sum(map(len, texts)) * length_ms
    starts = [0.0, *ends[:-1]]
    return [
        Word(text, start_ms + int(start), start_ms + int(end), 0.99, said.speaker)
        for text, start, end in zip(texts, starts, ends, strict=True)
    ]
