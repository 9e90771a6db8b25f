"""Synthesis by ElevenLabs: the voices of one account, each in every language of its models."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dubbing.engines import Answer, Speech, Voice
from dubbing.errors import OutcomeUnknownError, SettingsError, SynthesisError
from dubbing.usage import Receipt
from resources.local.sentences import has_words
from resources.vendors.elevenlabs_client import URL, build_client, build_options, speaking_to_elevenlabs
from resources.vendors.elevenlabs_languages import FLASH, LANGUAGES, MODELS, MULTILINGUAL, Model, choose_model
from resources.vendors.elevenlabs_voices import (
    ELEVENLABS,
    MAX_SPEED,
    MIN_SPEED,
    VOICE_ID,
    build_voices,
    fetch_voices,
)
from resources.vendors.pcm import parse_pcm16
from resources.vendors.speakable_text import clean_speakable
from resources.vendors.voice_list import CachedVoiceList, Kept, RawVoices

if TYPE_CHECKING:
    from elevenlabs.client import ElevenLabs

REVISION = 1
"""Raised whenever a change here gives other sounds for the same text."""

RATE_HZ = 24_000

SETTINGS: Mapping[str, Any] = {"stability": 0.5, "similarity_boost": 0.75, "style": 0.0, "use_speaker_boost": True}
"""The vendor's defaults, said aloud: else what somebody sets on its web pages would change the sound."""

SEED = 1
"""Always the same: the vendor then tries to give the same sound again. It does not promise to."""

MAX_CONTEXT_CHARACTERS = 200
"""Of what is said before and after: a sentence or two, which is what the melody of speech depends on."""

TIMEOUT_S = 60.0
TIMEOUT_PER_CHARACTER_S = 0.06
"""Longest wait for a whole reading. A character is about 0.065 s of speech, and models are faster than speech."""

_COUNT = re.compile(r"[0-9]{1,9}")
_REQUEST_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)


