"""Signed addresses: what is signed cannot be used otherwise."""

import multiprocessing
import stat
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import AddressRejectedError, SettingsError
from resources.storage.signing import AddressSigner, load_secret


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signer(tmp_path: Path, clock: Clock) -> AddressSigner:
    return AddressSigner(tmp_path / "keys", now=clock)


def sign(signer: AddressSigner, **claims: str) -> list[tuple[str, str]]:
    return parse_qsl(signer.sign("PUT", "jobs/1/a", expires_at_s=1060, claims=claims), keep_blank_values=True)


def test_what_was_signed_is_given_back(signer: AddressSigner) -> None:
    assert signer.verify("PUT", "jobs/1/a", sign(signer, size="5", name="ü&=")) == {"size": "5", "name": "ü&="}


def test_the_order_of_the_query_does_not_matter(signer: AddressSigner) -> None:
    assert signer.verify("PUT", "jobs/1/a", sign(signer, size="5", type="a/b")[::-1])


@pytest.mark.parametrize(("method", "key"), [("GET", "jobs/1/a"), ("PUT", "jobs/1/b"), ("PUT", "jobs/1"), ("", "")])
def test_another_method_or_key_is_refused(signer: AddressSigner, method: str, key: str) -> None:
    with pytest.raises(AddressRejectedError):
        signer.verify(method, key, sign(signer))


def test_it_is_refused_from_the_second_on_in_which_it_expires(signer: AddressSigner, clock: Clock) -> None:
    query = sign(signer)
    clock.now = 1059.9
    assert signer.verify("PUT", "jobs/1/a", query) == {}
    clock.now = 1060.0
    with pytest.raises(AddressRejectedError):
        signer.verify("PUT", "jobs/1/a", query)


@pytest.mark.parametrize(
    "change",
    [
        lambda query: [],
        lambda query: query[:-1],
        lambda query: query[1:],
        lambda query: [*query, query[-1]],
        lambda query: [*query, ("size", "6")],
        lambda query: [("size", "6"), *query],
        lambda query: [*query, ("x", "")],
        lambda query: [(name, "6" if name == "size" else value) for name, value in query],
        lambda query: [(name, "9999" if name == "expires" else value) for name, value in query],
        lambda query: [(name, "" if name == "signature" else value) for name, value in query],
        lambda query: [(name, "\udc80ü" if name == "signature" else value) for name, value in query],
        lambda query: [(name, value.upper() if name == "signature" else value) for name, value in query],
    ],
)
def test_a_changed_query_is_refused(signer: AddressSigner, change) -> None:
    with pytest.raises(AddressRejectedError):
        signer.verify("PUT", "jobs/1/a", change(sign(signer, size="5")))


PAIRS = st.lists(st.tuples(st.text(), st.text()), max_size=4)


@given(one=st.tuples(st.text(), st.text(), PAIRS), other=st.tuples(st.text(), st.text(), PAIRS))
def test_two_requests_have_one_signature_only_if_they_are_the_same(tmp_path_factory, one, other) -> None:
    signer = AddressSigner(tmp_path_factory.getbasetemp() / "law")
    same = (one[0], one[1], sorted(one[2])) == (other[0], other[1], sorted(other[2]))
    assert (signer._compute(*one) == signer._compute(*other)) is same


def test_another_installation_refuses(signer: AddressSigner, tmp_path: Path) -> None:
    with pytest.raises(AddressRejectedError):
        AddressSigner(tmp_path / "others", now=lambda: 1000).verify("PUT", "jobs/1/a", sign(signer))


def test_the_secret_is_for_its_owner_only_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secret"
    secret = load_secret(path)
    assert load_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(SettingsError, match="remove it"):
        load_secret(tmp_path / "secret")


def _load(path: str, barrier, found) -> None:
    barrier.wait(30)
    found.put(load_secret(Path(path)))


def test_processes_that_make_the_secret_at_once_agree(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, found = context.Barrier(4), context.Queue()
    arguments = (str(tmp_path / "keys" / "secret"), barrier, found)
    processes = [context.Process(target=_load, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    assert len({found.get(timeout=30) for _ in processes}) == 1
    for process in processes:
        process.join(30)
