"""The log of a command: warnings and worse on standard error, beside what the command itself has to say."""

import typer

from dubbing.errors import SettingsError
from resources.settings import Settings, load_settings
from resources.telemetry.logs import saying, set_up_logs

QUIET = "warning"
"""Least important level that a command logs, unless a level is set."""


def speak_as(context: typer.Context) -> None:
    """Set up the log for a command, whose name each line says; what is wrong with the settings it tells itself."""
    try:
        settings = load_settings()
    except SettingsError:
        return
    set_up_logs(settings, "cli", level=settings.log_level if has_level(settings) else QUIET)
    context.with_resource(saying(command=context.invoked_subcommand))


def has_level(settings: Settings) -> bool:
    """Whether somebody wants to see the log."""
    return "log_level" in settings.model_fields_set
