"""Runbooks are read at night: whatever they say to type must work."""

import re
import shlex
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from resources.database.connection import Database
from tests.support.watching import ROOT, RUNBOOKS, list_alerts, list_code_blocks, list_pages

SECTIONS = ["Meaning", "First look", "Likely causes", "What to do", "When it is over"]
ALL = [RUNBOOKS / "README.md", *list_pages()]


def list_commands(page: Path) -> list[str]:
    """Lines of code blocks, and what stands between backticks in the text, that call the product."""
    lines = [line.strip() for block in list_code_blocks(page, "") for line in block.splitlines()]
    inline = re.findall(r"`(dubline [^`\n]+)`", page.read_text())
    return [line for line in (*lines, *inline) if line.startswith("dubline ")]


def test_there_is_a_page_for_each_alert_and_no_other() -> None:
    assert [page.read_text().splitlines()[0].removeprefix("# ") for page in list_pages()] == sorted(
        {rule.name for rule in list_alerts()}
    )


@pytest.mark.parametrize("page", list_pages(), ids=lambda page: page.stem)
def test_a_page_has_its_sections_and_is_short(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == SECTIONS
    assert len(lines) <= 50


@pytest.mark.parametrize("page", list_pages(), ids=lambda page: page.stem)
def test_a_page_and_the_list_say_how_bad_it_is(page: Path) -> None:
    title, _, severity, *_ = page.read_text().splitlines()
    alert = title.removeprefix("# ")
    severities = sorted({rule.more["labels"]["severity"] for rule in list_alerts() if rule.name == alert})
    assert sorted(re.findall(r"`(page|ticket)`", severity)) == severities
    listed = f"| {alert} | {', '.join(severities)} | [{page.name}]({page.name}) |"
    assert listed in (RUNBOOKS / "README.md").read_text().splitlines()


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.stem)
def test_what_a_page_says_to_type_is_a_command(page: Path) -> None:
    for line in list_commands(page):
        words = shlex.split(line, comments=True)[1:]
        check_command(line, words)


def check_command(line: str, words: list[str]) -> None:
    command = get_command(app)
    while isinstance(command, TyperGroup):
        known = command.commands.get(words.pop(0)) if words else None
        assert known is not None, line
        command = known
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.stem)
def test_the_sql_of_a_page_runs(page: Path, database: Database) -> None:
    for block in list_code_blocks(page, "sql"):
        with database.engine.connect() as connection:
            for statement in filter(None, map(str.strip, block.split(";"))):
                if statement not in ("BEGIN", "COMMIT"):
                    connection.execute(text(statement.replace(":", r"\:")))


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.stem)
def test_a_page_leads_to_pages_that_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.stem)
def test_a_page_names_settings_that_are_there(page: Path) -> None:
    known = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"DUBLINE_[A-Z_]+", page.read_text()))
    assert [name for name in named if name not in known] == []
