import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import doctor_vendors
from cli.doctor_vendors import examine_vendors, reach
from cli.findings import Finding
from resources.settings import Settings

KEY = "a-key-that-nobody-may-see"


@pytest.fixture
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def silent() -> str:
    """An address where nobody listens any more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def examine(tmp_path: Path, **chosen: object) -> dict[str, Finding]:
    settings = Settings(_env_file=None, data_dir=tmp_path, **chosen)
    return {finding.name: finding for finding in examine_vendors(settings)}


def test_a_machine_that_needs_no_vendor_is_not_asked_for_keys(tmp_path: Path) -> None:
    assert examine(tmp_path) == {}


def test_only_the_vendors_that_were_chosen_are_looked_at(tmp_path: Path, listening: str) -> None:
    found = examine(tmp_path, translation_engine="cloud", openai_api_key=KEY, openai_url=listening)
    assert set(found) == {"OpenAI: key", "OpenAI: package", "OpenAI: address"}
    assert all(finding.is_there for finding in found.values())


def test_an_address_where_nobody_listens_is_needed_and_missing(tmp_path: Path, silent: str) -> None:
    found = examine(tmp_path, recognition_engine="cloud", deepgram_api_key=KEY, deepgram_url=silent)
    address = found["Deepgram: address"]
    assert (address.is_there, address.needed) == (False, True)
    assert "DUBLINE_DEEPGRAM_URL" in address.remedy


def test_a_package_that_is_not_installed_comes_with_the_line_that_installs_it(
    tmp_path: Path, listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_vendors, "find_spec", lambda name: None)
    found = examine(tmp_path, translation_engine="cloud", openai_api_key=KEY, openai_url=listening)
    assert not found["OpenAI: package"].is_there
    assert "[cloud]" in found["OpenAI: package"].remedy


def test_the_second_of_two_voices_is_welcome_but_not_needed(tmp_path: Path, listening: str) -> None:
    found = examine(tmp_path, synthesis_engine="cloud", deepgram_api_key=KEY, deepgram_url=listening)
    assert found["Deepgram: key"].is_there
    assert (found["ElevenLabs: key"].is_there, found["ElevenLabs: key"].needed) == (False, False)
    assert "ElevenLabs: address" not in found


def test_no_finding_shows_a_key(tmp_path: Path, listening: str) -> None:
    found = examine(tmp_path, translation_engine="cloud", openai_api_key=KEY, openai_url=listening)
    assert KEY not in repr(found)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://", "http://[::1", "http://" + "a" * 300])
def test_an_address_that_is_none_cannot_be_reached(url: str) -> None:
    assert reach(url)[1] is False
