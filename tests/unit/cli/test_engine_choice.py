from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import dub
from cli.main import app
from dubbing.errors import SettingsError

KEYS = ("DUBLINE_DEEPGRAM_API_KEY", "DUBLINE_OPENAI_API_KEY", "DUBLINE_ELEVENLABS_API_KEY")


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUBLINE_DATA_DIR", str(tmp_path / "data"))
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    (tmp_path / "talk.wav").touch()
    return "talk.wav"


def test_the_vendors_cannot_be_chosen_without_their_keys(recording: str) -> None:
    result = CliRunner().invoke(app, ["dub", recording, "--to", "es", "--engine", "cloud"])
    assert isinstance(result.exception, SettingsError)
    assert result.exception.message.startswith("DUBLINE_DEEPGRAM_API_KEY: set it when")


@pytest.mark.parametrize(("engine", "before"), [("cloud", "local"), ("local", "cloud")])
def test_the_engine_of_the_command_counts_in_place_of_the_settings(
    recording: str, monkeypatch: pytest.MonkeyPatch, engine: str, before: str
) -> None:
    class StoppedError(Exception):
        pass

    def stop(settings: object) -> None:
        chosen.append(settings)
        raise StoppedError

    chosen: list[object] = []
    monkeypatch.setattr(dub, "Container", stop)
    names = ("recognition_engine", "translation_engine", "synthesis_engine")
    for name in names:
        monkeypatch.setenv(f"DUBLINE_{name.upper()}", before)
    for key in KEYS:
        monkeypatch.setenv(key, "key")
    CliRunner().invoke(app, ["dub", recording, "--to", "es", "--engine", engine])
    assert [getattr(chosen[0], name) for name in names] == [engine] * 3


def test_an_engine_that_there_is_not_is_a_usage_error(recording: str) -> None:
    assert CliRunner().invoke(app, ["dub", recording, "--to", "es", "--engine", "moon"]).exit_code == 2


def test_every_command_is_in_the_list_of_the_readme() -> None:
    page = (Path(__file__).parents[3] / "README.md").read_text()
    names = {
        command.name or command.callback.__name__.replace("_", "-")
        for command in app.registered_commands
        if command.callback
    }
    assert {name for name in names if f"\n| `{name}" not in page} == set()
