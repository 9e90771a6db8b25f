from pathlib import Path

import pytest

from cli.glossary_file import MAX_BYTES, read_glossary
from dubbing.errors import FileMissingError, InputError


def write(folder: Path, content: bytes) -> Path:
    file = folder / "terms.json"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with the mark that some editors write"])
def test_the_entries_come_as_they_stand_in_the_file(tmp_path: Path, mark: bytes) -> None:
    file = write(tmp_path, mark + '[{"term": "Ärmel", "keep": true}]'.encode())
    assert read_glossary(file) == [{"term": "Ärmel", "keep": True}]


@pytest.mark.parametrize(
    "content",
    [b"", b"term,keep", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5_000, b'{"term": "take"}', b'"take"', b"null"],
    ids=["empty", "csv", "no UTF-8", "deep", "a long number", "an object", "a text", "nothing"],
)
def test_what_is_no_list_in_json_is_refused_in_a_sentence_without_its_content(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"^The glossary terms\.json is not .*; write a list") as caught:
        read_glossary(write(tmp_path, content))
    assert "take" not in caught.value.message
    assert str(tmp_path) not in caught.value.message


def test_a_file_that_is_too_large_is_not_taken_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="larger than 8 MB"):
        read_glossary(write(tmp_path, b" " * MAX_BYTES + b"[]"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"no glossary terms\.json"):
        read_glossary(tmp_path / "terms.json")
    with pytest.raises(FileMissingError):
        read_glossary(tmp_path)
