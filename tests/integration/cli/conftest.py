"""Commands that run in this process, on a database and a data folder of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from resources.container import Container
from resources.database.embedded import PostgresAddress
from resources.settings import load_settings
from tests.support.postgres import fresh_database

Command = Callable[..., Result]


@pytest.fixture
def dubline(
    postgres: PostgresAddress, product_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Command]:
    with fresh_database(postgres, product_template) as name:
        url = postgres.url(name, driver="postgresql")
        for variable, value in {
            "DUBLINE_DATABASE_URL": url,
            "DUBLINE_DAGSTER_DATABASE_URL": url,
            "DUBLINE_DATA_DIR": str(tmp_path),
            "COLUMNS": "300",
        }.items():
            monkeypatch.setenv(variable, value)
        yield lambda *arguments, **more: CliRunner().invoke(app, list(map(str, arguments)), **more)


@pytest.fixture
def container(dubline: Command) -> Iterator[Container]:
    """What the commands work on."""
    with Container(load_settings()) as container:
        yield container
