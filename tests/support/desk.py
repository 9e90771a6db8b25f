"""The API over a real connection, on the real database and a folder store, with small scripted engines."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from api.application import create_app
from resources.container import Container
from resources.database.connection import Database
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.settings import Settings
from tests.support.engines import MarkingTranslator, ScriptedRecognizer, ToneSynthesizer, make_words
from tests.support.http_server import served

ALICE, BOB = uuid.UUID(int=0xA11CE), uuid.UUID(int=0xB0B)
LANGUAGES = ("es", "fr", "pt-BR")


@dataclass
class Desk:
    """The API at an address."""

    container: Container
    url: str

    @property
    def database(self) -> Database:
        return self.container.database

    def sign_in(self, user_id: uuid.UUID) -> httpx.Client:
        """A client with a user's token."""
        token = EmbeddedIssuer(self.container.settings.keys_dir).mint(user_id)
        return httpx.Client(base_url=f"{self.url}/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30)


@contextmanager
def open_desk(folder: Path, database_url: str, **overrides: Any) -> Iterator[Desk]:
    """Serve the API; ``overrides`` are adapters of the container, or settings by their names."""
    settings = {name: overrides.pop(name) for name in list(overrides) if name in Settings.model_fields}
    engines = {
        "recognizer": ScriptedRecognizer(make_words("One small step for all of us.", start_ms=1000), 12_000),
        "translator": MarkingTranslator(LANGUAGES),
        "synthesizer": ToneSynthesizer(LANGUAGES),
    }
    opened: list[Container] = []

    def build(url: str) -> Any:
        values = {
            "data_dir": folder / "data",
            "cache_dir": folder / "cache",
            "database_url": SecretStr(database_url),
            "dagster_database_url": SecretStr(database_url),
            "public_url": url,
            **settings,
        }
        container = Container(Settings(**values), overrides={**engines, **overrides})
        opened.append(container)
        return create_app(container)

    with served(build) as url, opened[0] as container:
        yield Desk(container, url)


def announce(client: httpx.Client, recording: bytes, **changes: Any) -> httpx.Response:
    """Ask for an upload address for a recording."""
    body = {
        "filename": "talk.wav",
        "content_type": "audio/wav",
        "size_bytes": len(recording),
        "sha256": hashlib.sha256(recording).hexdigest(),
        **changes,
    }
    return client.post("/uploads", json=body)


def upload(client: httpx.Client, recording: bytes, **changes: Any) -> str:
    """Upload a recording as a browser would, and return the id of the upload."""
    announced = announce(client, recording, **changes).raise_for_status().json()
    httpx.request(
        announced["method"], announced["url"], headers=announced["headers"], content=recording, timeout=30
    ).raise_for_status()
    return str(announced["upload_id"])


def submit(client: httpx.Client, recording: bytes, *languages: str, **body: Any) -> dict[str, Any]:
    """Upload a recording and submit a job on it."""
    wanted = {"upload_id": upload(client, recording), "target_languages": languages or ("es",), **body}
    job: dict[str, Any] = client.post("/jobs", json=wanted).raise_for_status().json()
    return job


def read_problem(reply: httpx.Response) -> dict[str, Any]:
    """What a problem says, but for the number of the request."""
    return {name: said for name, said in reply.json().items() if name != "instance"}
