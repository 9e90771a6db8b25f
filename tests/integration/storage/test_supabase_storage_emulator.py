"""The emulator of Supabase Storage against the official SDK and bare HTTP: each behaviour that we rely on."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from storage3 import SyncStorageClient
from storage3.exceptions import StorageApiError

from tests.support.supabase_storage import SupabaseStorage, supabase_storage_emulator
from tests.support.supabase_storage.faults import Fault


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[SupabaseStorage]:
    with supabase_storage_emulator(tmp_path / "server") as emulator:
        yield emulator


@pytest.fixture
def client(emulator: SupabaseStorage) -> SyncStorageClient:
    return build_client(emulator, emulator.secret_key)


@pytest.fixture
def bucket(emulator: SupabaseStorage, client: SyncStorageClient) -> Any:
    return client.from_(emulator.bucket)


def build_client(emulator: SupabaseStorage, key: str) -> SyncStorageClient:
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    return SyncStorageClient(f"{emulator.url}/storage/v1/", headers, http_client=httpx.Client(timeout=10))


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(StorageApiError) as caught:
        call()
    return str(caught.value.status), caught.value.code


def sign_upload(bucket: Any, key: str = "a") -> str:
    return str(bucket.create_signed_upload_url(key)["signed_url"])


def sign_download(bucket: Any, key: str = "a", life_s: int = 60) -> str:
    return str(bucket.create_signed_url(key, life_s)["signedURL"])


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_what_was_uploaded_is_downloaded_with_its_type(bucket: Any) -> None:
    bucket.upload("a/b", b"sound", {"content-type": "audio/wav"})
    assert bucket.download("a/b") == b"sound"
    info = bucket.info("a/b")
    assert (info["size"], info["content_type"], info["name"]) == (5, "audio/wav", "a/b")


def test_a_refusal_is_status_400_with_the_true_status_as_a_string_in_the_body(emulator: SupabaseStorage) -> None:
    url = f"{emulator.url}/storage/v1/object/info/{emulator.bucket}/none"
    headers = {"apikey": emulator.secret_key, "Authorization": f"Bearer {emulator.secret_key}"}
    response = httpx.get(url, headers=headers)
    assert response.status_code == 400
    assert response.json() == {
        "statusCode": "404",
        "error": "not_found",
        "message": "Object not found",
        "code": "NoSuchKey",
    }


@pytest.mark.parametrize("call", ["upload", "sign_upload"])
def test_a_taken_key_is_refused(bucket: Any, call: str) -> None:
    bucket.upload("a", b"1")
    attempt = {"upload": lambda: bucket.upload("a", b"2"), "sign_upload": lambda: sign_upload(bucket)}
    assert refusal(attempt[call]) == ("409", "Duplicate")


def test_an_upsert_takes_the_place_and_gives_another_version_and_tag(emulator: SupabaseStorage, bucket: Any) -> None:
    bucket.upload("a", b"1")
    before = bucket.info("a")
    bucket.upload("a", b"2", {"upsert": "true"})
    after = bucket.info("a")
    assert bucket.download("a") == b"2"
    assert before["etag"] != after["etag"]
    assert before["version"] != after["version"]
    assert len(list(emulator.folder.iterdir())) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda bucket: bucket.info("none"),
        lambda bucket: bucket.download("none"),
        lambda bucket: bucket.create_signed_url("none", 60),
        lambda bucket: bucket.move("none", "x"),
        lambda bucket: bucket.copy("none", "x"),
    ],
)
def test_a_missing_object_is_not_found(bucket: Any, call: Callable[[Any], object]) -> None:
    assert refusal(lambda: call(bucket)) == ("404", "not_found")


def test_a_missing_bucket_is_told_at_upload_and_hidden_when_signing(client: SyncStorageClient) -> None:
    bucket = client.from_("nowhere")
    assert refusal(lambda: bucket.upload("a", b"1")) == ("404", "Bucket not found")
    assert refusal(lambda: bucket.create_signed_url("a", 60)) == ("404", "not_found")


def test_removing_answers_with_what_was_there_and_is_silent_about_the_rest(bucket: Any) -> None:
    bucket.upload("a", b"1")
    assert [row["name"] for row in bucket.remove(["a", "none"])] == ["a"]
    assert bucket.remove(["a"]) == []


@pytest.mark.parametrize("key", ["ü", "a#b", "a%b", "日本", 'a"b', "a[b]"])
def test_a_key_with_other_characters_is_refused(emulator: SupabaseStorage, bucket: Any, key: str) -> None:
    bucket.upload("a", b"1")
    assert refusal(lambda: bucket.move("a", key)) == ("400", "InvalidKey")


def test_moving_frees_the_old_key_and_never_replaces(bucket: Any) -> None:
    bucket.upload("a", b"1")
    bucket.upload("b", b"2")
    assert refusal(lambda: bucket.move("a", "b")) == ("409", "Duplicate")
    assert bucket.move("a", "c") == {"message": "Successfully moved"}
    assert not bucket.exists("a")
    assert bucket.download("c") == b"1"


def test_a_copy_has_the_same_bytes(bucket: Any) -> None:
    bucket.upload("a", b"1", {"content-type": "audio/wav"})
    assert bucket.copy("a", "b")["Key"] == "dubline/b"
    assert (bucket.download("a"), bucket.download("b")) == (b"1", b"1")
    assert bucket.info("b")["content_type"] == "audio/wav"


def test_a_listing_has_objects_and_folders(bucket: Any) -> None:
    for key in ("jobs/1/a", "jobs/1/b", "jobs/top"):
        bucket.upload(key, b"1")
    assert [(row["name"], row["id"] is None) for row in bucket.list("jobs")] == [("1", True), ("top", False)]
    assert [row["name"] for row in bucket.list("jobs/1", {"limit": 1, "offset": 1})] == ["b"]
    assert bucket.list("none") == []


def test_the_second_listing_gives_whole_keys_page_after_page(bucket: Any) -> None:
    for key in ("jobs/1/b", "jobs/1/a", "jobs/2", "jobs_1/a", "jobsX1/a"):
        bucket.upload(key, b"12345")
    first = bucket.list_v2({"prefix": "jobs/", "limit": 2})
    assert [row.name for row in first.objects] == ["jobs/1/a", "jobs/1/b"]
    assert first.objects[0].metadata["size"] == 5
    bucket.remove(["jobs/1/a", "jobs/1/b"])
    second = bucket.list_v2({"prefix": "jobs/", "limit": 2, "cursor": first.nextCursor})
    assert ([row.name for row in second.objects], second.hasNext, second.nextCursor) == (["jobs/2"], False, None)
    assert [row.name for row in bucket.list_v2({"prefix": "jobs_1/"}).objects] == ["jobsX1/a", "jobs_1/a"]
    assert refusal(lambda: bucket.list_v2({"cursor": "none"}))[0] == "400"
    assert refusal(lambda: bucket.list_v2({"limit": 0}))[0] == "400"


def test_a_bucket_that_is_not_there_looks_empty_until_it_is_asked_for(
    emulator: SupabaseStorage, client: SyncStorageClient
) -> None:
    bucket = client.from_("nowhere")
    assert bucket.list_v2().objects == []
    assert bucket.remove(["a"]) == []
    assert bucket.create_signed_urls(["a"], 60)[0]["signedURL"] is None
    assert refusal(lambda: client.get_bucket("nowhere")) == ("404", "Bucket not found")
    assert client.get_bucket(emulator.bucket).name == emulator.bucket


def test_removing_passes_over_what_a_policy_keeps(emulator: SupabaseStorage, bucket: Any) -> None:
    bucket.upload("a", b"1")
    bucket.upload("b", b"1")
    emulator.shelf.get_bucket(emulator.bucket).kept.add("a")
    assert [row["name"] for row in bucket.remove(["a", "b"])] == ["b"]
    assert bucket.exists("a")


@pytest.mark.parametrize("count", [0, 1_001])
def test_removing_none_or_more_than_a_thousand_at_once_is_refused(bucket: Any, count: int) -> None:
    assert refusal(lambda: bucket.remove([str(number) for number in range(count)]))[0] == "400"


def test_a_move_makes_another_version_of_another_time(emulator: SupabaseStorage, bucket: Any) -> None:
    bucket.upload("a", b"1")
    before = bucket.info("a")
    emulator.shelf.get_bucket(emulator.bucket).get("a").updated_at -= timedelta(days=1)
    bucket.move("a", "b")
    assert bucket.info("b")["version"] != before["version"]
    assert bucket.info("b")["last_modified"] >= before["last_modified"]


def test_a_key_that_is_not_the_projects_is_refused(emulator: SupabaseStorage) -> None:
    stranger = build_client(emulator, "sb_secret_other").from_(emulator.bucket)
    assert refusal(lambda: stranger.upload("a", b"1")) == ("403", "Unauthorized")
    response = httpx.post(f"{emulator.url}/storage/v1/object/sign/{emulator.bucket}/a", json={"expiresIn": "1"})
    assert response.json()["message"] == "headers must have required property 'authorization'"


def test_a_service_role_token_is_taken_until_it_expires(emulator: SupabaseStorage) -> None:
    bucket = build_client(emulator, emulator.tokens.sign_service_role(life_s=60)).from_(emulator.bucket)
    bucket.upload("a", b"1")
    emulator.clock.advance(61)
    assert refusal(lambda: bucket.info("a")) == ("403", "Unauthorized")


def test_the_sdk_uploads_by_token(bucket: Any, tmp_path: Path) -> None:
    signed = bucket.create_signed_upload_url("a/b")
    file = tmp_path / "file"
    file.write_bytes(b"sound" * 100_000)
    assert bucket.upload_to_signed_url(signed["path"], signed["token"], file).full_path == "dubline/a/b"
    assert bucket.info("a/b")["size"] == 500_000


def test_an_upload_token_needs_no_key_and_takes_bare_bytes(bucket: Any) -> None:
    response = httpx.put(sign_upload(bucket), content=b"sound", headers={"Content-Type": "audio/wav"})
    assert response.json() == {"Key": "dubline/a"}
    assert bucket.info("a")["content_type"] == "audio/wav"


def test_an_upload_token_says_what_it_is_for_and_lasts_two_hours(bucket: Any) -> None:
    claims = jwt.decode(bucket.create_signed_upload_url("a/b")["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 7200
    assert (claims["url"], claims["scope"], claims["upsert"]) == ("dubline/a/b", "upload", False)


def test_an_upload_token_works_again_once_its_object_is_gone(bucket: Any) -> None:
    url = sign_upload(bucket)
    httpx.put(url, content=b"1").raise_for_status()
    assert code_of(httpx.put(url, content=b"2")) == (400, "KeyAlreadyExists")
    bucket.move("a", "b")
    assert httpx.put(url, content=b"2").status_code == 200
    assert bucket.download("b") == b"1"


def test_of_two_uploads_at_once_the_last_to_finish_wins(emulator: SupabaseStorage, bucket: Any) -> None:
    url = sign_upload(bucket)

    def slow() -> Iterator[bytes]:
        yield b"la"
        httpx.put(url, content=b"first").raise_for_status()
        yield b"st"

    assert httpx.put(url, content=slow()).status_code == 200
    assert bucket.download("a") == b"last"


def test_an_upload_token_expires_and_is_bound_to_path_scope_and_signature(
    emulator: SupabaseStorage, bucket: Any
) -> None:
    bucket.upload("taken", b"1")
    url = sign_upload(bucket)
    bare, _, token = url.partition("?token=")
    download_token = sign_download(bucket, "taken").partition("?token=")[2]
    assert code_of(httpx.put(bare, content=b"1")) == (400, "InvalidRequest")
    assert code_of(httpx.put(url.replace("/a?", "/b?"), content=b"1")) == (400, "InvalidSignature")
    assert code_of(httpx.put(f"{bare}?token={download_token}", content=b"1")) == (400, "InvalidSignature")
    assert code_of(httpx.put(f"{bare}?token={token[:-4]}AAAA", content=b"1")) == (400, "InvalidJWT")
    emulator.clock.advance(7201)
    assert code_of(httpx.put(url, content=b"1")) == (400, "InvalidJWT")


def test_limits_hold_a_declared_length_and_a_form_but_not_a_chunked_body(client: SyncStorageClient) -> None:
    client._request("POST", ["bucket"], json={"id": "small", "name": "small", "file_size_limit": 10})
    bucket = client.from_("small")
    assert code_of(httpx.put(sign_upload(bucket), content=b"x" * 11)) == (400, "EntityTooLarge")
    assert refusal(lambda: bucket.upload("b", b"x" * 11)) == ("413", "Payload too large")
    assert httpx.put(sign_upload(bucket), content=iter([b"x" * 11])).status_code == 200


def test_types_are_held_as_declared_whatever_the_bytes_are(client: SyncStorageClient) -> None:
    body = {"id": "films", "name": "films", "allowed_mime_types": ["video/mp4", "audio/*"]}
    client._request("POST", ["bucket"], json=body)
    bucket = client.from_("films")
    put = {kind: httpx.put(sign_upload(bucket, key), content=b"<html>", headers={"Content-Type": kind})
           for key, kind in {"a": "text/html", "b": "video/mp4; codecs=avc1", "c": "audio/wav"}.items()}  # fmt: skip
    assert [r.status_code for r in put.values()] == [400, 200, 200]
    assert code_of(put["text/html"]) == (400, "InvalidMimeType")


def test_a_bucket_is_made_once(client: SyncStorageClient) -> None:
    client.create_bucket("media")
    assert refusal(lambda: client.create_bucket("media")) == ("409", "Duplicate")


def test_an_aborted_upload_leaves_nothing(emulator: SupabaseStorage, bucket: Any) -> None:
    url = sign_upload(bucket)

    def broken() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise OSError("the line is dead")

    with pytest.raises(OSError, match="the line"):
        httpx.put(url, content=broken())
    assert not bucket.exists("a")
    httpx.put(url, content=b"whole").raise_for_status()
    assert bucket.download("a") == b"whole"


def test_a_download_address_serves_ranges_heads_and_conditions_until_it_expires(
    emulator: SupabaseStorage, bucket: Any
) -> None:
    bucket.upload("a", b"0123456789", {"content-type": "audio/wav"})
    url = sign_download(bucket)
    whole = httpx.get(url)
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["x-robots-tag"] == "none"
    assert "cache-control" not in whole.headers
    head = httpx.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")
    assert httpx.get(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert httpx.get(url, headers={"If-Modified-Since": whole.headers["last-modified"]}).status_code == 304
    emulator.clock.advance(61)
    assert code_of(httpx.get(url)) == (400, "InvalidJWT")


@pytest.mark.parametrize(
    ("wanted", "body", "place"),
    [("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=8-", b"89", "bytes 8-9/10"), ("bytes=-3", b"789", "bytes 7-9/10"),
     ("bytes=5-99", b"56789", "bytes 5-9/10")],
)  # fmt: skip
def test_a_range_is_served(bucket: Any, wanted: str, body: bytes, place: str) -> None:
    bucket.upload("a", b"0123456789")
    response = httpx.get(sign_download(bucket), headers={"Range": wanted})
    assert (response.status_code, response.content, response.headers["content-range"]) == (206, body, place)


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=5-4", "bytes=-", "lines=1-2"])
def test_a_range_that_cannot_be_is_a_true_416(bucket: Any, wanted: str) -> None:
    bucket.upload("a", b"0123456789")
    response = httpx.get(sign_download(bucket), headers={"Range": wanted})
    assert response.status_code == 416
    assert (response.json()["error"], response.json()["code"]) == ("invalid_range", "InvalidRange")


def test_a_range_of_other_bytes_gives_the_whole(bucket: Any) -> None:
    bucket.upload("a", b"0123456789")
    response = httpx.get(sign_download(bucket), headers={"Range": "bytes=2-4", "If-Range": '"other"'})
    assert (response.status_code, response.content) == (200, b"0123456789")


def test_a_download_address_is_bound_to_its_path_and_serves_whatever_is_there(bucket: Any) -> None:
    bucket.upload("a", b"1")
    bucket.upload("b", b"other")
    url = sign_download(bucket)
    assert code_of(httpx.get(url.replace("/a?", "/b?"))) == (400, "InvalidSignature")
    bucket.move("a", "c")
    assert code_of(httpx.get(url)) == (400, "NoSuchKey")
    bucket.upload("a", b"new")
    assert httpx.get(url).content == b"new"


def test_a_name_for_people_is_quoted_into_the_disposition(bucket: Any) -> None:
    bucket.upload("a", b"1")
    url = bucket.create_signed_url("a", 60, {"download": "ürl name.mp4"})["signedURL"]
    disposition = httpx.get(url).headers["content-disposition"]
    assert disposition == "attachment; filename=%C3%BCrl%20name.mp4; filename*=UTF-8''%C3%BCrl%20name.mp4"


def test_a_life_of_nothing_is_refused(bucket: Any) -> None:
    bucket.upload("a", b"1")
    assert refusal(lambda: bucket.create_signed_url("a", 0)) == ("400", "Error")


def test_many_are_signed_at_once_with_the_missing_told_apart(bucket: Any) -> None:
    bucket.upload("a", b"1")
    there, missing = bucket.create_signed_urls(["a", "none"], 60)
    assert httpx.get(there["signedURL"]).content == b"1"
    assert missing["signedURL"] is None
    assert missing["error"].startswith("Either the object does not exist")


def test_faults_come_as_often_as_told_and_only_where_told(emulator: SupabaseStorage, bucket: Any) -> None:
    bucket.upload("a", b"1")
    emulator.faults.add(Fault("status", times=2, path="/object/info/", status=503))
    sign_download(bucket)
    assert [refusal(lambda: bucket.info("a"))[0] for _ in range(2)] == ["503", "503"]
    assert bucket.info("a")["size"] == 1


def test_it_runs_as_a_process_whose_faults_and_time_are_set_over_http(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.supabase_storage", "--folder", str(tmp_path / "server")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            headers = {"apikey": told["secret_key"], "Authorization": f"Bearer {told['secret_key']}"}
            client = SyncStorageClient(f"{told['url']}/storage/v1/", headers, http_client=httpx.Client(timeout=10))
            bucket = client.from_(told["bucket"])
            bucket.upload("a", b"1")
            url = sign_download(bucket)
            httpx.post(f"{told['url']}/_emulator/clock", json={"seconds": 61}).raise_for_status()
            assert code_of(httpx.get(url)) == (400, "InvalidJWT")
            httpx.post(f"{told['url']}/_emulator/faults", json={"kind": "status"}).raise_for_status()
            assert refusal(lambda: bucket.info("a"))[0] == "500"
        finally:
            process.terminate()
