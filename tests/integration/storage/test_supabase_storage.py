"""Supabase Storage as our store: what goes wrong, what is kept secret, what is held in memory.

What it does when nothing goes wrong, the contract suite says. All of it runs against the emulator and cannot prove
more than the emulator can.
"""

import logging
import os
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from storage3._sync.file_api import SyncBucketProxy
from storage3.types import SearchV2Result

from dubbing.errors import ObjectMissingError, StorageError, UploadTakenError
from resources.storage import supabase_bulk, supabase_storage
from resources.storage.download import download
from resources.storage.supabase_refusals import read_refusal
from resources.storage.supabase_storage import SupabaseStore
from tests.support.supabase_storage import SupabaseStorage, supabase_storage_emulator
from tests.support.supabase_storage.faults import Fault, Kind

Operation = Callable[[SupabaseStore, Path], object]


def fetch(store: SupabaseStore, file: Path) -> bytes:
    with store.fetch("jobs/1/a") as path:
        return path.read_bytes()


def read(store: SupabaseStore, file: Path) -> bytes:
    with store.read("jobs/1/a") as blocks:
        return b"".join(blocks)


def sign_upload(store: SupabaseStore, file: Path, key: str = "uploads/1") -> object:
    return store.sign_upload(key, media_type="audio/wav", size_bytes=5, sha256="0" * 64, expires_in_s=60)


OPERATIONS: dict[str, Operation] = {
    "put": lambda store, file: store.put("jobs/1/b", file),
    "fetch": fetch,
    "read": read,
    "find_info": lambda store, file: store.find_info("jobs/1/a"),
    "move": lambda store, file: store.move("jobs/1/a", "jobs/1/c"),
    "delete": lambda store, file: store.delete("jobs/1/a"),
    "delete_many": lambda store, file: store.delete_many(["jobs/1/a", "jobs/1/none"]),
    "list_objects": lambda store, file: list(store.list_objects("jobs/1")),
    "sign_upload": sign_upload,
    "sign_download": lambda store, file: store.sign_download("jobs/1/a", expires_in_s=60),
}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[SupabaseStorage]:
    with supabase_storage_emulator(tmp_path / "server") as emulator:
        yield emulator


@pytest.fixture
def store(emulator: SupabaseStorage, monkeypatch: pytest.MonkeyPatch) -> SupabaseStore:
    monkeypatch.setattr(supabase_storage, "download", partial(download, first_pause_s=0.0))
    return build_store(emulator)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"sound")
    return path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def build_store(emulator: SupabaseStorage, *, timeout_s: float = 10.0) -> SupabaseStore:
    return SupabaseStore(emulator.url, emulator.secret_key, emulator.bucket, timeout_s=timeout_s)


