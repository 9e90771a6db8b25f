"""The values that pass from stage to stage along the line."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dubbing.transcript import Segment

Measurements = Mapping[str, str | int | float | bool]
"""Figures by name; the unit is in the name."""


@dataclass(frozen=True, slots=True)
class SegmentedTranscript:
    """What the transcript stage makes: the recording as numbered segments.

    Attributes:
        language: canonical tag, given or detected.
        duration_ms: of the recording.
    """

    language: str
    duration_ms: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """A segment in a target language.

    Attributes:
        text: its translation; its own words where there is none, and ``error_code`` says why.
        flags: what a check still found wrong with the translation: ``number``, ``glossary``, ``too_long`` …
    """

    number: int
    text: str
    flags: tuple[str, ...] = ()
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class VoicedSegment:
    """A segment as it sounds in the dub, or why it does not.

    Attributes:
        take_key: content key of the take; None when it could not be synthesised, and ``error_code`` says why, or when
            the original is to be heard instead.
        start_ms, duration_ms: where the take was placed and how long it sounds there.
        vendor_speed: that the voice was asked for; > 1 is faster.
        speed: > 1 is faster than the take as synthesised.
        overflow_ms: how far it runs past its slot.
        is_original: whether the source's own speech stays here, because somebody wished it.
    """

    number: int
    text: str
    voice: str
    take_key: str | None = None
    start_ms: int = 0
    duration_ms: int = 0
    speed: float = 1.0
    overflow_ms: int = 0
    error_code: str | None = None
    vendor_speed: float = 1.0
    is_original: bool = False


class Translations(dict[str, tuple[TranslatedSegment, ...]]):
    """Every language's lines."""


class Voicings(dict[str, tuple[VoicedSegment, ...]]):
    """Every language's lines as they sound."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored output.

    Attributes:
        kind: what it is: ``dub``, ``captions_srt``, ``manifest`` …
        path: relative name within a delivery, for example ``pt-BR/dub.m4a``.
        measurements: what was measured of it after it was made; no customer text.
    """

    kind: str
    path: str
    storage_key: str
    media_type: str
    size_bytes: int
    sha256: str
    measurements: Measurements = field(default_factory=dict)


class Dubs(dict[str, tuple[Artifact, ...]]):
    """What is heard of every language: first the dub, with what was measured of it, then what was made beside it."""


class CaptionFiles(dict[str, tuple[Artifact, ...]]):
    """Every language's caption files; those of the source, which belong to no language of the job, under ""."""
