from pathlib import Path

import pytest

from cli.walkthrough import SAMPLE, render_addresses, render_walkthrough

API = "http://127.0.0.1:8000"


def test_the_sample_is_named_as_seen_from_the_folder_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLE.parents[1])
    assert "FILE=samples/sense_and_sensibility.wav\n" in render_walkthrough(API, "token")


def test_a_sample_elsewhere_is_named_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"FILE={SAMPLE}\n" in render_walkthrough(API, "token")


def test_the_token_is_there_to_use() -> None:
    assert "\nTOKEN=a.b-c_d\n" in render_walkthrough(API, "a.b-c_d")


def test_without_a_token_of_ours_the_line_says_where_one_comes_from() -> None:
    assert "Supabase-sign-in" in render_walkthrough(API, None)


def test_nothing_in_it_needs_an_option_of_the_shell() -> None:
    text = render_walkthrough(API, "token")
    assert "!" not in text
    assert [line for line in text.splitlines() if line.startswith("#")] == []


def test_the_addresses_name_the_documentation() -> None:
    assert f"{API}/docs" in render_addresses(API, "http://127.0.0.1:3000", "http://127.0.0.1:9464")
