"""What a job delivers besides its captions: what becomes of the original sound, how loud, in which files."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

BedKind = Literal["duck", "separate", "none"]
"""``duck`` lowers the original under the dub, ``separate`` takes only its speech out, ``none`` drops it."""

AudioFormat = Literal["m4a", "mp3", "wav", "flac", "opus"]

LoudnessPreset = Literal["podcast", "ebu_r128", "atsc_a85"]

AUDIO_FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)


def _check_unique(formats: tuple[AudioFormat, ...]) -> tuple[AudioFormat, ...]:
    if len(set(formats)) < len(formats):
        raise ValueError("each format is named once")
    return formats


class Delivery(BaseModel):
    """What is made of each language.

    Attributes:
        formats: of the finished dub; the first is the dub's own, the others are made beside it.
        with_voice: whether the dub's voice is delivered alone too, for those who mix themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bed: BedKind = "duck"
    formats: Annotated[tuple[AudioFormat, ...], Field(min_length=1), AfterValidator(_check_unique)] = ("m4a",)
    loudness: LoudnessPreset = "podcast"
    with_voice: bool = False


def parse_delivery(raw: Mapping[str, Any]) -> Delivery:
    """Read what `Delivery.model_dump` wrote; what is not said is as by default.

    >>> parse_delivery({"bed": "none"}).formats
    ('m4a',)
    """
    return Delivery.model_validate(raw)


def get_dub_kind(delivery: Delivery, audio_format: AudioFormat) -> str:
    """Name the kind of artifact that a dub is in one of its formats.

    >>> get_dub_kind(Delivery(formats=("mp3", "wav")), "mp3"), get_dub_kind(Delivery(formats=("mp3", "wav")), "wav")
    ('dub', 'dub_wav')
    """
    return "dub" if audio_format == delivery.formats[0] else f"dub_{audio_format}"
