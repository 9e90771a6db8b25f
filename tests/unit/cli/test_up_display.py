import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.services import Addresses
from cli.up_display import build_display
from resources.settings import Settings

ADDRESSES = Addresses(8000, 3000, Path("code.sock"), "http://127.0.0.1:9464")
LINE = json.dumps({"service": "run", "event": "stage.began"})


def show(capsys: pytest.CaptureFixture[str], log_format: str, *lines: tuple[str, str]) -> list[str]:
    display = build_display(Settings(log_format=log_format, openai_api_key=SecretStr("plain-words")))  # type: ignore[arg-type]
    for name, line in lines:
        display.show(name, line)
    display.welcome(ADDRESSES, "TOKEN=eyJ")
    return capsys.readouterr().out.splitlines()


def test_lines_of_services_are_passed_on_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert show(capsys, "json", ("code", LINE))[0] == LINE


def test_what_is_no_line_is_made_one_of_its_service_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    lines = show(capsys, "json", ("web", "\x1b[31mSegmentation fault of plain-words"), ("web", ""), ("stack", "{}"))
    told = [(line["service"], line["event"]) for line in map(json.loads, lines)]
    assert told[:2] == [("web", "Segmentation fault of [redacted]"), ("up", "{}")]


def test_where_nobody_looks_on_the_addresses_are_told_and_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    ready = [json.loads(line) for line in show(capsys, "json")]
    shown = {"api": ADDRESSES.api, "web": ADDRESSES.web, "metrics": ADDRESSES.metrics}
    assert {line["service"]: line["address"] for line in ready} == shown


def test_people_see_names_beside_the_lines_and_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    lines = show(capsys, "text", ("daemon", "died with code -9 over plain-words"))
    assert lines == ["daemon  died with code -9 over [redacted]", "TOKEN=eyJ"]
