"""What the holder of a signed address can do in every store, and what not; plain HTTP clients, no SDK."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from resources.storage.port import ObjectStore, SignedUpload
from tests.contract.stores import StoreUnderTest

Upload = Callable[..., SignedUpload]


@pytest.fixture
def sign(store: ObjectStore, key: str) -> Upload:
    def sign(*, body: bytes = b"sound", size_bytes: int = 5, expires_in_s: int = 60) -> SignedUpload:
        sha256 = hashlib.sha256(body).hexdigest()
        return store.sign_upload(
            key, media_type="audio/mp4", size_bytes=size_bytes, sha256=sha256, expires_in_s=expires_in_s
        )

    return sign


@pytest.fixture
def address(store: ObjectStore, key: str, file: Path) -> str:
    store.put(key, file)
    return store.sign_download(key, expires_in_s=60)


def send(upload: SignedUpload, body: bytes | Iterator[bytes] = b"sound", **changed: str) -> httpx.Response:
    """Send the body with the headers as given, but for those that are changed; an empty one is left out."""
    headers = {**upload.headers, **{name.replace("_", "-").title(): value for name, value in changed.items()}}
    sent = {name: value for name, value in headers.items() if value}
    return httpx.request(upload.method, upload.url, headers=sent, content=body)


def tamper(url: str) -> str:
    return f"{url[:-5]}{'a' if url[-5] != 'a' else 'b'}{url[-4:]}"


def skip_unless(under_test: StoreUnderTest, what: str) -> None:
    if what not in under_test.holds:
        pytest.skip(f"this store does not enforce it: {what}")


def test_an_upload_with_the_headers_as_given_is_stored(sign: Upload, store: ObjectStore, key: str) -> None:
    assert send(sign()).is_success
    with store.fetch(key) as fetched:
        assert fetched.read_bytes() == b"sound"


def test_an_upload_address_tells_when_it_expires(sign: Upload) -> None:
    assert datetime.now(UTC) < sign().expires_at < datetime.now(UTC) + timedelta(hours=3)


def test_an_empty_upload_is_stored(sign: Upload, store: ObjectStore, key: str) -> None:
    assert send(sign(body=b"", size_bytes=0), b"").is_success
    assert store.find_info(key).size_bytes == 0


@pytest.mark.parametrize("size_bytes", [4, 6])
def test_an_upload_of_another_size_is_refused(
    under_test: StoreUnderTest, sign: Upload, key: str, size_bytes: int
) -> None:
    skip_unless(under_test, "size")
    assert send(sign(size_bytes=size_bytes), content_length="5").is_client_error
    assert under_test.store.find_info(key) is None


def test_an_upload_that_does_not_tell_its_size_is_refused(under_test: StoreUnderTest, sign: Upload, key: str) -> None:
    skip_unless(under_test, "size")
    assert send(sign(), iter([b"sou", b"nd"]), content_length="").is_client_error
    assert under_test.store.find_info(key) is None


def test_an_upload_of_another_type_is_refused(under_test: StoreUnderTest, sign: Upload, key: str) -> None:
    skip_unless(under_test, "type")
    assert send(sign(), content_type="text/html").is_client_error
    assert under_test.store.find_info(key) is None


def test_an_upload_of_other_bytes_is_refused(under_test: StoreUnderTest, sign: Upload, key: str) -> None:
    skip_unless(under_test, "digest")
    assert send(sign(), b"other").is_client_error
    assert under_test.store.find_info(key) is None


def test_an_expired_upload_address_is_refused(under_test: StoreUnderTest, sign: Upload, key: str) -> None:
    upload = sign(expires_in_s=1)
    if "upload_expiry" in under_test.holds:
        assert upload.expires_at <= datetime.now(UTC) + timedelta(seconds=1)
    under_test.let_expire(upload.expires_at)
    assert send(upload).is_client_error
    assert under_test.store.find_info(key) is None


def test_a_tampered_upload_address_is_refused(sign: Upload, store: ObjectStore, key: str) -> None:
    upload = sign()
    assert send(SignedUpload(tamper(upload.url), upload.expires_at, headers=upload.headers)).is_client_error
    assert store.find_info(key) is None


def test_an_upload_address_is_for_one_key(sign: Upload, store: ObjectStore, key: str) -> None:
    upload, other = sign(), f"{key[:-1]}x"
    assert send(SignedUpload(upload.url.replace(key, other), upload.expires_at, headers=upload.headers)).is_client_error
    assert store.find_info(other) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_an_upload_address_is_for_uploading_only(
    sign: Upload, store: ObjectStore, key: str, file: Path, method: str
) -> None:
    upload = sign()
    store.put(key, file)
    assert httpx.request(method, upload.url).is_client_error
    assert store.find_info(key) is not None


def test_an_upload_to_a_key_that_is_taken_is_refused(
    under_test: StoreUnderTest, sign: Upload, key: str, file: Path
) -> None:
    skip_unless(under_test, "taken")
    upload = sign()
    file.write_bytes(b"first")
    under_test.store.put(key, file)
    assert send(upload).is_client_error
    with under_test.store.fetch(key) as fetched:
        assert fetched.read_bytes() == b"first"


def test_of_uploads_at_once_one_is_stored(under_test: StoreUnderTest, sign: Upload) -> None:
    skip_unless(under_test, "taken_at_once")
    upload = sign()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: send(upload), range(8)))
    assert [answer.is_success for answer in answers].count(True) == 1


def test_a_download_address_gives_the_object_as_often_as_wanted(address: str) -> None:
    assert [httpx.get(address).content for _ in range(3)] == [b"sound"] * 3


def test_a_download_address_answers_head(under_test: StoreUnderTest, address: str) -> None:
    skip_unless(under_test, "head")
    answer = httpx.head(address)
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "5", b"")


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [("bytes=1-2", 206, b"ou"), ("bytes=3-", 206, b"nd"), ("bytes=-2", 206, b"nd"), ("bytes=0-99", 206, b"sound")],
)
def test_a_range_of_a_download_is_given(address: str, wanted: str, status: int, body: bytes) -> None:
    answer = httpx.get(address, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers["content-range"].endswith("/5")


def test_a_range_beyond_the_end_is_named_so(address: str) -> None:
    assert httpx.get(address, headers={"Range": "bytes=9-"}).status_code == 416


def test_a_file_name_stays_a_file_name(store: ObjectStore, key: str, file: Path) -> None:
    store.put(key, file)
    answer = httpx.get(store.sign_download(key, expires_in_s=60, file_name='für "alle"\r\nX-Evil: 1.mp4'))
    disposition = answer.headers["content-disposition"]
    assert answer.content == b"sound"
    assert disposition.startswith("attachment;")
    assert unquote(disposition.partition("filename*=UTF-8''")[2]).startswith('für "alle"')
    assert "x-evil" not in answer.headers


def test_an_expired_download_address_is_refused(
    under_test: StoreUnderTest, store: ObjectStore, key: str, file: Path
) -> None:
    store.put(key, file)
    address = store.sign_download(key, expires_in_s=1)
    under_test.let_expire(datetime.now(UTC) + timedelta(seconds=1))
    assert httpx.get(address).is_client_error


def test_a_tampered_download_address_is_refused(address: str) -> None:
    assert httpx.get(tamper(address)).is_client_error


def test_a_download_address_is_for_one_key(address: str, store: ObjectStore, key: str, file: Path) -> None:
    other = f"{key[:-1]}x"
    store.put(other, file)
    assert httpx.get(address.replace(key, other)).is_client_error


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_download_address_is_for_downloading_only(store: ObjectStore, key: str, address: str, method: str) -> None:
    assert httpx.request(method, address, content=b"other").is_client_error
    with store.fetch(key) as fetched:
        assert fetched.read_bytes() == b"sound"


def test_a_download_address_without_its_query_is_refused(address: str) -> None:
    assert httpx.get(address.partition("?")[0]).is_client_error


def test_a_download_of_what_is_gone_is_refused(store: ObjectStore, key: str, address: str) -> None:
    store.delete(key)
    assert httpx.get(address).is_client_error
