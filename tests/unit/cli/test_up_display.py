import json
import os
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.services import Addresses
from cli.up_display import build_display
from resources.settings import Settings
from resources.telemetry.log_fields import ALWAYS

ADDRESSES = Addresses(8000, 3000, Path("code.sock"), "http://127.0.0.1:9464")
LINE = json.dumps(dict.fromkeys(ALWAYS, "said") | {"job": "j"})


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


@pytest.mark.parametrize("written", ['{"service": "web", "text": "plain-words"}', '{"a":' * 50_000])
def test_an_object_that_is_no_line_of_a_log_is_made_one_too(capsys: pytest.CaptureFixture[str], written: str) -> None:
    line = show(capsys, "json", ("web", written))[0]
    assert json.loads(line).keys() == ALWAYS.keys()
    assert "plain-words" not in line


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_lines_that_nobody_reads_any_more_stop_nobody(monkeypatch: pytest.MonkeyPatch, log_format: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr(sys, "stdout", os.fdopen(writing, "w"))
    display = build_display(Settings(log_format=log_format))  # type: ignore[arg-type]
    for _ in range(3):
        display.show("api", "said")
    display.welcome(ADDRESSES, "TOKEN=eyJ")


def test_where_nobody_looks_on_the_addresses_are_told_and_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    ready = [json.loads(line) for line in show(capsys, "json")]
    shown = {"api": ADDRESSES.api, "web": ADDRESSES.web, "metrics": ADDRESSES.metrics}
    assert {line["service"]: line["address"] for line in ready} == shown


def test_people_see_names_beside_the_lines_and_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    lines = show(capsys, "text", ("daemon", "died with code -9 over plain-words"))
    assert lines == ["daemon  died with code -9 over [redacted]", "TOKEN=eyJ"]