class ElevenLabsSynthesizer:
    """The voices of an account; threads may share one.

    Args:
        api_key: of the account.
        read_voices, write_voices: where the list of voices is kept for every process; see `voice_list`.
        model: the preferred one; languages that it does not speak are spoken by another.
        chosen_voices: ids; only these are offered, best first. Empty: all of the account.
        max_parallel: calls at once that the account's plan allows.
        keeps_nothing: ask the vendor to keep no text and no sound; it does so for enterprise plans only and refuses
            others.
        timeout_s: for the whole of a short reading.

    Raises:
        SettingsError: there is no such model, or none that is known here.
    """

    vendor = ELEVENLABS

    def __init__(
        self,
        api_key: str,
        *,
        read_voices: Callable[[], Kept | None],
        write_voices: Callable[[RawVoices], None],
        url: str = URL,
        model: str = MULTILINGUAL,
        chosen_voices: Sequence[str] = (),
        max_parallel: int = 5,
        keeps_nothing: bool = False,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        if model not in MODELS:
            raise SettingsError(f"That model of ElevenLabs is not known here; use one of {', '.join(MODELS)}.")
        self._api_key = api_key
        self._url = url
        self._model = model
        self._chosen_voices = tuple(chosen_voices)
        self._keeps_nothing = keeps_nothing
        self._timeout_s = timeout_s
        self.max_parallel = max_parallel
        self._list = CachedVoiceList("ElevenLabs", lambda: fetch_voices(self._client), read_voices, write_voices)
        self._offered: tuple[RawVoices, dict[tuple[str, str], Voice]] = ([], {})

    @cached_property
    def _client(self) -> "ElevenLabs":
        return build_client(self._api_key, self._url)

    @property
    def name(self) -> str:
        """Models and settings."""
        models = dict.fromkeys((self._model, FLASH))
        return f"{ELEVENLABS}/{'+'.join(models)}/{_SETTINGS_NAME}"

    def list_voices(self) -> tuple[Voice, ...]:
        """List the voices of the account in every language, best first.

        Raises:
            VendorError: there is no list, and none can be had.
        """
        return tuple(self._offer().values())

    def identify(self, voice: Voice) -> str:
        """Name the voice, the model and the settings; see `dubbing.engines.Synthesizer`."""
        model = self._choose_model(voice)
        code = model.codes[voice.language] if model.takes_language else "any"
        return f"{ELEVENLABS}/{model.name}/{voice.name}/{code}/{_SETTINGS_NAME}"

    def get_max_characters(self, voice: Voice) -> int:
        """Return the longest text of one reading."""
        return self._choose_model(voice).max_characters

    def synthesize(
        self, text: str, *, voice: Voice, speed: float = 1.0, before: str = "", after: str = ""
    ) -> Answer[Speech]:
        """Read one text aloud; see `dubbing.engines.Synthesizer`.

        Args:
            speed: 0.7 to 1.2.
        """
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise SynthesisError(f"The voices of ElevenLabs speak at {MIN_SPEED} to {MAX_SPEED} times their speed.")
        spoken = clean_speakable(text)
        if not has_words(spoken):
            raise SynthesisError("The text has nothing in it that can be said.")
        model = self._choose_model(voice)
        if len(spoken) > model.max_characters:
            raise SynthesisError(f"A text for ElevenLabs has at most {model.max_characters} characters; split it.")
        if not VOICE_ID.fullmatch(voice.name) or (voice.name, voice.language) not in self._offer():
            raise SynthesisError(f"ElevenLabs has no voice called {voice.name} for {voice.language}.")
        return self._call(
            spoken, voice, model, speed=speed, before=clean_speakable(before), after=clean_speakable(after)
        )

    def _call(self, text: str, voice: Voice, model: Model, *, speed: float, before: str, after: str) -> Answer[Speech]:
        from elevenlabs import VoiceSettings

        receipt: Receipt | None = None
        try:
            with (
                speaking_to_elevenlabs(),
                self._client.text_to_speech.with_raw_response.convert(
                    voice.name,
                    text=text,
                    model_id=model.name,
                    output_format=f"pcm_{RATE_HZ}",
                    voice_settings=VoiceSettings(**SETTINGS, speed=speed),
                    seed=SEED,
                    request_options=build_options(self._timeout_s + len(text) * TIMEOUT_PER_CHARACTER_S),
                    **self._build_wishes(voice, model, before, after),
                ) as reply,
            ):
                receipt = _read_receipt(reply.headers, text)
                body = b"".join(reply.data)
        except OutcomeUnknownError as error:
            # Broken off, and yet it said who it was.
            raise OutcomeUnknownError(error.message, receipt=receipt) from None
        content_type = reply.headers.get("content-type")
        return Answer(parse_pcm16(body, RATE_HZ, content_type=content_type, receipt=receipt), receipt)

    def _build_wishes(self, voice: Voice, model: Model, before: str, after: str) -> dict[str, Any]:
        """Choose what is only sent where it has a meaning: the package sends an empty value as one."""
        wishes: dict[str, Any] = {}
        if model.takes_language:
            wishes["language_code"] = model.codes[voice.language]
        if not model.normalizes:
            wishes["apply_text_normalization"] = "on"
        if self._keeps_nothing:
            wishes["enable_logging"] = False
        if before:
            wishes["previous_text"] = _keep_end(before)
        if after:
            wishes["next_text"] = _keep_start(after)
        return wishes

    def _offer(self) -> dict[tuple[str, str], Voice]:
        raw = self._list.get()
        if self._offered[0] is not raw:
            voices = build_voices(raw, model=self._model, chosen=self._chosen_voices)
            self._offered = (raw, {(voice.name, voice.language): voice for voice in voices})
        return self._offered[1]

    def _choose_model(self, voice: Voice) -> Model:
        if voice.language not in LANGUAGES:
            raise SynthesisError(f"ElevenLabs has no voice called {voice.name} for {voice.language}.")
        return choose_model(voice.language, self._model)


_SETTINGS_NAME = (
    f"pcm_{RATE_HZ}/{','.join(f'{name}={setting}' for name, setting in SETTINGS.items())}/seed={SEED}/r{REVISION}"
)


def _keep_end(text: str) -> str:
    """Cut at a word, where there is one; languages without spaces are cut anywhere."""
    kept = text[-MAX_CONTEXT_CHARACTERS:]
    return kept if kept == text else kept.split(" ", 1)[-1]


def _keep_start(text: str) -> str:
    kept = text[:MAX_CONTEXT_CHARACTERS]
    return kept if kept == text else kept.rsplit(" ", 1)[0]


def _read_receipt(headers: Mapping[str, str], text: str) -> Receipt:
    """Read what the call is billed for; a header that makes no sense is as good as none.

    The models of half the price may count half a credit a character there; they are priced by characters here.
    """
    cost, request_id = headers.get("character-cost", ""), headers.get("request-id", "")
    counted = int(cost) if _COUNT.fullmatch(cost) else 0
    characters = max(counted, len(text)) if counted else len(text)
    return Receipt({"characters": characters}, request_id if _REQUEST_ID.fullmatch(request_id) else None)
