"""The emulator of the vendors: one for the session, as good as new for every test."""

from collections.abc import Iterator

import pytest

from vendor_emulator.server import VendorEmulator


@pytest.fixture(scope="session")
def vendor_emulator() -> Iterator[VendorEmulator]:
    with VendorEmulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(vendor_emulator: VendorEmulator) -> VendorEmulator:
    vendor_emulator.reset()
    return vendor_emulator
