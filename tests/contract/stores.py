"""The stores that the contract is run over: one entry of ``STORES`` each."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from resources.storage.port import ObjectStore
from resources.storage.supabase_storage import SupabaseStore
from tests.support.store_server import served_folder_store
from tests.support.supabase_storage import supabase_storage_emulator
from tests.support.supabase_storage.shelf import Incoming
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
        plant: put objects of five bytes there as somebody else would, under keys of any form.
        forbid: name something below a folder that the store does not remove; gives its key, and the reason it tells.
        many: objects enough for more than one page; not more than can be planted in a moment.
    """

    store: ObjectStore
    plant: Callable[[Iterable[str]], None]
    forbid: Callable[[str], tuple[str, str]]
    holds: frozenset[str] = ALL
    let_expire: Callable[[datetime], None] = let_time_pass
    many: int = 2_500


@contextmanager
def folder_store(request: pytest.FixtureRequest) -> Iterator[StoreUnderTest]:
    with served_folder_store(request.getfixturevalue("tmp_path_factory").mktemp("folder")) as served:

        def plant(keys: Iterable[str]) -> None:
            for key in keys:
                path = served.folder / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"sound")

        yield StoreUnderTest(served.store, plant, lambda folder: (f"{folder}/../b", "invalid_key"))


@contextmanager
def s3_store(request: pytest.FixtureRequest) -> Iterator[StoreUnderTest]:
    """SeaweedFS; as with Amazon's own, the signature is for one method, so HEAD is refused."""
    server, bucket = request.getfixturevalue("seaweedfs"), f"tests-{uuid.uuid4().hex[:12]}"
    store, client = server.make_store(bucket), server.make_client()

    def plant(keys: Iterable[str]) -> None:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda key: client.put_object(Bucket=bucket, Key=key, Body=b"sound"), keys))

    # A name that this server refuses by itself; it lets policies pass when many are removed at once.
    yield StoreUnderTest(
        store, plant, lambda folder: (f"{folder}/../b", "InvalidRequest"), holds=ALL - {"head"}, many=1_100
    )


@contextmanager
def supabase_store(request: pytest.FixtureRequest) -> Iterator[StoreUnderTest]:
    """An emulator, with the real server's gaps: size, type and digest are the client's word, uploads last two hours."""
    with supabase_storage_emulator(request.getfixturevalue("tmp_path_factory").mktemp("supabase")) as server:
        store = SupabaseStore(server.url, server.secret_key, server.bucket)
        bucket = server.shelf.get_bucket(server.bucket)

        def plant(keys: Iterable[str]) -> None:
            for key in keys:
                incoming = Incoming(server.shelf.folder)
                incoming.write(b"sound")
                server.shelf.store(bucket, key, incoming, media_type="audio/mp4", cache_control="no-cache")

        def forbid(folder: str) -> tuple[str, str]:
            plant([f"{folder}/kept"])
            bucket.kept.add(f"{folder}/kept")
            return f"{folder}/kept", "not_removed"

        yield StoreUnderTest(store, plant, forbid, frozenset({"taken", "head"}), server.clock.advance_past)


STORES: Mapping[str, Callable[[pytest.FixtureRequest], AbstractContextManager[StoreUnderTest]]] = {
    "folder": folder_store,
    "s3": s3_store,
    "supabase": supabase_store,
}
