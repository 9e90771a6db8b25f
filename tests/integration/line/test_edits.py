"""One line of a dub changed through the API, and what the line makes of it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.application import create_app
from dubbing.engines import Voice
from dubbing.manifest import parse_manifest
from resources.database.tables import VendorCall
from resources.identity.embedded_issuer import EmbeddedIssuer
from tests.integration.line.conftest import USER, Line
from tests.support.http_server import served

NEW_TEXT = "Un gran salto para todos."


@dataclass
class Studio:
    """A job that was dubbed into two languages, the line that made it, and its owner's client."""

    line: Line
    job_id: uuid.UUID
    client: httpx.Client

    def edit(self, number: int = 1, language: str = "es", **body: Any) -> httpx.Response:
        return self.client.patch(f"/jobs/{self.job_id}/languages/{language}/segments/{number}", json=body)

    def edit_and_run(self, number: int = 1, language: str = "es", **body: Any) -> None:
        assert self.edit(number, language, **body).status_code == 202
        assert self.line.run(self.job_id).success

    def list_lines(self, language: str = "es") -> list[dict[str, Any]]:
        reply = self.client.get(f"/jobs/{self.job_id}/languages/{language}/segments")
        lines: list[dict[str, Any]] = reply.raise_for_status().json()["items"]
        return lines

    def list_files(self, **query: bool) -> dict[str, dict[str, Any]]:
        reply = self.client.get(f"/jobs/{self.job_id}/artifacts", params=query)
        return {item["path"]: item for item in reply.raise_for_status().json()["items"]}

    def read(self, path: str) -> bytes:
        with self.line.database.transaction() as tx:
            files = [file for group in tx.values.load_artifacts(self.job_id).values() for file in group]
        [key] = [file.storage_key for file in files if file.path == path]
        with self.line.container.store.fetch(key) as file:
            return file.read_bytes()

    def list_bought(self, operation: str) -> list[str | None]:
        """The languages that something was bought for, in order."""
        calls = select(VendorCall.language).where(VendorCall.job_id == self.job_id, VendorCall.operation == operation)
        with self.line.database.transaction() as tx:
            return list(tx.session.scalars(calls.order_by(VendorCall.started_at)))


@contextmanager
def open_studio(line: Line, *languages: str) -> Iterator[Studio]:
    job_id = line.submit(*languages)
    assert line.run(job_id).success
    token = EmbeddedIssuer(line.container.settings.keys_dir).mint(USER)
    with (
        served(lambda _url: create_app(line.container)) as url,
        httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30) as client,
    ):
        yield Studio(line, job_id, client)


@pytest.fixture
def studio(build_line: Callable[..., Line]) -> Iterator[Studio]:
    line = build_line()
    voices = (*line.synthesizer.list_voices(), Voice("other_es", "es"))
    line.synthesizer.list_voices = lambda: voices  # type: ignore[method-assign]
    with open_studio(line, "es", "pt-BR") as studio:
        yield studio


def of(files: dict[str, dict[str, Any]], folder: str) -> dict[str, tuple[str, str, int]]:
    return {
        path: (item["id"], item["sha256"], item["revision"])
        for path, item in files.items()
        if path.startswith(f"{folder}/")
    }


def test_one_line_with_other_words_costs_one_take_and_leaves_the_other_language_alone(studio: Studio) -> None:
    before, takes, captions = studio.list_files(), studio.list_bought("synthesize"), studio.read("es/captions.srt")
    translations = studio.list_bought("translate")
    studio.edit_and_run(1, "es", text=NEW_TEXT)

    assert studio.list_bought("synthesize") == [*takes, "es"]
    assert studio.list_bought("translate") == translations
    after = studio.list_files()
    assert of(after, "pt-BR") == of(before, "pt-BR") != {}
    assert {revision for _, _, revision in of(after, "es").values()} == {2}
    assert after.keys() == before.keys()
    assert after["es/dub.m4a"]["sha256"] != before["es/dub.m4a"]["sha256"]
    for path in ("es/captions.srt", "es/captions.vtt"):
        assert NEW_TEXT in studio.read(path).decode()
    [edited, untouched] = studio.list_lines()
    assert (edited["translation"], edited["flags"], edited["edited"]["text"]) == (NEW_TEXT, [], NEW_TEXT)
    assert untouched["edited"] is None
    check_manifest(studio, revision=2)
    assert studio.client.post(f"/artifacts/{before['es/dub.m4a']['id']}/download").status_code == 201

    # Taken back, it costs nothing at all: what was bought for the words of before is found again.
    bought = studio.list_bought("synthesize")
    studio.edit_and_run(1, "es", text=None)
    assert (studio.list_bought("synthesize"), studio.list_bought("translate")) == (bought, translations)
    assert studio.read("es/captions.srt") == captions
    check_manifest(studio, revision=3)


