"""What Dagster prints with, as it was when `dub_assets.console` was written."""

import inspect
import io
import logging
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster import _loggers
from dagster._cli import api
from dagster._core.definitions import instigation_logger
from dagster._daemon import controller
from dagster._utils import log
from dagster_webserver import cli as web_server

from dub_assets.console import PRINTS, log_as_we_do


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What reaches the log of the process; Dagster is put back afterwards."""
    monkeypatch.setattr(log, "configure_loggers", log.configure_loggers)
    for module in (log, _loggers, instigation_logger):
        monkeypatch.setattr(module, PRINTS, getattr(module, PRINTS))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    log_as_we_do()
    yield stream
    logging.getLogger().removeHandler(handler)


def test_dagster_sets_its_log_up_and_prints_with_the_functions_that_are_replaced() -> None:
    for command in (api, controller, web_server):
        assert callable(command.configure_loggers)
    for module in (log, _loggers, instigation_logger):
        assert list(inspect.signature(getattr(module, PRINTS)).parameters) == ["name", "level"]


def test_what_a_run_says_reaches_the_log_once_and_as_it_was_said(
    printed: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    @dg.op
    def say(context: dg.OpExecutionContext) -> None:
        context.log.warning("Line %d is lost", 3)

    @dg.job
    def line() -> None:
        say()

    assert line.execute_in_process().success
    assert printed.getvalue().splitlines().count("Line 3 is lost") == 1
    assert capfd.readouterr().err == ""


def test_what_a_sensor_says_reaches_the_log_once_and_as_it_was_said(
    printed: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with instigation_logger.InstigationLogger(repository_name="r", instigator_name="money") as logger:
        logger.info("run %s is given up", "x")
    assert printed.getvalue() == "run x is given up\n"
    assert capfd.readouterr().err == ""
