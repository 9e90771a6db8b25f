"""What the command line says of the delivery, over the settings."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import dub
from cli.dub import plan_delivery
from cli.main import app
from dubbing.delivery import Delivery
from resources.settings import Settings

SETTINGS = Settings(bed="separate", loudness="ebu_r128")


@pytest.mark.parametrize(
    ("wishes", "delivery"),
    [
        ({}, Delivery(bed="separate", loudness="ebu_r128")),
        ({"bed": None, "formats": None, "loudness": None}, Delivery(bed="separate", loudness="ebu_r128")),
        ({"bed": "none", "loudness": "atsc_a85"}, Delivery(bed="none", loudness="atsc_a85")),
        (
            {"formats": ["wav", "m4a", "wav"], "with_voice": True},
            Delivery(bed="separate", loudness="ebu_r128", formats=("wav", "m4a"), with_voice=True),
        ),
    ],
)
def test_what_is_not_asked_for_is_as_the_settings_say(wishes: dict[str, Any], delivery: Delivery) -> None:
    assert plan_delivery(wishes, SETTINGS) == delivery


def test_the_options_arrive_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def note(*_arguments: object, **options: Any) -> int:
        asked.update(options["wishes"])
        return 0

    monkeypatch.setattr(dub, "run_dub", note)
    options = ["--bed", "none", "--format", "mp3", "--format", "wav", "--loudness", "ebu_r128", "--with-voice"]
    assert CliRunner().invoke(app, ["dub", str(tmp_path / "talk.wav"), "--to", "es", *options]).exit_code == 0
    assert asked == {"bed": "none", "formats": ["mp3", "wav"], "loudness": "ebu_r128", "with_voice": True}


@pytest.mark.parametrize(("option", "value"), [("--bed", "loud"), ("--format", "ogg"), ("--loudness", "max")])
def test_a_choice_that_there_is_not_is_a_usage_error_that_names_it(option: str, value: str) -> None:
    result = CliRunner().invoke(app, ["dub", "talk.wav", "--to", "es", option, value])
    assert result.exit_code == 2
    assert value in result.output
