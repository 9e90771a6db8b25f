"""Keys over real HTTP, from a server that can be told to misbehave; only the clock is ours."""

import gzip
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dubbing.errors import AuthRejectedError, AuthUnavailableError
from resources.identity import jwks_document
from resources.identity.jwks_document import MAX_DOCUMENT_BYTES
from resources.identity.published_keys import COOLDOWN_S, LIFESPAN_S, OUTAGE_S, RETRY_S, PublishedKeys
from resources.identity.verifier import TokenVerifier
from tests.support.jwks_server import JwksServer, running_jwks_server
from tests.support.tokens import ISSUER, USER, make_es256_signer, make_rs256_signer
from tests.support.waiting import wait_for

OLD, NEW = make_es256_signer("old"), make_es256_signer("new")


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with running_jwks_server() as server:
        server.publish(OLD)
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(server: JwksServer, clock: Clock) -> PublishedKeys:
    return PublishedKeys(server.url, clock=clock)


def test_tokens_are_checked_against_published_keys(server: JwksServer, keys: PublishedKeys) -> None:
    server.publish(OLD, make_rs256_signer())
    verifier = TokenVerifier(ISSUER, keys)
    assert verifier.verify(OLD.mint()).user_id == USER
    assert verifier.verify(make_rs256_signer().mint()).user_id == USER
    with pytest.raises(AuthRejectedError):
        verifier.verify(NEW.mint())


def test_the_document_is_fetched_once_for_many_tokens(server: JwksServer, keys: PublishedKeys) -> None:
    assert all(keys.find_key("old") for _ in range(100))
    assert server.requests == 1


def test_the_document_is_fetched_once_for_many_threads(server: JwksServer, keys: PublishedKeys) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(keys.find_key, ["old"] * 32))
    assert server.requests == 1


def test_the_document_is_fetched_again_when_it_is_old(server: JwksServer, keys: PublishedKeys, clock: Clock) -> None:
    keys.find_key("old")
    clock.advance(LIFESPAN_S + 1)
    assert keys.find_key("old")
    assert server.requests == 2


def test_made_up_ids_do_not_cause_a_request_each(server: JwksServer, keys: PublishedKeys, clock: Clock) -> None:
    assert not any(keys.find_key(f"made-up-{number}") for number in range(200))
    assert server.requests == 1
    clock.advance(COOLDOWN_S + 1)
    assert not any(keys.find_key(f"made-up-{number}") for number in range(200))
    assert server.requests == 2


def test_a_new_key_is_found_before_the_document_is_old(server: JwksServer, keys: PublishedKeys, clock: Clock) -> None:
    keys.find_key("old")
    server.publish(OLD, NEW)
    clock.advance(COOLDOWN_S + 1)
    assert keys.find_key("new")


def test_a_withdrawn_key_stops_counting_when_the_document_is_old(
    server: JwksServer, keys: PublishedKeys, clock: Clock
) -> None:
    keys.find_key("old")
    server.publish(NEW)
    clock.advance(LIFESPAN_S + 1)
    assert keys.find_key("old") is None


def test_a_project_that_publishes_no_keys_has_none(server: JwksServer, keys: PublishedKeys) -> None:
    server.publish()
    assert keys.find_key("old") is None


def test_an_issuer_that_is_down_from_the_start_leaves_the_question_open(server: JwksServer, clock: Clock) -> None:
    with running_jwks_server() as gone:
        url = gone.url
    with pytest.raises(AuthUnavailableError):
        PublishedKeys(url, clock=clock).find_key("old")


def test_an_outage_is_not_noticed_while_there_is_a_good_set(
    server: JwksServer, keys: PublishedKeys, clock: Clock
) -> None:
    keys.find_key("old")
    server.answer(b"", status=503)
    clock.advance(LIFESPAN_S + OUTAGE_S - 1)
    assert keys.find_key("old")


def test_a_long_outage_ends_the_trust_in_the_last_good_set(
    server: JwksServer, keys: PublishedKeys, clock: Clock
) -> None:
    keys.find_key("old")
    server.answer(b"", status=503)
    clock.advance(LIFESPAN_S + OUTAGE_S + 1)
    with pytest.raises(AuthUnavailableError):
        keys.find_key("old")


def test_an_unknown_id_during_an_outage_may_be_a_new_key(server: JwksServer, keys: PublishedKeys, clock: Clock) -> None:
    keys.find_key("old")
    server.answer(b"", status=503)
    clock.advance(COOLDOWN_S + 1)
    with pytest.raises(AuthUnavailableError):
        keys.find_key("new")


def test_an_issuer_that_is_down_is_not_asked_at_every_request_and_is_soon_asked_again(
    server: JwksServer, keys: PublishedKeys, clock: Clock
) -> None:
    server.answer(b"", status=503)
    for _ in range(20):
        with pytest.raises(AuthUnavailableError):
            keys.find_key("old")
    assert server.requests == 1
    server.publish(OLD)
    clock.advance(RETRY_S + 1)
    assert keys.find_key("old")


