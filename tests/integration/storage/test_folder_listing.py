"""Listing a folder store and removing from it, where it is particular: links, disks that refuse, what is no object."""

import errno
import hashlib
import os
import subprocess
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dubbing.errors import StorageError
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.support.disks import small_disk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path, tmp_path: Path) -> FolderStore:
    return FolderStore(root, public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "private").write_bytes(b"private")
    return folder


def plant(root: Path, *keys: str) -> None:
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(b"sound")


def list_keys(store: FolderStore, prefix: str = "") -> list[str]:
    return sorted(found.key for found in store.list_objects(prefix))


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    if subprocess.run(["chattr", "+i", path], capture_output=True).returncode:
        pytest.skip("this machine does not let us make a file immutable")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def test_links_are_listed_and_removed_as_links_and_never_followed(
    store: FolderStore, root: Path, outside: Path
) -> None:
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "private")
    (root / "nowhere").symlink_to("none")
    (root / "circle").symlink_to(".")
    assert list_keys(store) == ["circle", "file", "folder", "nowhere"]
    assert list_keys(store, "folder") == []
    assert store.delete_many(["folder/private", "circle/file", *list_keys(store)]) == {}
    assert list_keys(store) == []
    assert (outside / "private").read_bytes() == b"private"


@pytest.mark.parametrize(
    "key", ["../outside/private", "jobs/../../outside/private", "/{}", "./jobs/a", "jobs//a", "jobs/a/", ".", "/"]
)
def test_a_key_that_is_a_path_reaches_nothing(store: FolderStore, root: Path, outside: Path, key: str) -> None:
    plant(root, "jobs/a")
    key = key.format(outside / "private")
    assert store.delete_many([key]) == {key: "invalid_key"}
    assert list_keys(store) == ["jobs/a"]
    assert (outside / "private").exists()


def test_a_store_reached_by_a_link_is_a_store(store: FolderStore, root: Path, tmp_path: Path) -> None:
    plant(root, "jobs/a")
    (tmp_path / "link").symlink_to(root)
    linked = FolderStore(tmp_path / "link", public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))
    assert list_keys(linked) == ["jobs/a"]
    assert linked.delete_many(["jobs/a"]) == {}
    assert list_keys(store) == []


def test_an_upload_under_way_is_no_object(store: FolderStore, root: Path) -> None:
    with store.receive("a", size_bytes=5, sha256=hashlib.sha256(b"sound").hexdigest()) as incoming:
        incoming.write(b"sound")
        (aside,) = (root / ".incoming").iterdir()
        assert list_keys(store) == []
        assert store.delete_many([f".incoming/{aside.name}"]) == {f".incoming/{aside.name}": "invalid_key"}
        incoming.finish()
    assert list_keys(store) == ["a"]


def test_deleting_many_leaves_no_empty_folders(store: FolderStore, root: Path) -> None:
    plant(root, "jobs/1/a/b", "jobs/1/a/c", "jobs/2/a", "takes/a")
    (root / "left/by/a/crash").mkdir(parents=True)
    assert store.delete_many(["jobs/1/a/b", "jobs/1/a/c", "jobs/2/a", "left/by/a/crash/x"]) == {}
    assert sorted(path.name for path in root.rglob("*")) == ["a", "takes"]


def test_an_immutable_object_stays_and_the_others_go(store: FolderStore, root: Path) -> None:
    plant(root, "jobs/1/a", "jobs/1/b", "jobs/2/a")
    with immutable(root / "jobs/1/b"):
        assert store.delete_many(["jobs/1/a", "jobs/1/b", "jobs/2/a"]) == {"jobs/1/b": "EPERM"}
        assert list_keys(store) == ["jobs/1/b"]
    assert store.delete_many(["jobs/1/b"]) == {}


def test_a_disk_that_takes_no_writes_keeps_what_is_on_it_and_nothing_else(store: FolderStore, root: Path) -> None:
    with small_disk(root / "jobs/1", "1m") as remount:
        plant(root, "jobs/1/a", "jobs/2/a")
        remount("ro")
        refused = store.delete_many(["jobs/1/a", "jobs/1/none", "jobs/2/a"])
        assert refused == {"jobs/1/a": "EROFS"}
        assert list_keys(store) == ["jobs/1/a"]


def test_a_store_whose_folder_is_gone_is_away_and_not_empty(store: FolderStore, root: Path) -> None:
    root.rename(root.with_name("elsewhere"))
    for use in (lambda: list_keys(store), lambda: list_keys(store, "jobs"), lambda: store.delete_many(["a"])):
        with pytest.raises(StorageError, match="see that its disk is mounted"):
            use()


def test_a_folder_that_cannot_be_read_is_an_error_and_not_an_empty_one(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(root, "jobs/1/a", "jobs/2/a")
    real = os.open

    def fail(path: str, flags: int, *rest: int, dir_fd: int | None = None) -> int:
        if path == "2":
            raise OSError(errno.EIO, "Input/output error")
        return real(path, flags, *rest, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(StorageError, match="Input/output error"):
        list_keys(store)
    assert store.delete_many(["jobs/1/a", "jobs/2/a"]) == {"jobs/2/a": "EIO"}


def test_what_is_no_plain_file_and_what_is_no_text_is_listed_and_removed(store: FolderStore, root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / os.fsdecode(b"bytes-\xff")).touch()
    assert list_keys(store) == sorted(["pipe", "bytes-\udcff"])
    assert store.delete_many(["pipe", "bytes-\udcff", "half-\ud800"]) == {"half-\ud800": "invalid_key"}
    assert list_keys(store) == []


def test_a_moved_object_is_as_old_as_its_move(store: FolderStore, root: Path) -> None:
    plant(root, "a")
    os.utime(root / "a", (0, 0))
    assert [found.changed_at for found in store.list_objects()] == [datetime.fromtimestamp(0, UTC)]
    store.move("a", "b")
    assert [found.changed_at.year > 1970 for found in store.list_objects()] == [True]


def test_a_listing_that_is_given_up_leaves_no_folder_open(store: FolderStore, root: Path) -> None:
    plant(root, "jobs/1/a/b/c", "jobs/1/a/b/d")
    open_before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - one entry more while it is read, both times
    listing = store.list_objects("jobs")
    next(listing)
    assert len(os.listdir("/proc/self/fd")) > open_before  # noqa: PTH208
    listing.close()
    store.delete_many(["jobs/1/a/b/c", "jobs/1/x"])
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208


def test_memory_does_not_grow_with_the_number_of_objects(store: FolderStore, root: Path) -> None:
    (root / "takes").mkdir()
    for number in range(20_000):
        os.close(os.open(root / "takes" / f"take-{number}", os.O_CREAT | os.O_WRONLY))
    tracemalloc.start()
    try:
        assert sum(1 for _ in store.list_objects()) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
