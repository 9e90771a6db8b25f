"""What every object store must do with many objects: list all of them, and remove any of them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dubbing.errors import StorageError
from resources.storage.port import ObjectStore
from tests.contract.stores import StoreUnderTest

ODD_NAMES = [
    ".hidden",
    ".incoming/a",
    "two  words ",
    "Upper",
    "Ünï.wav",
    "e\u0301",
    "日本/😀.bin",
    "a+b&c=d?e#f%41",
    "<a>'\"",
    "tab\tline\nreturn\r",
    "bell\x07",
    "*",
    "-rf",
    "~",
    "deep/er/and/deep/er",
]


@pytest.fixture
def folder() -> str:
    return f"jobs/{uuid.uuid4().hex}"


def list_keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return sorted(found.key for found in store.list_objects(prefix))


def name_many(folder: str, count: int) -> list[str]:
    return sorted(f"{folder}/{number % 7}/{number}" for number in range(count))


def test_all_objects_are_listed_and_deleted_however_many_there_are(
    under_test: StoreUnderTest, store: ObjectStore, folder: str
) -> None:
    keys = name_many(folder, under_test.many)
    under_test.plant(keys)
    assert list_keys(store, folder) == keys
    assert set(keys) <= set(list_keys(store))
    assert store.delete_many(keys) == {}
    assert list_keys(store, folder) == []


def test_what_was_seen_may_be_deleted_while_the_listing_goes_on(
    under_test: StoreUnderTest, store: ObjectStore, folder: str
) -> None:
    keys = name_many(folder, under_test.many)
    under_test.plant(keys)
    seen: list[str] = []
    for found in store.list_objects(folder):
        seen.append(found.key)
        if len(seen) % 150 == 0:
            assert store.delete_many(seen[-150:]) == {}
    assert sorted(seen) == keys
    assert list_keys(store, folder) == sorted(seen[len(seen) // 150 * 150 :])


def test_an_object_is_listed_with_its_size_and_the_time_it_came(store: ObjectStore, folder: str, file: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    store.put(f"{folder}/a", file)
    store.move(f"{folder}/a", f"{folder}/b")
    (found,) = store.list_objects(folder)
    assert (found.key, found.size_bytes) == (f"{folder}/b", 5)
    assert found.changed_at.utcoffset() == timedelta(0)
    assert before <= found.changed_at <= datetime.now(UTC) + timedelta(seconds=1)


def test_a_prefix_is_a_whole_folder(under_test: StoreUnderTest, store: ObjectStore, folder: str) -> None:
    under_test.plant(f"{folder}/{name}" for name in ("1/a", "1/b/c", "10/a", "1.a", "a_b/c", "axb/c"))
    assert list_keys(store, f"{folder}/1") == [f"{folder}/1/a", f"{folder}/1/b/c"]
    assert list_keys(store, f"{folder}/a_b") == [f"{folder}/a_b/c"]
    assert list_keys(store, f"{folder}/1.a") == []
    assert list_keys(store, f"{folder}/1.a/b") == []
    assert list_keys(store, f"{folder}/none") == []


@pytest.mark.parametrize("prefix", ["..", "jobs/", "/", "jobs/../takes", "Jobs", "%"])
def test_a_prefix_that_is_not_one_of_ours_is_refused(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(StorageError, match="characters"):
        list_keys(store, prefix)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_that_nobody_of_us_gave_is_listed_as_it_is_and_removed(
    under_test: StoreUnderTest, store: ObjectStore, folder: str, name: str
) -> None:
    under_test.plant([f"{folder}/{name}", f"{folder}/other"])
    assert list_keys(store, folder) == sorted([f"{folder}/{name}", f"{folder}/other"])
    assert store.delete_many([f"{folder}/{name}"]) == {}
    assert list_keys(store, folder) == [f"{folder}/other"]


@pytest.mark.parametrize("names", [["none"], ["none/a", "a/none"], ["a", "a", "b"], []])
def test_what_is_not_there_counts_as_removed(
    under_test: StoreUnderTest, store: ObjectStore, folder: str, names: Sequence[str]
) -> None:
    under_test.plant([f"{folder}/a", f"{folder}/b", f"{folder}/c"])
    assert store.delete_many([f"{folder}/{name}" for name in names]) == {}
    assert list_keys(store, folder) == [f"{folder}/{name}" for name in "abc" if name not in names]


def test_a_folder_is_not_removed_with_what_is_in_it(
    under_test: StoreUnderTest, store: ObjectStore, folder: str
) -> None:
    under_test.plant([f"{folder}/a/b"])
    assert store.delete_many([f"{folder}/a", folder]) == {}
    assert list_keys(store, folder) == [f"{folder}/a/b"]


def test_one_that_is_refused_is_told_and_the_others_go(
    under_test: StoreUnderTest, store: ObjectStore, folder: str
) -> None:
    keys = name_many(folder, 20)
    under_test.plant(keys)
    refused, reason = under_test.forbid(folder)
    assert store.delete_many([*keys[:10], refused, *keys[10:]]) == {refused: reason}
    assert list_keys(store, folder) in ([], [refused])


@pytest.mark.parametrize("key", ["", "a\0b"])
def test_what_can_be_no_key_is_told_and_the_others_go(
    under_test: StoreUnderTest, store: ObjectStore, folder: str, key: str
) -> None:
    under_test.plant([f"{folder}/a"])
    assert store.delete_many([key, f"{folder}/a"]) == {key: "invalid_key"}
    assert list_keys(store, folder) == []
