"""What is particular to S3: failures in our words, large objects, and what its signatures do not allow."""

import hashlib
import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from dubbing.errors import ObjectMissingError, StorageError
from resources.storage import s3
from resources.storage.download import download
from resources.storage.s3 import S3Store, build_client
from tests.support.seaweedfs import SeaweedFS

CALLS: list[Callable[[S3Store, Path], object]] = [
    lambda store, file: store.put("jobs/1/hidden", file),
    lambda store, file: store.find_info("jobs/1/hidden"),
    lambda store, file: store.delete("jobs/1/hidden"),
    lambda store, file: store.list_objects("jobs/1/hidden").__next__(),
    lambda store, file: store.delete_many(["jobs/1/hidden"]),
    lambda store, file: store.move("jobs/1/hidden", "jobs/1/other"),
    lambda store, file: store.fetch("jobs/1/hidden").__enter__(),
    lambda store, file: store.read("jobs/1/hidden").__enter__(),
]


@pytest.fixture(scope="module")
def store(seaweedfs: SeaweedFS) -> S3Store:
    return seaweedfs.make_store()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"sound")
    return tmp_path / "file"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Uploaded in three parts."""
    (tmp_path / "large").write_bytes(bytes(range(256)) * 80_000)
    return tmp_path / "large"


@pytest.mark.parametrize("call", CALLS)
def test_wrong_keys_are_named_without_telling_them(seaweedfs: SeaweedFS, file: Path, call) -> None:
    client = seaweedfs.make_client(secret_access_key="wrong-secret")
    with pytest.raises(StorageError, match="refused") as refusal:
        call(S3Store(client, "no-such-bucket"), file)
    assert_nothing_told(refusal.value)


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_is_not_there_is_named(file: Path, monkeypatch, call) -> None:
    monkeypatch.setattr(s3, "download", partial(download, first_pause_s=0.001))
    client = build_client(
        region="us-east-1", endpoint_url="http://127.0.0.1:1", access_key_id="k", secret_access_key="s"
    )
    with pytest.raises(StorageError, match="try again later") as refusal:
        call(S3Store(client, "bucket"), file)
    assert_nothing_told(refusal.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.read("a").__enter__(),
        lambda store: list(store.list_objects()),
        lambda store: store.delete_many(["a"]),
        lambda store: store.delete_many(["bell\x07"]),
    ],
)
def test_a_bucket_that_does_not_exist_is_named(seaweedfs: SeaweedFS, call: Callable[[S3Store], object]) -> None:
    with pytest.raises(StorageError, match="bucket does not exist") as refusal:
        call(S3Store(seaweedfs.make_client(), "no-such-bucket"))
    assert not isinstance(refusal.value, ObjectMissingError)


def test_in_a_bucket_with_versions_nothing_is_left_of_what_was_deleted(seaweedfs: SeaweedFS, file: Path) -> None:
    store, client = seaweedfs.make_store("with-versions"), seaweedfs.make_client()
    client.put_bucket_versioning(Bucket="with-versions", VersioningConfiguration={"Status": "Enabled"})
    for key in ("a", "a", "ab", "b", "moved", "kept"):
        store.put(key, file)
    store.delete("b")
    store.move("moved", "ab")
    assert store.delete_many(["a", "ab", "none"]) == {}
    left = client.list_object_versions(Bucket="with-versions")
    assert ([version["Key"] for version in left["Versions"]], left.get("DeleteMarkers")) == (["kept"], None)


def test_what_a_policy_keeps_is_told_and_the_others_go(seaweedfs: SeaweedFS) -> None:
    store, client = seaweedfs.make_store("with-policy"), seaweedfs.make_client()
    for key in ("kept\x07", "other\x07", "third"):  # this server asks its policies for single deletions only
        client.put_object(Bucket="with-policy", Key=key, Body=b"sound")
    rule = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": "arn:aws:s3:::with-policy/kept*",
    }
    client.put_bucket_policy(Bucket="with-policy", Policy=json.dumps({"Version": "2012-10-17", "Statement": [rule]}))
    assert store.delete_many(["kept\x07", "other\x07", "third"]) == {"kept\x07": "status_403"}
    assert [found.key for found in store.list_objects()] == ["kept\x07"]


def test_only_what_the_server_says_is_gone_counts_as_gone(
    seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = seaweedfs.make_client()
    answer = {
        "Deleted": [{"Key": "a"}, {"Key": "b"}],
        "Errors": [
            {"Key": "b", "Code": "AccessDenied"},
            {"Key": "c", "Code": "NoSuchKey"},
            {"Key": "d", "Code": "http://evil.example/"},
        ],
    }
    monkeypatch.setattr(client, "delete_objects", lambda **_: answer)
    refused = S3Store(client, "bucket").delete_many(["a", "b", "c", "d", "e"])
    assert refused == {"b": "AccessDenied", "d": "unknown", "e": "unknown"}


def test_a_batch_names_the_type_of_its_body_which_some_servers_need(seaweedfs: SeaweedFS) -> None:
    client, types = seaweedfs.make_client(), []
    client.meta.events.register(
        "before-send.s3.DeleteObjects", lambda request, **_: types.append(request.headers["content-type"])
    )
    client.create_bucket(Bucket="typed-batch")
    assert S3Store(client, "typed-batch").delete_many(["a"]) == {}
    assert types in (["application/xml"], [b"application/xml"])


def test_a_large_object_is_put_in_parts_and_moved_whole(store: S3Store, large: Path) -> None:
    store.put("large", large)
    assert store.find_info("large").etag.endswith("-3")
    store.move("large", "moved")
    with store.fetch("moved", sha256=hashlib.sha256(large.read_bytes()).hexdigest()):
        pass


def test_an_object_too_large_for_one_copy_is_moved_in_parts(store: S3Store, large: Path, monkeypatch) -> None:
    monkeypatch.setattr(s3, "COPY_AT_ONCE_BYTES", 10_000_000)
    monkeypatch.setattr(s3, "COPY_PART_BYTES", 8_000_000)
    store.put("large", large)
    store.move("large", "moved-in-parts")
    assert store.find_info("large") is None
    with store.fetch("moved-in-parts", sha256=hashlib.sha256(large.read_bytes()).hexdigest()):
        pass


def test_the_media_type_is_kept(store: S3Store, file: Path) -> None:
    store.put("typed", file, media_type="audio/mp4")
    store.move("typed", "typed-moved")
    assert httpx.get(store.sign_download("typed-moved", expires_in_s=60)).headers["content-type"] == "audio/mp4"


def test_a_download_address_is_for_get_alone_because_the_method_is_signed(store: S3Store, file: Path) -> None:
    store.put("one", file)
    assert httpx.head(store.sign_download("one", expires_in_s=60)).status_code == 403


def test_an_upload_without_its_condition_is_refused(store: S3Store) -> None:
    sha256 = hashlib.sha256(b"sound").hexdigest()
    upload = store.sign_upload("two", media_type="audio/mp4", size_bytes=5, sha256=sha256, expires_in_s=60)
    for name in upload.headers:
        if name != "Content-Length":  # the client writes it by itself
            headers = {given: value for given, value in upload.headers.items() if given != name}
            assert httpx.put(upload.url, headers=headers, content=b"sound").status_code == 403, name


def test_signed_addresses_are_not_logged(store: S3Store, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        store.put("three", file)
        with store.fetch("three"), store.read("three"):
            pass
    assert "X-Amz" not in caplog.text
    assert "three" not in caplog.text


def assert_nothing_told(error: StorageError) -> None:
    told = f"{error!r} {error.__cause__!r}"
    assert error.__suppress_context__ or error.__context__ is None
    assert not any(secret in told for secret in ("hidden", "bucket/", "127.0.0.1", "X-Amz", "dubline-tests"))
