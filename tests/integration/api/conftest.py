from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from resources.database.embedded import PostgresAddress
from resources.media.ffmpeg import find_ffmpeg
from tests.support.audio import encode, make_noise
from tests.support.desk import ALICE, BOB, Desk, open_desk
from tests.support.postgres import fresh_database


@pytest.fixture(scope="module")
def database_url(postgres: PostgresAddress, product_template: str) -> Iterator[str]:
    with fresh_database(postgres, product_template) as name:
        yield postgres.url(name, driver="postgresql")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("desk"), database_url) as desk:
        yield desk


@pytest.fixture(scope="module")
def alice(desk: Desk) -> Iterator[httpx.Client]:
    with desk.sign_in(ALICE) as client:
        yield client


@pytest.fixture(scope="module")
def bob(desk: Desk) -> Iterator[httpx.Client]:
    with desk.sign_in(BOB) as client:
        yield client


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file: Path = encode(find_ffmpeg(), make_noise(3_000, 16_000), 16_000, tmp_path_factory.mktemp("audio") / "talk.wav")
    return file.read_bytes()
