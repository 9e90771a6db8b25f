"""The vendors' voices, and what each sounds like here: a variant of espeak-ng, shifted in pitch.

Deepgram's are named as its documentation names them. ElevenLabs' are invented: an account's voices are its own.
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal

Gender = Literal["female", "male"]

_FEMALE_VARIANTS = ("f2", "f5", "f1", "Annie", "f3", "steph", "f4", "aunty", "linda", "belinda", "anika", "Alicia")
_MALE_VARIANTS = ("m3", "m8", "david", "paul", "edward", "pablo", "m1", "Reed", "m7", "michael", "m2", "Jacky")
"""The most intelligible to Whisper first; measured on one sentence."""
_PITCHES = (1.0, 0.93, 1.07)


@dataclass(frozen=True, slots=True)
class Timbre:
    """What a voice sounds like.

    Attributes:
        variant: espeak-ng's name of a variant, which any of its languages can be spoken in.
        pitch: > 1 is higher; the tempo stays.
    """

    variant: str
    pitch: float


@dataclass(frozen=True, slots=True)
class AuraVoice:
    """A voice of Deepgram's Aura-2."""

    model: str
    language: str
    gender: Gender
    timbre: Timbre


@dataclass(frozen=True, slots=True)
class ElevenVoice:
    """A voice of ElevenLabs, which speaks every language of its model."""

    voice_id: str
    name: str
    gender: Gender
    accent: str
    age: str
    use_case: str
    language: str
    locale: str
    timbre: Timbre


_AURA_FEMALE = {
    "en": "amalthea andromeda asteria athena aurora callista cora cordelia delia electra harmonia helena hera iris "
    "janus juno luna minerva ophelia pandora phoebe selene thalia theia vesta",
    "es": "agustina antonia carina celeste diana estrella gloria olivia selena silvia",
    "de": "aurelia elara kara lara viktoria",
    "nl": "beatrix cornelia daphne hestia leda rhea",
    "fr": "agathe",
    "it": "cinzia demetra livia maia melia",
    "ja": "ama izanami uzume",
}
_AURA_MALE = {
    "en": "apollo arcas aries atlas draco hermes hyperion jupiter mars neptune odysseus orion orpheus pluto saturn "
    "zeus",
    "es": "alvaro aquila javier luciano nestor sirio valerio",
    "de": "fabian julius",
    "nl": "lars roman sander",
    "fr": "hector",
    "it": "cesare dionisio elio flavio perseo",
    "ja": "ebisu fujin",
}


def _list_timbres(variants: tuple[str, ...]) -> list[Timbre]:
    return [Timbre(variant, pitch) for pitch, variant in product(_PITCHES, variants)]


_TIMBRES: dict[Gender, list[Timbre]] = {
    "female": _list_timbres(_FEMALE_VARIANTS),
    "male": _list_timbres(_MALE_VARIANTS),
}


def _list_aura_voices() -> list[AuraVoice]:
    named: list[tuple[Gender, dict[str, str]]] = [("female", _AURA_FEMALE), ("male", _AURA_MALE)]
    return [
        AuraVoice(f"aura-2-{name}-{language}", language, gender, timbre)
        for gender, by_language in named
        for language, names in by_language.items()
        for name, timbre in zip(names.split(), _TIMBRES[gender], strict=False)
    ]


AURA_VOICES = {voice.model: voice for voice in _list_aura_voices()}
"""By the name of the model, which is the voice. Of one language, no two sound the same."""

_FEMALE, _MALE = _TIMBRES["female"], _TIMBRES["male"]

ELEVEN_VOICES = {
    voice.voice_id: voice
    for voice in (
        ElevenVoice(
            "q7RmXc2VtLw9KdPzB4Ya", "Marlene", "female", "american", "young", "narration", "en", "en-US", _FEMALE[0]
        ),
        ElevenVoice(
            "H3nTzGs8QvJy5WbLk1Ce", "Ottis", "male", "american", "middle_aged", "narration", "en", "en-US", _MALE[0]
        ),
        ElevenVoice(
            "Zp4UfKd6MxRa2NhSj9Wo", "Imogen", "female", "british", "middle_aged", "news", "en", "en-GB", _FEMALE[1]
        ),
        ElevenVoice("b8EyCv3TgQm7XwFr5LsD", "Rufus", "male", "british", "old", "characters", "en", "en-GB", _MALE[1]),
        ElevenVoice(
            "Jk2WsNa9PzHt6VcGx4Bu",
            "Tamsin",
            "female",
            "australian",
            "young",
            "conversational",
            "en",
            "en-AU",
            _FEMALE[2],
        ),
        ElevenVoice(
            "v5DhLq8YbRf3MkTw7ZoX", "Callum Reyes", "male", "neutral", "young", "social_media", "en", "en-US", _MALE[2]
        ),
        ElevenVoice(
            "S9gBxJe4KwCn1UyPd6Ht",
            "Beatriz Lemos",
            "female",
            "brazilian",
            "middle_aged",
            "narration",
            "pt",
            "pt-BR",
            _FEMALE[3],
        ),
        ElevenVoice("m6VzQa2FrXt8HsLk3NbG", "Joo-won", "male", "seoul", "middle_aged", "news", "ko", "ko-KR", _MALE[3]),
    )
}
"""By identifier."""
