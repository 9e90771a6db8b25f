"""Estimates over HTTP, by the vendors' engines and their prices; no vendor is called for them."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dubbing.estimating import JobEstimate
from resources.database.embedded import PostgresAddress
from resources.vendors.aura_synthesizer import AuraSynthesizer
from resources.vendors.cloud_synthesizer import CloudSynthesizer
from resources.vendors.deepgram_client import build_deepgram_client
from resources.vendors.deepgram_recognizer import DeepgramRecognizer
from resources.vendors.openai_translator import OpenAITranslator
from tests.support.desk import ALICE, BOB, Desk, announce, open_desk, upload
from tests.support.postgres import fresh_database

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def paid_desk(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresAddress) -> Iterator[Desk]:
    client = build_deepgram_client("no-key", NOWHERE)
    engines = {
        "recognizer": DeepgramRecognizer(client),
        "translator": OpenAITranslator("no-key", "gpt-6-luna", base_url=NOWHERE),
        "synthesizer": CloudSynthesizer([AuraSynthesizer(client)]),
    }
    with fresh_database(postgres) as name:
        url = postgres.url(name, driver="postgresql")
        folder = tmp_path_factory.mktemp("paid-desk")
        with open_desk(folder, url, max_duration_minutes=60, max_languages=3, **engines) as desk:
            yield desk


@pytest.fixture(scope="module")
def client(paid_desk: Desk) -> Iterator[httpx.Client]:
    with paid_desk.sign_in(ALICE) as client:
        yield client


def ask(client: httpx.Client, **wanted: Any) -> httpx.Response:
    return client.post("/estimates", json={"target_languages": ["es"], **wanted})


def test_an_estimate_tells_each_part_as_a_range_and_what_it_rests_on(client: httpx.Client) -> None:
    estimate = ask(client, duration_ms=60_000, target_languages=["es", "fr"], source_language="en").json()
    assert estimate["shared"] == {"low_usd_micros": 7_700, "high_usd_micros": 7_700, "basis": "duration"}
    assert [each["language"] for each in estimate["languages"]] == ["es", "fr"]
    for each in estimate["languages"]:
        assert 0 < each["low_usd_micros"] < 950 * 30 < each["high_usd_micros"]
        assert each["basis"] == "duration"
    parts = [estimate["shared"], *estimate["languages"]]
    for end in ("low_usd_micros", "high_usd_micros"):
        assert estimate["total"][end] == sum(part[end] for part in parts)


def test_an_estimate_names_the_prices_that_it_is_computed_with(client: httpx.Client) -> None:
    prices = ask(client, duration_ms=60_000).json()["prices"]
    assert [(each["vendor"], each["model"]) for each in prices] == [
        ("deepgram", "aura-2"),
        ("deepgram", "nova-3"),
        ("openai", "gpt-6-luna"),
    ]
    assert {each["effective_from"] for each in prices} == {"2026-01-01T00:00:00Z"}


def test_an_uploaded_recording_is_estimated_by_its_length(client: httpx.Client, recording: bytes) -> None:
    upload_id = upload(client, recording)
    assert ask(client, upload_id=upload_id).json() == ask(client, duration_ms=3_000).json()
    job = client.post("/jobs", json={"upload_id": upload_id, "target_languages": ["es"]})
    assert job.status_code == 202


def test_nobody_has_anothers_recording_estimated(paid_desk: Desk, client: httpx.Client, recording: bytes) -> None:
    upload_id = upload(client, recording)
    with paid_desk.sign_in(BOB) as bob:
        problem = ask(bob, upload_id=upload_id)
    assert (problem.status_code, problem.json()["code"]) == (404, "not_found")


def test_nothing_costs_nothing(client: httpx.Client) -> None:
    assert ask(client, duration_ms=0).json()["total"] == {"low_usd_micros": 0, "high_usd_micros": 0}


def test_what_this_machine_makes_costs_nothing(alice: httpx.Client) -> None:
    estimate = ask(alice, duration_ms=600_000, target_languages=["es", "fr"]).json()
    assert estimate["total"] == {"low_usd_micros": 0, "high_usd_micros": 0}
    assert estimate["prices"] == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({}, "malformed_request"),
        ({"duration_ms": 1, "upload_id": str(uuid.UUID(int=1))}, "malformed_request"),
        ({"duration_ms": -1}, "malformed_request"),
        ({"duration_ms": 1, "target_languages": []}, "malformed_request"),
        ({"duration_ms": 3_600_001}, "too_long"),
        ({"duration_ms": 1, "target_languages": ["xx-nowhere"]}, "unknown_language"),
        ({"duration_ms": 1, "target_languages": ["eu"]}, "unsupported_language"),
        ({"duration_ms": 1, "target_languages": ["es", "fr", "de", "it"]}, "too_many_languages"),
        ({"duration_ms": 1, "voices": {"es": {"1": "nobody"}}}, "unknown_voice"),
        ({"duration_ms": 1, "voices": {"fr": {"1": "nobody"}}}, "bad_input"),
    ],
)
def test_what_could_not_be_submitted_is_not_estimated(client: httpx.Client, wanted: dict[str, Any], code: str) -> None:
    problem = ask(client, **wanted)
    assert (problem.status_code, problem.json()["code"]) == (422, code)


def test_a_recording_that_has_not_arrived_is_not_estimated(client: httpx.Client, recording: bytes) -> None:
    problem = ask(client, upload_id=announce(client, recording).json()["upload_id"])
    assert (problem.status_code, problem.json()["code"]) == (409, "upload_incomplete")


def test_an_estimate_is_for_people_who_are_signed_in(paid_desk: Desk) -> None:
    with httpx.Client(base_url=f"{paid_desk.url}/v1") as stranger:
        assert ask(stranger, duration_ms=1).status_code == 401


def test_more_languages_never_cost_less(paid_desk: Desk) -> None:
    def estimate(*targets: str) -> JobEstimate:
        with paid_desk.database.transaction() as tx:
            return paid_desk.container.estimator.estimate(tx, targets, 61_000, source="en")

    one, two, three = estimate("es"), estimate("es", "fr"), estimate("es", "fr", "de")
    assert one.worst_usd_micros < two.worst_usd_micros < three.worst_usd_micros
    assert one.lowest_usd_micros < two.lowest_usd_micros < three.lowest_usd_micros
    assert two.languages["es"] == one.languages["es"]