def check_manifest(studio: Studio, revision: int) -> None:
    """The manifest is of this revision and lists every language's files as they are now."""
    files = studio.list_files()
    manifest = parse_manifest(studio.read("manifest.json"))
    listed = {file.path: file.sha256 for entry in manifest.languages for file in entry.artifacts}
    assert files["manifest.json"]["revision"] == revision
    assert [entry.language for entry in manifest.languages] == ["es", "pt-BR"]
    assert listed == {path: item["sha256"] for path, item in files.items() if path.startswith(("es/", "pt-BR/"))}


def test_edits_of_any_kind_before_the_work_begins_are_made_by_one_run(studio: Studio) -> None:
    takes, dub = studio.list_bought("synthesize"), studio.list_files()["es/dub.m4a"]["sha256"]
    [other] = {"tone_es", "other_es"} - {studio.list_lines()[0]["voice"]}
    studio.edit(1, "es", voice=other)
    studio.edit(2, "es", keep_original=True)
    studio.edit_and_run(2, "pt-BR", text="E depois para casa.")

    assert sorted(map(str, studio.list_bought("synthesize")[len(takes) :])) == ["es", "pt-BR"]
    job = studio.client.get(f"/jobs/{studio.job_id}").json()
    assert (job["attempt"], job["revision"], [each["revision"] for each in job["languages"]]) == (2, 4, [3, 4])
    reread, kept = studio.list_lines()
    assert (reread["voice"], reread["state"]) == (other, "voiced")
    assert (kept["state"], kept["voice"], kept["fit"], kept["error"]) == ("original", None, None, None)
    assert "long walk" in studio.read("es/captions.srt").decode()  # what is heard as it was is captioned all the same
    assert "E depois" in studio.read("pt-BR/captions.srt").decode()
    assert studio.list_files()["es/dub.m4a"]["sha256"] != dub

    # Run again by hand when all is over, the line works on all that was delivered, and changes and buys nothing.
    before, bought = studio.list_files(), studio.list_bought("synthesize")
    assert studio.line.run(studio.job_id, ["tts_audio", "mixed_audio", "captions"]).success
    assert studio.list_bought("synthesize") == bought
    assert {path: item["sha256"] for path, item in studio.list_files().items()} == {
        path: item["sha256"] for path, item in before.items()
    }


def test_a_run_takes_no_edit_and_its_failure_costs_nobody_the_dub_of_before(studio: Studio) -> None:
    replies: list[httpx.Response] = []

    def break_down(_text: str, _language: str) -> bool:
        replies.extend([studio.edit(2, "es", text="Tarde."), studio.edit(2, "pt-BR", text="Tarde.")])
        raise ZeroDivisionError

    before = studio.list_files()
    studio.line.synthesizer.fails = break_down
    assert studio.edit(1, "es", text=NEW_TEXT).status_code == 202
    assert not studio.line.run(studio.job_id).success
    assert [(reply.status_code, reply.json()["code"]) for reply in replies] == [(409, "job_busy")] * 2
    assert studio.line.states(studio.job_id)["es"] == "failed"
    assert studio.list_files() == before

    studio.line.synthesizer.fails = lambda _text, _language: False
    studio.edit_and_run(1, "es", text=NEW_TEXT)  # the same edit again is another try
    assert {revision for _, _, revision in of(studio.list_files(), "es").values()} == {3}
