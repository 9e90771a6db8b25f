"""Nothing secret comes out of a line, wherever it stands and whatever stands beside it."""

import base64
import json
import string

from hypothesis import given
from hypothesis import strategies as st

from resources.telemetry.log_fields import FIELDS
from resources.telemetry.redaction import REDACTED, build_scrubber, clean_fields, clean_message

WORD = st.text(string.ascii_letters + string.digits, min_size=8, max_size=30)
BESIDE = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SPACED = BESIDE.map(lambda text: f"{text} ")
SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40)


def encode(part: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"sub": part}).encode()).decode().rstrip("=")


TOKENS = st.tuples(WORD, WORD, WORD).map(lambda parts: f"{encode(parts[0])}.{encode(parts[1])}.{parts[2]}")
HIDDEN = st.one_of(
    TOKENS.map(lambda token: (token, token)),
    WORD.map(lambda word: (word, f"https://files.example.com/v1/store/x?signature={word}")),
    WORD.map(lambda word: (word, f"postgresql://dubline:{word}@db/dubline")),
    WORD.map(lambda word: (word, f"/v1/downloads/x?token={word}&b=c")),
    WORD.map(lambda word: (word, f"Authorization: Bearer {word}")),
    WORD.map(lambda word: (word, f"sk_{word}{word}")),
    WORD.map(lambda word: (word, f"password={word}")),
    WORD.map(lambda word: (word, f"'X-Api-Key': '{word}'")),
)


@given(SECRETS, BESIDE, BESIDE, st.lists(SECRETS, max_size=3))
def test_a_configured_secret_never_comes_out_of_a_message(
    secret: str, before: str, after: str, more: list[str]
) -> None:
    message = clean_message(f"{before}{secret}{after}", build_scrubber([secret, *more]))
    assert secret not in message.replace(REDACTED, "")


@given(HIDDEN, SPACED, BESIDE)
def test_what_looks_like_a_secret_never_comes_out_of_a_message(
    hidden: tuple[str, str], before: str, after: str
) -> None:
    secret, written = hidden
    scrub = build_scrubber([])
    if secret not in before + after:
        assert secret not in clean_message(f"{before}{written} {after}", scrub)


@given(st.dictionaries(st.one_of(st.sampled_from(sorted(FIELDS)), BESIDE), st.one_of(BESIDE, SPACED, st.binary())))
def test_no_sentence_and_no_field_that_is_not_declared_comes_out(fields: dict[str, object]) -> None:
    cleaned = clean_fields(fields, build_scrubber([]))
    dropped = cleaned.pop("dropped", 0)
    assert len(cleaned) + int(str(dropped)) == len(fields)
    assert cleaned.keys() <= FIELDS.keys()
    assert all(str(value).isascii() and " " not in str(value) for value in cleaned.values())


@given(st.text())
def test_a_message_is_one_line_of_bounded_length(message: str) -> None:
    cleaned = clean_message(message, build_scrubber([]))
    assert len(cleaned) <= 500
    assert len(cleaned.splitlines()) <= 1


@given(BESIDE)
def test_scrubbing_what_is_scrubbed_changes_nothing(text: str) -> None:
    scrub = build_scrubber([])
    assert scrub(scrub(text)) == scrub(text)


@given(st.uuids(), st.sampled_from(["vendor_unavailable", "tts_audio", "api.jobs.endpoints", "/v1/jobs/{job_id}"]))
def test_ids_and_names_of_ours_come_through(job_id: object, name: str) -> None:
    cleaned = clean_fields({"job": job_id, "state": name}, build_scrubber([]))
    assert cleaned == {"job": str(job_id), "state": name}
