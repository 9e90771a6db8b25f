"""The manifest, version 1: what a job made, from what, with what, and how well.

It travels with the files and is read by other programs: its form changes only with ``schema_version``. Its JSON
Schema is ``docs/manifest.schema.json``, kept equal to `render_manifest_schema`.
"""

import json
from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from dubbing.delivery import Delivery
from dubbing.errors import BadManifestError
from dubbing.jobs import DELIVERED_STATES, LanguageState
from dubbing.quality import Quality
from dubbing.timing import TimingReport

DISCLOSURE = "The speech in these recordings is synthetic. It was made by software from a translation of the source."
"""What listeners must be able to learn. Source: transparency duty for synthetic audio, EU AI Act, Article 50."""

_DECIMALS = 3
"""Enough for speeds and loudness, and the same bytes on every machine."""


def _round(value: float) -> float:
    return round(value, _DECIMALS) + 0.0  # never -0.0


def _round_speeds(report: TimingReport) -> TimingReport:
    return replace(report, max_speed=_round(report.max_speed), mean_speed=_round(report.mean_speed))


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _check_path(path: str) -> str:
    """A manifest is unpacked by others: no path in it may lead out of their folder."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or str(parts) != path or path == "." or set("\\:") & set(path):
        raise ValueError("must be a plain relative path")
    return path


def _check_file_name(name: str) -> str:
    if "/" in name or "\\" in name:
        raise ValueError("must be a file name without folders")
    return name


def _check_unique(values: Iterable[Hashable], what: str) -> None:
    listed = list(values)
    if len(set(listed)) < len(listed):
        raise ValueError(f"{what} must not repeat")


_Decimal = Annotated[float, AfterValidator(_round)]
_Count = Annotated[int, Field(ge=0)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes, hexadecimal.")]
_Tag = Annotated[str, Field(pattern=r"^[a-z]{2,8}(-[A-Za-z0-9]{1,8})*$", description="Canonical BCP 47 tag.")]
_Name = Annotated[str, Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )


class JobEntry(_Entry):
    """The job."""

    id: _Name
    created_at: Annotated[AwareDatetime, AfterValidator(_to_utc)]
    revision: Annotated[int, Field(ge=1, description="Raised by each edit of a line.")] = 1


class EnginesEntry(_Entry):
    """The engines, by the names that identify vendor, model and settings."""

    recognizer: _Name
    translator: _Name
    synthesizer: _Name


class ArtifactEntry(_Entry):
    """A file."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    path: Annotated[_Name, AfterValidator(_check_path), Field(description="Relative to the manifest, with slashes.")]
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]+$")]
    size_bytes: _Count
    sha256: _Sha256


class SourceEntry(_Entry):
    """The recording that was dubbed."""

    file_name: Annotated[_Name, AfterValidator(_check_file_name)]
    sha256: _Sha256
    duration_ms: _Count
    language: _Tag | None = Field(description="As given or as recognised; null where the job failed before that.")
    artifacts: tuple[ArtifactEntry, ...] = Field(default=(), description="Captions in the language of the source.")


class DeliveryEntry(Delivery):
    """What was to be made of each language."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class ErrorEntry(_Entry):
    """Why a language is not as it should be."""

    code: _Name
    message: str
    retryable: bool


class LoudnessEntry(_Entry):
    """Loudness of the dub as measured, EBU R128."""

    integrated_lufs: _Decimal
    true_peak_dbtp: _Decimal
    range_lu: _Decimal


class CaptionsEntry(_Entry):
    """How many cues there are, and how many breaches of the style guide."""

    cues: _Count
    violations: _Count


class TranslationEntry(_Entry):
    """How many lines have no translation, and how many lost a fact in it by the checks."""

    lines: _Count
    untranslated: _Count
    doubtful: _Count


class LanguageEntry(_Entry):
    """The outcome of one language; what was not reached is null."""

    language: _Tag
    state: Literal[
        LanguageState.COMPLETED, LanguageState.COMPLETED_WITH_ISSUES, LanguageState.FAILED, LanguageState.CANCELLED
    ]
    error: ErrorEntry | None = None
    artifacts: tuple[ArtifactEntry, ...] = ()
    translation: TranslationEntry | None = None
    timing: Annotated[TimingReport, AfterValidator(_round_speeds)] | None = None
    loudness: LoudnessEntry | None = None
    captions: CaptionsEntry | None = None
    quality: Quality | None = None
    cost_usd_micros: _Count = 0

    @model_validator(mode="after")
    def _check_outcome(self) -> Self:
        if self.state is LanguageState.FAILED and self.error is None:
            raise ValueError("a failed language says why")
        if self.state is LanguageState.COMPLETED and self.error is not None:
            raise ValueError("a completed language has no error")
        if self.state in DELIVERED_STATES and not self.artifacts:
            raise ValueError("a delivered language has artifacts")
        return self


class Manifest(_Entry):
    """What a job made."""

    schema_version: Literal["1"] = "1"
    job: JobEntry
    source: SourceEntry
    engines: EnginesEntry
    delivery: DeliveryEntry = DeliveryEntry()
    languages: tuple[LanguageEntry, ...]
    disclosure: _Name = DISCLOSURE

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        _check_unique((entry.language for entry in self.languages), "languages")
        files = (*self.source.artifacts, *(artifact for entry in self.languages for artifact in entry.artifacts))
        _check_unique((artifact.path for artifact in files), "paths")
        return self


def render_manifest(manifest: Manifest) -> bytes:
    """Write the manifest as canonical JSON: equal manifests give equal bytes.

    Returns:
        UTF-8 with sorted keys, two spaces of indent and a line feed at the end.
    """
    return _render_json(manifest.model_dump(mode="json"))


def parse_manifest(document: bytes) -> Manifest:
    """Read what `render_manifest` wrote.

    Raises:
        BadManifestError: not JSON, another version, or a field that is missing, unknown or out of range.
    """
    try:
        return Manifest.model_validate_json(document, strict=True)
    except ValidationError as error:
        faults = error.errors(include_input=False)
    # The name of an unknown field is the document's own text, which has no place in a message.
    known = sorted({".".join(map(str, f["loc"])) for f in faults if f["type"] != "extra_forbidden"} - {""})
    raise BadManifestError(f"This is not a manifest of version 1; look at {', '.join(known) or 'the whole document'}.")


def render_manifest_schema() -> bytes:
    """Write the JSON Schema of what `render_manifest` writes."""
    schema = Manifest.model_json_schema(mode="serialization")
    return _render_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def _render_json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False) + "\n").encode()