def error_of(call: Callable[[], object]) -> StorageError:
    with pytest.raises(StorageError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("kind", ["status", "garbage", "cut", "drop"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_store_that_fails_is_an_error_that_may_pass_and_tells_no_secret(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path, temporary: Path, name: str, kind: Kind
) -> None:
    store.put("jobs/1/a", file)
    emulator.faults.add(Fault(kind))
    error = error_of(lambda: OPERATIONS[name](store, file))
    assert error.retryable
    assert_tells_nothing(error, emulator)
    assert list(temporary.iterdir()) == []


def assert_tells_nothing(error: StorageError, emulator: SupabaseStorage) -> None:
    for secret in ("http://", "127.0.0.1", "jobs/1", "token", "<html>", emulator.secret_key):
        assert secret not in str(error)
    assert error.__context__ is None or error.__suppress_context__


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_store_that_does_not_answer_is_given_up(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path, name: str
) -> None:
    store.put("jobs/1/a", file)
    emulator.faults.add(Fault("slow", delay_s=0.6))
    hasty = build_store(emulator, timeout_s=0.2)
    assert "Timeout" in str(error_of(lambda: OPERATIONS[name](hasty, file)))


@pytest.mark.parametrize("kind", ["status", "cut", "drop"])
def test_a_download_that_breaks_off_once_is_taken_up_again(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path, kind: Kind
) -> None:
    file.write_bytes(os.urandom(300_000))
    store.put("jobs/1/a", file)
    emulator.faults.add(Fault(kind, path="/object/sign/", method="GET"))
    assert fetch(store, file) == file.read_bytes()


def test_a_download_that_always_breaks_off_leaves_nothing_behind(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path, temporary: Path
) -> None:
    store.put("jobs/1/a", file)
    emulator.faults.add(Fault("cut", times=99, method="GET"))
    assert_tells_nothing(error_of(lambda: fetch(store, file)), emulator)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("operation", [fetch, read])
def test_an_object_that_goes_after_it_was_signed_is_missing(
    store: SupabaseStore, file: Path, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("jobs/1/a", file)
    url = store.sign_download("jobs/1/a", expires_in_s=60)
    store.delete("jobs/1/a")
    monkeypatch.setattr(store, "sign_download", lambda key, *, expires_in_s: url)
    with pytest.raises(ObjectMissingError):
        operation(store, file)


@pytest.mark.parametrize("kind", ["status", "cut", "drop"])
def test_reading_that_breaks_off_is_never_a_shorter_object(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path, kind: Kind
) -> None:
    store.put("jobs/1/a", file)
    emulator.faults.add(Fault(kind, path="/object/sign/", method="GET"))
    assert_tells_nothing(error_of(lambda: read(store, file)), emulator)


def test_a_server_that_knows_no_ranges_is_not_believed(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path
) -> None:
    store.put("jobs/1/a", file)
    emulator.faults.add(Fault("garbage", path="/object/sign/", method="GET"))
    with pytest.raises(StorageError), store.read("jobs/1/a", start=2):
        pass


@pytest.mark.parametrize("kind", ["status", "garbage", "drop"])
def test_a_put_that_fails_leaves_what_was_there(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path, kind: Kind
) -> None:
    store.put("jobs/1/a", file)
    emulator.faults.add(Fault(kind, method="POST"))
    file.write_bytes(b"other" * 100_000)
    error_of(lambda: store.put("jobs/1/a", file))
    assert fetch(store, file) == b"sound"
    assert len(list(emulator.folder.iterdir())) == 1


def test_a_server_that_is_not_there_is_told_with_the_setting_to_check(emulator: SupabaseStorage, file: Path) -> None:
    store = SupabaseStore("http://127.0.0.1:1", emulator.secret_key, "dubline")
    assert "DUBLINE_SUPABASE_URL" in str(error_of(lambda: store.put("a", file)))


def test_a_wrong_key_is_told_with_the_setting_to_check(emulator: SupabaseStorage, file: Path) -> None:
    store = SupabaseStore(emulator.url, "sb_secret_other", emulator.bucket)
    for operation in OPERATIONS.values():
        assert "DUBLINE_SUPABASE_SECRET_KEY" in str(error_of(partial(operation, store, file)))


def test_a_missing_bucket_is_told_with_the_setting_to_check(emulator: SupabaseStorage, file: Path) -> None:
    store = SupabaseStore(emulator.url, emulator.secret_key, "nowhere")
    for call in (
        partial(store.put, "a", file),
        partial(store.delete, "a"),
        partial(store.delete_many, ["a"]),
        lambda: list(store.list_objects()),
    ):
        assert "DUBLINE_BUCKET" in str(error_of(call))


def test_a_file_over_the_buckets_limit_is_told_so(emulator: SupabaseStorage, store: SupabaseStore, file: Path) -> None:
    emulator.shelf.get_bucket(emulator.bucket).size_limit = 4
    assert "limit" in str(error_of(lambda: store.put("a", file)))
    assert store.find_info("a") is None


def test_the_older_kind_of_key_works_too(emulator: SupabaseStorage, file: Path) -> None:
    store = SupabaseStore(emulator.url, emulator.tokens.sign_service_role(), emulator.bucket)
    store.put("jobs/1/a", file)
    assert fetch(store, file) == b"sound"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"statusCode":"404","error":"not_found"}', ObjectMissingError),
        (400, b'{"statusCode":"404","error":"Bucket not found"}', StorageError),
        (404, b"<html>", StorageError),
        (400, b"[]", StorageError),
        (400, b'{"statusCode":{},"error":[]}', StorageError),
        (400, b"\xff", StorageError),
    ],
)
def test_only_the_servers_own_word_makes_an_object_missing(status: int, body: bytes, kind: type[StorageError]) -> None:
    assert type(read_refusal(status, body)) is kind


def test_a_status_that_is_none_is_not_repeated() -> None:
    error = read_refusal(400, b'{"statusCode":"https://evil.example","error":"x"}')
    assert "evil" not in str(error)


def test_moving_what_is_missing_removes_nothing(store: SupabaseStore, file: Path) -> None:
    store.put("jobs/1/a", file)
    with pytest.raises(ObjectMissingError):
        store.move("none", "jobs/1/a")
    assert fetch(store, file) == b"sound"


def test_moving_an_object_to_where_it_is_keeps_it(store: SupabaseStore, file: Path) -> None:
    store.put("jobs/1/a", file)
    store.move("jobs/1/a", "jobs/1/a")
    assert fetch(store, file) == b"sound"


def test_moving_to_a_taken_key_asks_again_whether_the_source_is_there(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path
) -> None:
    store.put("jobs/1/a", file)
    refused = {"kind": "status", "path": "/object/move", "status": 409}
    emulator.faults.add(Fault(**refused))
    with pytest.raises(ObjectMissingError):
        store.move("none", "jobs/1/a")
    assert fetch(store, file) == b"sound"


def test_what_a_policy_keeps_is_not_taken_for_deleted(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path
) -> None:
    store.put("jobs/1/a", file)
    emulator.shelf.get_bucket(emulator.bucket).kept.add("jobs/1/a")
    assert "DUBLINE_SUPABASE_SECRET_KEY" in str(error_of(lambda: store.delete("jobs/1/a")))
    assert fetch(store, file) == b"sound"


def test_a_listing_that_breaks_off_is_never_a_shorter_one(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supabase_bulk, "PAGE", 1)
    store.put("jobs/1/a", file)
    store.put("jobs/1/b", file)
    listing = store.list_objects("jobs/1")
    assert next(listing).key == "jobs/1/a"
    emulator.faults.add(Fault("status", path="/object/list-v2/"))
    assert_tells_nothing(error_of(lambda: next(listing)), emulator)


@pytest.mark.parametrize("cursor", [None, "", "again"])
def test_a_listing_that_promises_more_and_leads_nowhere_is_an_error(
    store: SupabaseStore, cursor: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def promise(bucket: SyncBucketProxy, options: object) -> SearchV2Result:
        return SearchV2Result(hasNext=True, folders=[], objects=[], nextCursor=cursor)

    monkeypatch.setattr(SyncBucketProxy, "list_v2", promise)
    assert "makes no sense" in str(error_of(lambda: list(store.list_objects())))


def test_an_upload_address_tells_the_servers_own_expiry(emulator: SupabaseStorage, store: SupabaseStore) -> None:
    signed = store.sign_upload("uploads/1", media_type="audio/wav", size_bytes=5, sha256="0" * 64, expires_in_s=60)
    assert abs((signed.expires_at - datetime.now(UTC)).total_seconds() - 7200) < 60
    emulator.clock.advance(7201)
    assert httpx.request(signed.method, signed.url, content=b"1", headers=signed.headers).status_code == 400


def test_an_upload_has_the_type_that_was_signed_for(emulator: SupabaseStorage, store: SupabaseStore) -> None:
    signed = store.sign_upload("uploads/1", media_type="audio/wav", size_bytes=5, sha256="0" * 64, expires_in_s=60)
    httpx.request(signed.method, signed.url, content=b"sound", headers=signed.headers).raise_for_status()
    assert emulator.shelf.get_bucket(emulator.bucket).get("uploads/1").media_type == "audio/wav"


def test_an_upload_address_covers_nothing_once_its_object_was_moved(store: SupabaseStore, file: Path) -> None:
    signed = store.sign_upload("uploads/1", media_type="audio/wav", size_bytes=5, sha256="0" * 64, expires_in_s=60)
    httpx.request(signed.method, signed.url, content=b"sound", headers=signed.headers).raise_for_status()
    store.move("uploads/1", "jobs/1/a")
    httpx.request(signed.method, signed.url, content=b"other", headers=signed.headers).raise_for_status()
    assert fetch(store, file) == b"sound"


def test_a_taken_key_gets_no_upload_address(store: SupabaseStore, file: Path) -> None:
    store.put("uploads/1", file)
    with pytest.raises(UploadTakenError):
        sign_upload(store, file)


def test_a_download_address_expires(emulator: SupabaseStorage, store: SupabaseStore, file: Path) -> None:
    store.put("a", file)
    url = store.sign_download("a", expires_in_s=60, file_name="Ünï.wav")
    assert httpx.get(url).content == b"sound"
    emulator.clock.advance(61)
    assert httpx.get(url).status_code == 400


def test_nothing_that_gives_access_is_logged(
    emulator: SupabaseStorage, store: SupabaseStore, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.put("jobs/1/a", file)
    with caplog.at_level(logging.DEBUG):
        for operation in OPERATIONS.values():
            operation(store, file)
            store.put("jobs/1/a", file)
    ours = [record for record in caplog.records if not record.name.startswith("uvicorn")]
    assert ours
    for record in ours:
        assert "token=" not in record.getMessage()
        assert emulator.secret_key not in record.getMessage()


def test_a_large_object_is_never_held_in_memory(store: SupabaseStore, tmp_path: Path) -> None:
    size_bytes = 200_000_000
    big = tmp_path / "big"
    with big.open("wb") as out:
        out.truncate(size_bytes)
    tracemalloc.start()
    try:
        store.put("big", big)
        with store.fetch("big") as path:
            assert path.stat().st_size == size_bytes
        with store.read("big") as blocks:
            assert sum(map(len, blocks)) == size_bytes
        assert tracemalloc.get_traced_memory()[1] < 25_000_000
    finally:
        tracemalloc.stop()
