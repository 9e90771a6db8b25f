"""Synthesis by Deepgram's Aura-2: one reading a call, as bare samples."""

from typing import TYPE_CHECKING, Final

import httpx

from dubbing.engines import Answer, Speech, Voice
from dubbing.errors import OutcomeUnknownError, SynthesisError
from resources.local.sentences import has_words
from resources.vendors.aura_voices import AURA, list_aura_voices
from resources.vendors.deepgram_client import (
    DEEPGRAM,
    asking_deepgram,
    build_options,
    build_receipt,
    read_quantity,
)
from resources.vendors.pcm import parse_pcm16
from resources.vendors.speakable_text import clean_speakable

if TYPE_CHECKING:
    from deepgram import DeepgramClient

RATE_HZ: Final = 24_000

MAX_CHARACTERS: Final = 2000
"""Of one text. Source: Deepgram refuses more."""

REVISION: Final = 1
"""Raised whenever a change here gives another sound for the same text."""

BASE_TIMEOUT_S = 30.0

TIMEOUT_PER_CHARACTER_S = 0.05
"""About the time that speaking takes: a reading comes faster than it is heard."""

MAX_PARALLEL: Final = 8
"""Half of what Deepgram allows a project at once, which other jobs share."""


class AuraSynthesizer:
    """Aura-2 by REST.

    Args:
        client: as `deepgram_client.build_deepgram_client` makes it.
        max_parallel: most readings for one job that are worth making at once.
    """

    def __init__(self, client: "DeepgramClient", *, max_parallel: int = MAX_PARALLEL) -> None:
        self._client = client
        self._max_parallel = max_parallel

    @property
    def vendor(self) -> str:
        """Deepgram."""
        return DEEPGRAM

    @property
    def name(self) -> str:
        """Vendor, model and settings."""
        return f"{DEEPGRAM}/{AURA}/linear16-{RATE_HZ}-r{REVISION}"

    @property
    def max_parallel(self) -> int:
        """Most readings for one job that are worth making at once."""
        return self._max_parallel

    def list_voices(self) -> tuple[Voice, ...]:
        """Every voice of Aura-2, best first within a language."""
        return list_aura_voices()

    def identify(self, voice: Voice) -> str:
        """Name vendor, model and settings of one voice; the speed is not among them."""
        return f"{self.name}/{voice.name}"

    def get_max_characters(self, voice: Voice) -> int:
        """Return the longest text of one reading."""
        return MAX_CHARACTERS

    def synthesize(
        self, text: str, *, voice: Voice, speed: float = 1.0, before: str = "", after: str = ""
    ) -> Answer[Speech]:
        """Read one text aloud; see `dubbing.engines.Synthesizer`. What comes before and after makes no difference."""
        spoken = clean_speakable(text)
        if not has_words(spoken):
            raise SynthesisError("There is nothing to say in this text; leave it out.")
        check_voice(voice, speed)
        options = build_options(BASE_TIMEOUT_S + len(spoken) * TIMEOUT_PER_CHARACTER_S)
        generate = self._client.speak.v1.audio.with_raw_response.generate
        with (
            asking_deepgram(),
            generate(
                text=spoken,
                model=voice.name,
                encoding="linear16",
                container="none",
                sample_rate=RATE_HZ,
                # Voices of most languages do not take the parameter at all.
                speed=None if speed == 1.0 else speed,
                mip_opt_out=True,
                request_options=options,
            ) as reply,
        ):
            headers = reply.headers
            receipt = build_receipt(headers, {"characters": read_quantity(headers, "dg-char-count") or len(spoken)})
            try:
                body = b"".join(reply.data)
            except httpx.HTTPError:
                raise OutcomeUnknownError(
                    "Deepgram broke off in the middle of its answer; it may bill the call. Try again.", receipt=receipt
                ) from None
        return Answer(
            parse_pcm16(body, RATE_HZ, content_type=headers.get("content-type"), receipt=receipt), receipt=receipt
        )


def check_voice(voice: Voice, speed: float) -> None:
    """Refuse what Deepgram would refuse, before it is asked: its name of a voice goes into the call as it is.

    Raises:
        SynthesisError: no such voice, or it does not speak at this speed.
    """
    offered = next((v for v in list_aura_voices() if (v.name, v.language) == (voice.name, voice.language)), None)
    if offered is None:
        raise SynthesisError(f"Deepgram has no voice called {voice.name} for {voice.language}.")
    if not offered.min_speed <= speed <= offered.max_speed:
        raise SynthesisError(f"This voice speaks at {offered.min_speed} to {offered.max_speed} times its speed.")
