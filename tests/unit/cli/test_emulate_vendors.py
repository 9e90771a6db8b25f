from pathlib import Path

import pytest

from cli.emulate_vendors import render_exports
from resources.settings import load_settings


def test_the_lines_choose_every_vendor_with_its_address_and_a_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in render_exports("http://127.0.0.1:9", "http://127.0.0.1:9/v1").splitlines():
        command, _, assignment = line.partition(" ")
        assert command == "export"
        monkeypatch.setenv(*assignment.split("=", 1))
    settings = load_settings()
    assert settings.recognition_engine == settings.translation_engine == settings.synthesis_engine == "cloud"
    assert (settings.deepgram_url, settings.elevenlabs_url) == ("http://127.0.0.1:9",) * 2
    assert settings.openai_url == "http://127.0.0.1:9/v1"
    assert settings.deepgram_api_key
    assert settings.openai_api_key
    assert settings.elevenlabs_api_key
