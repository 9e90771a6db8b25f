"""What every object store must do for the product; an adapter is one more entry of ``tests/contract/stores.py``."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dubbing.errors import ObjectMissingError, StorageError
from resources.storage.port import ObjectStore

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
    "a?b",
    "a%2e",
    "x" * 600,
]
SHA256 = hashlib.sha256(b"sound").hexdigest()


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_what_was_put_is_fetched(store: ObjectStore, key: str, file: Path) -> None:
    store.put(key, file, media_type="audio/mp4")
    with store.fetch(key, sha256=SHA256) as fetched:
        assert fetched.read_bytes() == b"sound"
    assert store.find_info(key).size_bytes == 5


def test_an_empty_object_is_an_object(store: ObjectStore, key: str, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    store.put(key, tmp_path / "empty")
    assert store.find_info(key).size_bytes == 0
    with store.fetch(key) as fetched, store.read(key) as blocks:
        assert (fetched.read_bytes(), b"".join(blocks)) == (b"", b"")


def test_an_object_larger_than_a_block_comes_back_as_it_was(store: ObjectStore, key: str, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(10_000_001))
    store.put(key, large)
    with store.fetch(key) as fetched, store.read(key) as blocks:
        assert fetched.read_bytes() == b"".join(blocks) == large.read_bytes()


def test_putting_again_takes_the_place_of_what_was_there(store: ObjectStore, key: str, file: Path) -> None:
    store.put(key, file)
    before = store.find_info(key)
    file.write_bytes(b"other")
    store.put(key, file)
    with store.fetch(key) as fetched:
        assert fetched.read_bytes() == b"other"
    assert store.find_info(key).etag != before.etag


def test_what_is_not_there_is_named_so(store: ObjectStore, key: str) -> None:
    assert store.find_info(key) is None
    with pytest.raises(ObjectMissingError), store.fetch(key):
        pass
    with pytest.raises(ObjectMissingError), store.read(key):
        pass
    with pytest.raises(ObjectMissingError), store.read(key, start=3, end=3):
        pass
    with pytest.raises(ObjectMissingError):
        store.move(key, f"{key}.moved")
    with pytest.raises(ObjectMissingError):
        store.move(key, key)


def test_a_key_that_others_lie_below_is_no_object(store: ObjectStore, key: str, file: Path) -> None:
    store.put(f"{key}/part", file)
    assert store.find_info(key) is None


def test_other_bytes_than_expected_are_refused_and_leave_nothing(
    store: ObjectStore, key: str, file: Path, temporary_folder: Path
) -> None:
    store.put(key, file)
    with pytest.raises(StorageError, match="other bytes"), store.fetch(key, sha256="0" * 64):
        pass
    assert not list(temporary_folder.iterdir())


def test_a_fetched_copy_is_removed_even_when_its_reader_fails(
    store: ObjectStore, key: str, file: Path, temporary_folder: Path
) -> None:
    store.put(key, file)
    with pytest.raises(KeyboardInterrupt), store.fetch(key):
        raise KeyboardInterrupt
    assert not list(temporary_folder.iterdir())


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, b"sound"),
        (1, None, b"ound"),
        (1, 3, b"ou"),
        (0, 99, b"sound"),
        (2, 2, b""),
        (5, None, b""),
        (9, 12, b""),
    ],
)
def test_a_part_is_read_as_a_slice_is(
    store: ObjectStore, key: str, file: Path, start: int, end: int | None, expected: bytes
) -> None:
    store.put(key, file)
    with store.read(key, start=start, end=end) as blocks:
        assert b"".join(blocks) == expected


def test_a_moved_object_is_under_its_new_key_only(store: ObjectStore, key: str, file: Path) -> None:
    store.put(key, file)
    store.move(key, f"{key}.moved")
    assert store.find_info(key) is None
    with store.fetch(f"{key}.moved", sha256=SHA256):
        pass


def test_moving_takes_the_place_of_what_was_there(store: ObjectStore, key: str, file: Path) -> None:
    store.put(key, file)
    file.write_bytes(b"other")
    store.put(f"{key}.moved", file)
    store.move(key, f"{key}.moved")
    with store.fetch(f"{key}.moved", sha256=SHA256):
        pass


def test_moving_to_where_it_is_loses_nothing(store: ObjectStore, key: str, file: Path) -> None:
    store.put(key, file)
    store.move(key, key)
    assert store.find_info(key).size_bytes == 5


def test_deleting_is_complete_and_may_be_repeated(store: ObjectStore, key: str, file: Path) -> None:
    store.put(key, file)
    store.put(f"{key}.other", file)
    store.delete(key)
    store.delete(key)
    assert store.find_info(key) is None
    assert store.find_info(f"{key}.other") is not None


def _calls(store: ObjectStore, file: Path, key: str) -> list[Callable[[], object]]:
    return [
        lambda: store.put(key, file),
        lambda: store.find_info(key),
        lambda: store.delete(key),
        lambda: store.move(key, "a"),
        lambda: store.move("a", key),
        lambda: store.locate(key),
        lambda: store.sign_download(key, expires_in_s=60),
        lambda: store.sign_upload(key, media_type="audio/mp4", size_bytes=5, sha256=SHA256, expires_in_s=60),
        lambda: store.fetch(key).__enter__(),
        lambda: store.read(key).__enter__(),
    ]


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_key_that_is_not_one_of_ours_is_refused_by_every_call(store: ObjectStore, file: Path, key: str) -> None:
    store.put("a", file)
    for call in _calls(store, file, key):
        with pytest.raises(StorageError, match="characters"):
            call()


def test_an_object_is_replaced_whole_or_not_at_all(store: ObjectStore, key: str, file: Path, tmp_path: Path) -> None:
    store.put(key, file)
    with pytest.raises(OSError, match="No such file"):
        store.put(key, tmp_path / "vanished")
    with store.fetch(key, sha256=SHA256):
        pass


def test_the_place_of_an_object_is_told_without_any_secret(store: ObjectStore, key: str, file: Path) -> None:
    store.put(key, file)
    assert store.locate(key).endswith(key)
