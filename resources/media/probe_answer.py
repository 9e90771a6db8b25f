"""What a prober answers, in ffprobe's words: a stranger's until it is checked here.

One rule: a fact may be missing; one that is there must be of its kind and of a sane size, else the file is damaged.
Numbers may be written as text, as ffprobe does.
"""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dubbing.errors import NotMediaError
from resources.media.av_probe import TAG_CHARS
from resources.media.containers import MAX_STREAMS

DAMAGED: Final = "The file is damaged, or not the recording that its first bytes promise."

MAX_LENGTH_S: Final = 2**63 / 1_000_000
"""Longest length that ffmpeg can express, in microseconds of 64 bits; seconds."""

_Length = Annotated[float, Field(ge=-MAX_LENGTH_S, le=MAX_LENGTH_S)]

_Pixels = Annotated[int, Field(ge=0, lt=2**31)]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Disposition(_Facts):
    """What a stream is for."""

    attached_pic: bool = False
    default: bool = False


class Tags(_Facts):
    """The only tag that we read; one as long as where the prober cuts says nothing that we understand."""

    DURATION: str | None = Field(default=None, max_length=TAG_CHARS - 1)


class Stream(_Facts):
    """One stream; ``duration`` in seconds."""

    codec_type: str | None = None
    codec_name: str = Field(default="unknown", pattern=r"^[A-Za-z0-9_.+-]{1,64}$")
    sample_rate: int = 0
    channels: int = 0
    width: _Pixels = 0
    height: _Pixels = 0
    duration: _Length | None = None
    disposition: Disposition = Disposition()
    tags: Tags = Tags()

    @property
    def is_video(self) -> bool:
        """Moving pictures; the cover of a record is none."""
        return self.codec_type == "video" and not self.disposition.attached_pic

    @property
    def prominence(self) -> tuple[int, bool]:
        """What the main picture has more of than others; previews and the like are small."""
        return self.width * self.height, self.disposition.default


class Whole(_Facts):
    """The file as a whole; ``duration`` in seconds."""

    duration: _Length | None = None


class Answer(_Facts):
    """All that we ask for."""

    format: Whole = Whole()
    streams: tuple[Stream, ...] = Field(default=(), max_length=MAX_STREAMS)


def parse_answer(output: bytes) -> Answer:
    """Read the JSON that a prober printed.

    Raises:
        NotMediaError: it breaks the rule.
    """
    try:
        return Answer.model_validate_json(output)
    except ValidationError as error:
        raise NotMediaError(DAMAGED) from error
