"""Synthesis on this machine: Kokoro where it has a voice, espeak-ng as the last resort."""

import functools
import logging

from dubbing.engines import LOCAL, Answer, Speech, Voice
from dubbing.errors import SynthesisError
from resources.local.catalogue import KOKORO, VOICES, identify_groups
from resources.local.espeak import ESPEAK_VOICES, read_with_espeak
from resources.local.kokoro import MAX_SPEED, MIN_SPEED, Kokoro
from resources.local.packages import describe_versions, find_package_dir
from resources.local.readings import NotSpeechError
from resources.local.sentences import has_words
from resources.local.spoken_text import prepare_spoken_text
from resources.local.weights import WeightsStore

REVISION = 1
"""Raised whenever a change here gives other samples for the same text."""

MAX_CHARACTERS = 2_000
"""Longest text of one reading."""

logger = logging.getLogger(__name__)

_KOKORO_VOICES = (
    Voice("af_heart", "en", "female"),
    Voice("am_michael", "en", "male"),
    Voice("bf_emma", "en-GB", "female"),
    Voice("ef_dora", "es", "female"),
    Voice("em_alex", "es", "male"),
    Voice("ff_siwis", "fr", "female", "experimental"),
    Voice("if_sara", "it", "female", "experimental"),
    Voice("im_nicola", "it", "male", "experimental"),
    Voice("pf_dora", "pt-BR", "female"),
    Voice("pm_alex", "pt-BR", "male"),
)
"""Best first within a language. French is experimental because 15 % of its words are heard wrong, of the others 0 to 11
%; Italian because translations into it are rough."""

_ACCENTS = {"en": "en-us", "en-GB": "en-gb", "es": "es", "fr": "fr-fr", "it": "it", "pt-BR": "pt-br"}
"""espeak-ng's name of the accent that a Kokoro voice needs its phonemes in."""

_ESPEAK_VOICES = tuple(Voice(f"espeak-{tag}", tag, quality="fallback") for tag in ESPEAK_VOICES)


class LocalSynthesizer:
    """Kokoro and espeak-ng; models are loaded at first use and shared by all threads.

    Args:
        weights: where the model and the voices come from.
        threads: of the processor, for one reading.
    """

    def __init__(self, weights: WeightsStore, *, threads: int) -> None:
        self._weights = weights
        self._kokoro = Kokoro(weights, threads=threads)

    max_parallel = 1

    @functools.cached_property
    def name(self) -> str:
        """Model, voices and the versions that decide what is heard."""
        versions = describe_versions("kokoro-onnx", "phonemizer", "espeakng-loader", "onnxruntime")
        return f"kokoro-82m-int8@{identify_groups(KOKORO, VOICES)}/espeak-ng/r{REVISION}/{versions}"

    def list_voices(self) -> tuple[Voice, ...]:
        """List every voice this machine can speak with now, best first within a language."""
        has_kokoro = find_package_dir("kokoro_onnx") is not None and self._weights.has_weights(KOKORO)
        has_espeak = find_package_dir("espeakng_loader") is not None
        return (_KOKORO_VOICES if has_kokoro else ()) + (_ESPEAK_VOICES if has_espeak else ())

    def list_vendors(self, language: str) -> tuple[str, ...]:
        """This machine, for every language."""
        return (LOCAL,)

    def identify(self, voice: Voice) -> str:
        """Name what determines the sound: the same for every voice."""
        return self.name

    def get_max_characters(self, voice: Voice) -> int:
        """Return the longest text of one reading; longer ones than any segment are not expected."""
        return MAX_CHARACTERS

    def synthesize(
        self, text: str, *, voice: Voice, speed: float = 1.0, before: str = "", after: str = ""
    ) -> Answer[Speech]:
        """Read one text aloud; see `dubbing.engines.Synthesizer`. What is said around it is no use to these voices."""
        return Answer(self.read(text, voice=voice, speed=speed))

    def read(self, text: str, *, voice: Voice, speed: float = 1.0) -> Speech:
        """Read one text aloud; the same arguments give the same samples.

        A line that Kokoro has no sound for, or reads as something that is no speech, is read by espeak-ng.

        Args:
            speed: 0.5 to 2.0.
        """
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise SynthesisError(f"The local voices speak at {MIN_SPEED} to {MAX_SPEED} times their speed.")
        spoken = prepare_spoken_text(text, voice.language)
        if not has_words(spoken):
            raise SynthesisError("The text has nothing in it that can be said.")
        if voice in _ESPEAK_VOICES:
            return read_with_espeak(spoken, language=voice.language, speed=speed)
        if voice not in _KOKORO_VOICES:
            raise SynthesisError(f"The local engine has no voice called {voice.name} for {voice.language}.")
        try:
            return self._kokoro.read(spoken, voice=voice.name, accent=_ACCENTS[voice.language], speed=speed)
        except NotSpeechError as error:
            logger.warning("Voice %s failed on a line, espeak-ng reads it: %s", voice.name, error.message)
            return read_with_espeak(spoken, language=voice.language, speed=speed)
