"""The stores under contract, and the servers they need; the emulator of the vendors for the engines."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.storage.port import ObjectStore
from tests.contract.stores import STORES, StoreUnderTest
from vendor_emulator.server import VendorEmulator


@pytest.fixture(scope="module", params=STORES)
def under_test(request: pytest.FixtureRequest) -> Iterator[StoreUnderTest]:
    with STORES[request.param](request) as store:
        yield store


@pytest.fixture
def store(under_test: StoreUnderTest) -> ObjectStore:
    return under_test.store


@pytest.fixture
def key() -> str:
    return f"jobs/{uuid.uuid4().hex}/dub.m4a"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"sound")
    return path


@pytest.fixture(scope="session")
def vendor_emulator() -> Iterator[VendorEmulator]:
    with VendorEmulator() as emulator:
        yield emulator
