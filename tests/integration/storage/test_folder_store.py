"""What is particular to a folder: links, other processes, full disks, what crashes leave."""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dubbing.errors import DiskFullError, StorageError, UploadMismatchError, UploadTakenError
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.support.disks import small_disk

SHA256 = hashlib.sha256(b"sound").hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path, tmp_path: Path) -> FolderStore:
    return FolderStore(root, public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"sound")
    return tmp_path / "file"


def list_files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def receive(store: FolderStore, blocks: list[bytes]) -> None:
    with store.receive("a", size_bytes=5, sha256=SHA256) as incoming:
        for block in blocks:
            incoming.write(block)
        incoming.finish()


def test_a_link_out_of_the_store_is_not_followed(store: FolderStore, root: Path, file: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private").write_bytes(b"private")
    root.mkdir(exist_ok=True)
    (root / "folder").symlink_to(outside)
    (root / "link").symlink_to(outside / "private")
    store.put("mine", file)
    for call in (
        lambda: store.fetch("link").__enter__(),
        lambda: store.read("folder/private").__enter__(),
        lambda: store.find_info("folder/private"),
        lambda: store.put("folder/new", file),
        lambda: store.move("mine", "folder/new"),
        lambda: store.delete("folder/private"),
        lambda: store.receive("folder/new", size_bytes=5, sha256=SHA256).__enter__(),
    ):
        with pytest.raises(StorageError, match="leads out"):
            call()
    assert list_files(outside) == ["private"]


def test_objects_are_for_their_owner_only(store: FolderStore, root: Path, file: Path) -> None:
    store.put("jobs/1/a", file)
    assert stat.S_IMODE((root / "jobs/1/a").stat().st_mode) == 0o600


def test_deleting_leaves_no_empty_folders(store: FolderStore, root: Path, file: Path) -> None:
    store.put("jobs/1/a", file)
    store.move("jobs/1/a", "kept/a")
    store.delete("kept/a")
    assert [path.name for path in root.iterdir()] == [".incoming"]


def test_a_full_disk_is_named_and_leaves_nothing(store: FolderStore, root: Path, file: Path, monkeypatch) -> None:
    def fill(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", fill)
    with pytest.raises(DiskFullError):
        store.put("a", file)
    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(DiskFullError):
        receive(store, [b"sound"])
    assert not list_files(root)


def test_an_upload_never_takes_more_disk_than_declared(store: FolderStore, root: Path) -> None:
    with pytest.raises(UploadMismatchError, match="longer"):
        receive(store, [b"soun"] * 1000)
    assert not list_files(root)


def test_an_upload_appears_at_its_end_and_not_before(store: FolderStore, root: Path) -> None:
    with store.receive("jobs/1/a", size_bytes=5, sha256=SHA256) as incoming:
        incoming.write(b"sound")
        assert store.find_info("jobs/1/a") is None
        incoming.finish()
        assert store.find_info("jobs/1/a").size_bytes == 5
    assert list_files(root) == ["jobs/1/a"]


def test_an_upload_that_is_not_finished_leaves_nothing(store: FolderStore, root: Path) -> None:
    with pytest.raises(KeyboardInterrupt), store.receive("a", size_bytes=5, sha256=SHA256):
        raise KeyboardInterrupt
    assert not list_files(root)
    receive(store, [b"sound"])  # the key is free again


@pytest.mark.parametrize("blocks", [[b"soun"], [b"other"], []])
def test_other_bytes_than_declared_are_refused(store: FolderStore, root: Path, blocks: list[bytes]) -> None:
    with pytest.raises(UploadMismatchError):
        receive(store, blocks)
    assert not list_files(root)


def test_one_upload_at_a_time_for_a_key(store: FolderStore, root: Path) -> None:
    with store.receive("a", size_bytes=5, sha256=SHA256):
        with pytest.raises(UploadTakenError), store.receive("a", size_bytes=5, sha256=SHA256):
            pass
        assert len(list_files(root)) == 1


def test_of_two_processes_that_receive_one_key_the_first_to_finish_wins(
    store: FolderStore, root: Path, tmp_path: Path
) -> None:
    other = FolderStore(root, public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))
    digest = hashlib.sha256(b"other").hexdigest()
    with (
        store.receive("a", size_bytes=5, sha256=SHA256) as first,
        other.receive("a", size_bytes=5, sha256=digest) as second,
    ):
        first.write(b"sound")
        second.write(b"other")
        first.finish()
        with pytest.raises(UploadTakenError):
            second.finish()
    with store.fetch("a", sha256=SHA256):
        pass


def test_a_key_below_another_object_is_refused_by_name(store: FolderStore, file: Path) -> None:
    store.put("a", file)
    store.put("b/c", file)
    for key in ("a/b", "b"):
        with pytest.raises(StorageError, match="above or below"):
            store.put(key, file)
        store.delete(key)
    assert store.find_info("a")
    assert store.find_info("b/c")


def test_what_a_crash_left_is_swept_and_an_upload_under_way_is_not(store: FolderStore, root: Path, file: Path) -> None:
    store.put("a", file)
    (root / ".incoming" / "left").touch()
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    with store.receive("uploaded", size_bytes=len(content), sha256=digest) as incoming:
        store.put("b", file)
        assert len(list_files(root / ".incoming")) == 1
        incoming.write(content)
        incoming.finish()
    assert list_files(root / ".incoming") == []
    assert store.get_path("uploaded").read_bytes() == content


def test_a_store_whose_folder_is_gone_is_away_and_not_empty(store: FolderStore, root: Path, file: Path) -> None:
    store.put("jobs/1/a", file)
    root.rename(root.with_name("elsewhere"))
    uses: list[Callable[[], object]] = [
        lambda: store.put("jobs/1/b", file),
        lambda: store.find_info("jobs/1/a"),
        lambda: store.get_path("jobs/1/a"),
        lambda: store.move("jobs/1/a", "jobs/1/b"),
        lambda: receive(store, [b"sound"]),
    ]
    for use in uses:
        with pytest.raises(StorageError, match="see that its disk is mounted"):
            use()
        assert not root.exists()
    root.with_name("elsewhere").rename(root)
    assert store.find_info("jobs/1/a")


def test_a_disk_that_takes_no_writes_is_a_store_that_fails(tmp_path: Path, file: Path) -> None:
    root = tmp_path / "store"
    with small_disk(root, "1m") as remount:
        store = FolderStore(root, public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))
        store.put("a", file)
        remount("ro")
        for use in (lambda: store.put("b", file), lambda: store.delete("a")):
            with pytest.raises(StorageError, match="Read-only"):
                use()
        remount("rw")
        store.put("b", file)
        assert list_files(root) == ["a", "b"]


def test_storing_and_deleting_side_by_side_do_not_disturb_each_other(store: FolderStore, file: Path) -> None:
    def come_and_go(name: str) -> None:
        for _ in range(100):
            store.put(f"jobs/1/{name}", file)
            store.move(f"jobs/1/{name}", f"jobs/2/{name}")
            store.delete(f"jobs/2/{name}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come_and_go, "abcd"))


def test_addresses_begin_where_clients_reach_the_api(store: FolderStore) -> None:
    assert store.sign_download("a/b", expires_in_s=60).startswith("http://127.0.0.1:1/v1/store/a/b?")
