"""What Dagster would print, as lines of our log.

Dagster gives its processes, the loggers of its runs and those of its sensors handlers of their own, which print the
messages of errors, and so what customers said. Two functions of Dagster do that, and both are private. They are pinned
with its release; a contract test says when they are not what they were. What Dagster keeps for its own pages stays as
it is.
"""

import logging
from copy import copy

from dagster import _loggers
from dagster._core.definitions import instigation_logger
from dagster._core.log_manager import LOG_RECORD_METADATA_ATTR
from dagster._core.utils import coerce_valid_log_level
from dagster._utils import log

PRINTS = "create_console_logger"
"""Name of the function that builds what prints, where it is defined and where it was taken to."""


class _Console(logging.Logger):
    """Hands on to the log of the process."""

    def __init__(self, name: str, level: str | int) -> None:
        super().__init__(name, coerce_valid_log_level(level))
        self.parent = logging.getLogger()

    def handle(self, record: logging.LogRecord) -> None:
        """Hand on what was said, without the names of job, run and step, which each line of ours has as fields."""
        plain = copy(record)  # the same record goes to Dagster's own storage
        said = getattr(record, LOG_RECORD_METADATA_ATTR, {}).get("orig_message")
        if said is not None:
            plain.msg, plain.args = said, ()
        super().handle(plain)


def log_as_we_do() -> None:
    """Let Dagster of this process write into the log that `set_up_logs` has set up.

    To be called before Dagster's commands are imported: each takes the functions as they are then.
    """
    log.configure_loggers = _leave_alone
    for module in (log, _loggers, instigation_logger):
        setattr(module, PRINTS, _Console)


def _leave_alone(*_: object, **__: object) -> None:
    """Nothing is left to set up."""