def test_a_slow_issuer_keeps_nobody_waiting_whose_key_is_known(
    server: JwksServer, keys: PublishedKeys, clock: Clock
) -> None:
    keys.find_key("old")
    clock.advance(LIFESPAN_S + 1)
    server.let_go.clear()
    slow = threading.Thread(target=keys.find_key, args=["old"])
    slow.start()
    try:
        wait_for(lambda: server.requests == 2, "the second request")
        assert keys.find_key("old")
        with pytest.raises(AuthUnavailableError):
            keys.find_key("new")
        assert slow.is_alive()
    finally:
        server.let_go.set()
        slow.join()


def test_an_issuer_that_stops_half_way_is_given_up(
    server: JwksServer, keys: PublishedKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks_document, "TIMEOUT_S", 0.2)
    server.let_go.clear()
    with pytest.raises(AuthUnavailableError):
        keys.find_key("old")


BROKEN = {
    "nothing": b"",
    "a page": b"<html>Bad gateway</html>",
    "half a document": b'{"keys": [{"kty": "EC", ',
    "not UTF-8": b"\xff\xfe\xfa",
    "null": b"null",
    "a list": b"[]",
    "text": b'"keys"',
    "a number with more digits than Python reads": b'{"keys": ' + b"9" * 5000 + b"}",
    "nested too deep": b"[" * 30_000 + b"]" * 30_000,
    "no keys": b"{}",
    "keys an object": b'{"keys": {}}',
    "keys null": b'{"keys": null}',
    "keys that are none": b'{"keys": [1, null, "x", [], {}]}',
    "a key of a kind that we do not use": b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "old", "x": "AA"}]}',
    "a shared secret": b'{"keys": [{"kty": "oct", "kid": "old", "alg": "HS256", "k": "c2VjcmV0"}]}',
    "a point off the curve": json.dumps({"keys": [{**OLD.public_jwk(), "y": NEW.public_jwk()["y"]}]}).encode(),
    "an RSA key that is too short": b'{"keys": [{"kty": "RSA", "kid": "old", "n": "wQ", "e": "AQAB"}]}',
    "numbers in place of text": b'{"keys": [{"kty": "EC", "crv": "P-256", "kid": "old", "x": 1, "y": []}]}',
    "more than we read": b'{"keys": [' + b" " * MAX_DOCUMENT_BYTES + b"]}",
}


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN.keys())
def test_a_document_without_a_usable_key_leaves_the_question_open(
    server: JwksServer, keys: PublishedKeys, document: bytes
) -> None:
    server.answer(document)
    with pytest.raises(AuthUnavailableError):
        keys.find_key("old")


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_document_does_not_replace_a_good_one(
    server: JwksServer, keys: PublishedKeys, clock: Clock, document: bytes
) -> None:
    keys.find_key("old")
    server.answer(document)
    clock.advance(LIFESPAN_S + 1)
    assert keys.find_key("old")


@pytest.mark.parametrize("status", [204, 304, 400, 404, 429, 500, 503])
def test_a_good_document_with_a_bad_status_does_not_count(server: JwksServer, keys: PublishedKeys, status: int) -> None:
    server.answer(server.body, status=status)
    with pytest.raises(AuthUnavailableError):
        keys.find_key("old")


def test_a_redirection_is_not_followed(server: JwksServer, keys: PublishedKeys) -> None:
    with running_jwks_server() as elsewhere:
        elsewhere.publish(OLD)
        server.answer(b"", status=302, headers={"Location": elsewhere.url})
        with pytest.raises(AuthUnavailableError):
            keys.find_key("old")
        assert elsewhere.requests == 0


def test_a_packed_document_is_not_unpacked(server: JwksServer, keys: PublishedKeys) -> None:
    server.answer(gzip.compress(server.body), headers={"Content-Encoding": "gzip"})
    with pytest.raises(AuthUnavailableError):
        keys.find_key("old")


def test_an_answer_shorter_than_it_says_does_not_count(server: JwksServer, keys: PublishedKeys) -> None:
    server.answer(server.body, headers={"Content-Length": str(len(server.body) + 10)})
    with pytest.raises(AuthUnavailableError):
        keys.find_key("old")


def test_one_unusable_key_does_not_hide_a_good_one(server: JwksServer, keys: PublishedKeys) -> None:
    server.answer(server.body.replace(b'{"keys": [', b'{"keys": [{"kty": "OKP", "kid": "x"}, 7, '))
    assert keys.find_key("old")


def test_the_private_half_of_a_published_key_is_left_out(server: JwksServer, keys: PublishedKeys) -> None:
    server.answer(json.dumps({"keys": [{**OLD.public_jwk(), "d": "AA"}]}).encode())
    found = keys.find_key("old")
    assert found is not None
    assert not hasattr(found.key, "private_numbers")
