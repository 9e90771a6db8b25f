import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from dubbing.errors import BadManifestError
from dubbing.jobs import LanguageState
from dubbing.manifest import (
    DISCLOSURE,
    ArtifactEntry,
    CaptionsEntry,
    DeliveryEntry,
    EnginesEntry,
    ErrorEntry,
    JobEntry,
    LanguageEntry,
    LoudnessEntry,
    Manifest,
    SourceEntry,
    parse_manifest,
    render_manifest,
    render_manifest_schema,
)
from dubbing.timing import TimingReport
from tests.unit.dubbing.test_quality import build_quality

SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "manifest.schema.json"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def build_artifact(path="pt-BR/dub.m4a"):
    return ArtifactEntry(kind="dub_audio", path=path, media_type="audio/mp4", size_bytes=1234, sha256="ab" * 32)


def build_language(**changes):
    values = {
        "language": "pt-BR",
        "state": LanguageState.COMPLETED,
        "artifacts": (build_artifact(),),
        "timing": TimingReport(3, 3, 1, 40, 1.3, 1.0666666, 12),
        "loudness": LoudnessEntry(integrated_lufs=-16.00049, true_peak_dbtp=-1.2, range_lu=5.25),
        "captions": CaptionsEntry(cues=9, violations=0),
        "cost_usd_micros": 1200,
    }
    return LanguageEntry(**{**values, **changes})


def build_manifest(*languages, created_at=NOON):
    return Manifest(
        job=JobEntry(id="job-1", created_at=created_at),
        source=SourceEntry(file_name="Fábula.wav", sha256="cd" * 32, duration_ms=61_000, language="en"),
        engines=EnginesEntry(recognizer="whisper-base", translator="opus", synthesizer="kokoro"),
        languages=languages or (build_language(),),
    )


def test_parse_undoes_render():
    manifest = build_manifest()
    assert parse_manifest(render_manifest(manifest)) == manifest


def test_the_form_is_canonical_json():
    document = render_manifest(build_manifest())
    value = json.loads(document)
    assert document.endswith(b"}\n")
    assert "Fábula.wav".encode() in document
    assert document == (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()


def test_figures_have_at_most_three_decimals():
    (language,) = json.loads(render_manifest(build_manifest()))["languages"]
    assert language["timing"]["mean_speed"] == 1.067
    assert language["loudness"]["integrated_lufs"] == -16.0


def test_one_moment_in_two_time_zones_gives_the_same_bytes():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-3)))
    assert render_manifest(build_manifest(created_at=elsewhere)) == render_manifest(build_manifest())
    assert b'"created_at": "2026-05-04T12:00:00Z"' in render_manifest(build_manifest())


def test_it_says_that_the_speech_is_synthetic():
    assert "synthetic" in DISCLOSURE
    assert json.loads(render_manifest(build_manifest()))["disclosure"] == DISCLOSURE


def test_the_published_schema_is_the_models():
    assert SCHEMA_FILE.read_bytes() == render_manifest_schema()


def test_the_schema_requires_every_field_that_is_written():
    schema = json.loads(render_manifest_schema())
    written = json.loads(render_manifest(build_manifest()))
    assert set(schema["required"]) == set(written)
    assert set(schema["$defs"]["LanguageEntry"]["required"]) == set(written["languages"][0])


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\\b", "C:x", "", ".", "a/"])
def test_a_path_that_could_lead_elsewhere_is_refused(path):
    with pytest.raises(ValidationError):
        build_artifact(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": LanguageState.FAILED},
        {"state": LanguageState.COMPLETED, "error": ErrorEntry(code="x", message="y", retryable=False)},
        {"state": LanguageState.COMPLETED_WITH_ISSUES, "artifacts": ()},
        {"state": LanguageState.MIXING},
        {"cost_usd_micros": -1},
        {"language": "PT_br"},
        {"loudness": {"integrated_lufs": float("-inf"), "true_peak_dbtp": 0.0, "range_lu": 0.0}},
        {"surprise": 1},
    ],
)
def test_an_outcome_that_contradicts_itself_is_refused(changes):
    with pytest.raises(ValidationError):
        build_language(**changes)


def test_what_was_measured_and_wished_survives_the_document():
    delivery = DeliveryEntry(bed="none", formats=("mp3", "wav"), with_voice=True)
    quality = build_quality(word_error_rate=0.12345, issues=("overflow",))
    manifest = build_manifest(build_language(quality=quality)).model_copy(update={"delivery": delivery})
    read = parse_manifest(render_manifest(manifest))
    assert (read.delivery, read.languages[0].quality) == (delivery, quality)
    assert read.languages[0].quality.word_error_rate == 0.123


def test_a_manifest_of_before_anything_was_measured_is_read():
    document = json.loads(render_manifest(build_manifest()))
    del document["delivery"], document["languages"][0]["quality"], document["source"]["artifacts"]
    del document["job"]["revision"]
    assert parse_manifest(json.dumps(document).encode()) == build_manifest()


def test_captions_of_the_source_share_no_path_with_a_language():
    source = build_manifest().source.model_copy(update={"artifacts": (build_artifact(),)})
    values = {**dict(build_manifest()), "source": source}
    with pytest.raises(ValidationError, match="paths must not repeat"):
        Manifest(**values)


def test_a_failed_language_stands_beside_a_delivered_one():
    error = ErrorEntry(code="translation_failed", message="The translator failed.", retryable=True)
    failed = LanguageEntry(language="es", state=LanguageState.FAILED, error=error)
    manifest = build_manifest(build_language(), failed)
    assert parse_manifest(render_manifest(manifest)) == manifest


@pytest.mark.parametrize(
    "languages",
    [
        (build_language(), build_language(artifacts=(build_artifact("other/dub.m4a"),))),
        (build_language(), build_language(language="es")),
    ],
)
def test_a_language_or_a_path_that_repeats_is_refused(languages):
    with pytest.raises(ValidationError):
        build_manifest(*languages)


def test_a_naive_time_is_refused():
    with pytest.raises(ValidationError):
        JobEntry(id="job-1", created_at=datetime(2026, 5, 4))  # noqa: DTZ001


@pytest.mark.parametrize("document", [b"", b"{", b"\xff", b"[]", b'{"schema_version": "2"}'])
def test_what_is_no_manifest_is_refused_with_one_error(document):
    with pytest.raises(BadManifestError):
        parse_manifest(document)


@pytest.mark.parametrize("change", [{"secret_name": 1}, {"schema_version": "2"}, {"job": {"id": "x"}}])
def test_an_unknown_missing_or_other_field_is_refused_and_its_text_not_repeated(change):
    document = json.dumps({**json.loads(render_manifest(build_manifest())), **change}).encode()
    with pytest.raises(BadManifestError) as caught:
        parse_manifest(document)
    assert "secret" not in caught.value.message


def test_a_number_written_as_text_is_refused():
    document = render_manifest(build_manifest()).replace(b'"duration_ms": 61000', b'"duration_ms": "61000"')
    with pytest.raises(BadManifestError, match=r"source\.duration_ms"):
        parse_manifest(document)
