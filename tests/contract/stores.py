"""The stores that the contract is run over: one entry of ``STORES`` each."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from resources.storage.port import ObjectStore
from resources.storage.supabase_storage import SupabaseStore
from tests.support.store_server import served_folder_store
from tests.support.supabase_storage import supabase_storage_emulator
from tests.support.waiting import wait_for

ALL = frozenset({"size", "type", "digest", "taken", "taken_at_once", "upload_expiry", "head"})


def let_time_pass(until: datetime) -> None:
    """Wait on the clock of this machine, for stores that look at it too."""
    wait_for(lambda: datetime.now(UTC) > until, "an address to expire")


@dataclass(frozen=True)
class StoreUnderTest:
    """A running store, whose signed addresses work, and what to expect of it.

    Attributes:
        holds: what of a signed address it enforces by itself: ``size``, ``type`` and ``digest`` of an upload;
            ``taken``, that a key in use is not overwritten; ``taken_at_once``, that of several uploads at once one is
            stored; ``upload_expiry``, that the lifetime asked for is kept; ``head``, that a download address answers
            HEAD too.
        let_expire: let the time pass at which an address expires.
    """

    store: ObjectStore
    holds: frozenset[str] = ALL
    let_expire: Callable[[datetime], None] = let_time_pass


@contextmanager
def folder_store(request: pytest.FixtureRequest) -> Iterator[StoreUnderTest]:
    with served_folder_store(request.getfixturevalue("tmp_path_factory").mktemp("folder")) as served:
        yield StoreUnderTest(served.store)


@contextmanager
def s3_store(request: pytest.FixtureRequest) -> Iterator[StoreUnderTest]:
    """SeaweedFS; as with Amazon's own, the signature is for one method, so HEAD is refused."""
    store = request.getfixturevalue("seaweedfs").make_store()
    yield StoreUnderTest(store, holds=ALL - {"head"})


@contextmanager
def supabase_store(request: pytest.FixtureRequest) -> Iterator[StoreUnderTest]:
    """An emulator, with the real server's gaps: size, type and digest are the client's word, uploads last two hours."""
    with supabase_storage_emulator(request.getfixturevalue("tmp_path_factory").mktemp("supabase")) as server:
        store = SupabaseStore(server.url, server.secret_key, server.bucket)
        yield StoreUnderTest(store, frozenset({"taken", "head"}), server.clock.advance_past)


STORES: Mapping[str, Callable[[pytest.FixtureRequest], AbstractContextManager[StoreUnderTest]]] = {
    "folder": folder_store,
    "s3": s3_store,
    "supabase": supabase_store,
}
