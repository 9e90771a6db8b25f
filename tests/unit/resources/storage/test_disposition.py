"""The name of a download: whatever it is, it stays one."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.storage.disposition import build_content_disposition


@given(st.text(st.characters(codec=None)))
def test_no_name_leaves_its_place_in_the_header(name: str) -> None:
    header = build_content_disposition(name)
    plain, _, encoded = header.removeprefix('attachment; filename="').partition("\"; filename*=UTF-8''")
    assert header.isascii()
    assert header.isprintable()
    assert plain.strip()
    assert not set('"\\/;%') & set(plain)
    assert not set("\"\\/;,' ") & set(encoded)
    assert not any(c < " " or c in "/\\" for c in unquote(encoded))


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=100))
def test_a_harmless_name_comes_back_as_it_was(name: str) -> None:
    assert unquote(build_content_disposition(name).partition("UTF-8''")[2]) == name


@pytest.mark.parametrize("name", ["", "...", " ", "..", "\n"])
def test_a_name_of_nothing_is_replaced(name: str) -> None:
    assert 'filename=""' not in build_content_disposition(name)
    assert not build_content_disposition(name).endswith("''")


def test_a_path_becomes_a_name() -> None:
    assert unquote(build_content_disposition("../../etc/passwd")).endswith("UTF-8''_.._etc_passwd")
