"""What every object store must do; an adapter is one more parameter."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dubbing.errors import StorageError
from resources.storage.folder import FolderStore
from resources.storage.port import ObjectStore

STORES: dict[str, Callable[[Path], ObjectStore]] = {"folder": lambda folder: FolderStore(folder / "store")}

HOSTILE_KEYS = [
    "",
    "/etc/passwd",
    "../up",
    "a/../../up",
    "a//b",
    "a/./b",
    ".hidden",
    "a b",
    "Ünï",
    "a\nb",
    "a\x00b",
    "A",
    "a/",
    "x" * 600,
]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return STORES[request.param](tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"sound")
    return path


def test_what_was_put_is_fetched(store: ObjectStore, file: Path) -> None:
    store.put("jobs/1/dub.m4a", file)
    with store.fetch("jobs/1/dub.m4a") as fetched:
        assert fetched.read_bytes() == b"sound"
    assert store.exists("jobs/1/dub.m4a")


def test_putting_again_takes_the_place_of_what_was_there(store: ObjectStore, file: Path) -> None:
    store.put("a", file)
    file.write_bytes(b"other")
    store.put("a", file)
    with store.fetch("a") as fetched:
        assert fetched.read_bytes() == b"other"


def test_fetching_what_is_not_there_is_an_error_that_may_pass(store: ObjectStore) -> None:
    with pytest.raises(StorageError), store.fetch("nothing"):
        pass
    assert not store.exists("nothing")


def test_deleting_is_complete_and_may_be_repeated(store: ObjectStore, file: Path) -> None:
    store.put("jobs/1/a", file)
    store.put("jobs/1/b", file)
    store.delete("jobs/1/a")
    store.delete("jobs/1/a")
    assert not store.exists("jobs/1/a")
    assert store.exists("jobs/1/b")


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_key_that_is_not_one_of_ours_is_refused_by_every_call(store: ObjectStore, file: Path, key: str) -> None:
    for call in (lambda: store.put(key, file), lambda: store.exists(key), lambda: store.delete(key)):
        with pytest.raises(StorageError):
            call()
    with pytest.raises(StorageError), store.fetch(key):
        pass


def test_an_object_is_replaced_whole_or_not_at_all(store: ObjectStore, file: Path, tmp_path: Path) -> None:
    store.put("a", file)
    with pytest.raises(OSError, match="No such file"):
        store.put("a", tmp_path / "vanished")
    with store.fetch("a") as fetched:
        assert fetched.read_bytes() == b"sound"


def test_the_place_of_an_object_is_told_without_any_secret(store: ObjectStore, file: Path) -> None:
    store.put("jobs/1/a", file)
    assert store.locate("jobs/1/a").endswith("jobs/1/a")
