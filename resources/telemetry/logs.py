"""Log lines: JSON for machines, text for people, each with what the work at hand is about.

`set_up_logs` is called once at the start of a process. What may stand in a line is decided in `redaction.py`, for the
lines of libraries as for ours.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter

from resources.settings import Settings
from resources.telemetry.log_fields import FIELDS
from resources.telemetry.redaction import (
    build_scrubber,
    clean_fields,
    clean_message,
    describe_error,
    find_frames,
    forget_errors,
    list_secrets,
)

__all__ = ["FIELDS", "build_line_maker", "saying", "set_up_logs", "writes_text"]

ROOMS = ("api", "benchmarks", "cli", "dub_assets", "dubbing", "dubline", "resources", "schedules", "sensors")
"""First words of our own loggers; the setting decides how much they say."""

CHATTY = {"dagster": logging.INFO, "dagster-webserver": logging.WARNING}
"""Libraries whose lines of lesser importance are worth reading. Those of all others begin at warnings: below, they
write down what they send, keys and customers' words and all."""

MONOTONOUS = ("dagster.daemon.SensorDaemon",)
"""Loggers of chatty libraries that say every few seconds that nothing was to do."""

OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "dagster", "dagster-webserver")
"""Loggers of libraries that bring handlers of their own, which would write past ours: whole addresses, for one."""

BROKEN = "log.line_broken"
"""Said in place of a line that could not be written."""

logger = structlog.stdlib.get_logger()

structlog.configure(
    processors=[structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)


@contextmanager
def saying(**fields: str | int | None) -> Iterator[None]:
    """Say these with every line of the block, in this thread and those that work for it.

    Args:
        fields: of `FIELDS`; one that is None is left out.
    """
    with structlog.contextvars.bound_contextvars(
        **{name: value for name, value in fields.items() if value is not None}
    ):
        yield


def set_up_logs(settings: Settings, service: str, stream: TextIO | None = None, *, level: str | None = None) -> None:
    """Write the log of this process as the settings say; once more replaces what was set up before.

    Args:
        service: what the process is, as `service` in each line.
        stream: where to write; standard error, whatever that is at the moment, where not given.
        level: least important level that is written, in place of the settings'.
    """
    least = logging.getLevelName((level or settings.log_level).upper())
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Lines)]:
        root.removeHandler(handler)
    root.addHandler(_Lines(_build_formatter(settings, service, stream or sys.stderr), stream, least))
    root.setLevel(max(least, logging.WARNING))
    for room in ROOMS:
        logging.getLogger(room).setLevel(least)
    for name in OWN_HANDLERS:
        brought = logging.getLogger(name)
        brought.handlers.clear()
        brought.propagate = True
    for name, chatty in CHATTY.items():
        logging.getLogger(name).setLevel(max(least, chatty))
    logging.captureWarnings(True)
    sys.excepthook = _log_crash
    sys.unraisablehook = _log_ignored
    threading.excepthook = _log_crash_of_thread


class _Lines(logging.StreamHandler[TextIO]):
    """Writes the lines that are wanted."""

    def __init__(self, formatter: logging.Formatter, stream: TextIO | None, least: int) -> None:
        super().__init__(stream)
        self._is_standard_error = stream is None
        self._least = least
        self.setFormatter(formatter)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is wanted; again here, because Dagster lowers the levels of its loggers in every run."""
        return record.levelno >= _find_least(record.name, self._least) and bool(super().filter(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, where standard error is at the moment: a progress display takes its place for a while."""
        if self._is_standard_error:
            self.stream = sys.stderr
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the library's
        """Say of a line that cannot be written where it was to be said; the library would write what it held."""
        if record.msg != BROKEN:
            where = logging.LogRecord(record.name, logging.ERROR, record.pathname, record.lineno, BROKEN, None, None)
            self.emit(where)


def _find_least(name: str, least: int) -> int:
    room = name.partition(".")[0]
    if room in ROOMS:
        return least
    return max(least, logging.WARNING if name in MONOTONOUS else CHATTY.get(room, logging.WARNING))


def writes_text(settings: Settings, stream: TextIO) -> bool:
    """Whether lines are for people to read."""
    return settings.log_format == "text" or (settings.log_format == "auto" and stream.isatty())


def build_line_maker(settings: Settings) -> Callable[..., str]:
    """Build what makes a JSON line of what another process wrote past its log, or of what is said of it.

    It takes the name of the service, what was written, and fields.
    """
    scrub = build_scrubber(list_secrets(settings))

    def make_line(service: str, message: str, **fields: str) -> str:
        record = logging.LogRecord(service, logging.INFO, __file__, 0, message, None, None)
        said = {"_record": record, "_from_structlog": True, "event": message, **fields}
        return _render_json(None, "info", _build_line(service, scrub, None, "info", said))

    return make_line


def _build_formatter(settings: Settings, service: str, stream: TextIO) -> ProcessorFormatter:
    line = partial(_build_line, service, build_scrubber(list_secrets(settings)))
    render = _render_text if writes_text(settings, stream) else _render_json
    return ProcessorFormatter(processors=[line, render])


def _build_line(service: str, scrub: Callable[[str], str], _logger: object, _method: str, said: Any) -> dict[str, Any]:
    """Make of what was said, by us or by a library, what may be written."""
    record: logging.LogRecord = said.pop("_record")
    said.pop("_from_structlog")
    message, error = str(said.pop("event", "")), _find_error(said.pop("exc_info", None))
    fields = clean_fields({**structlog.contextvars.get_contextvars(), **said}, scrub)
    message = forget_errors(message, error)
    frames = find_frames(message) if error is None else []
    told = describe_error(error) if error is not None else [{"frames": frames}] if frames else None
    return {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "service": service,
        "logger": record.name,
        "event": clean_message(message, scrub),
        **fields,
        **_find_span(),
        **({"exception": told} if told else {}),
    }


def _find_error(given: Any) -> BaseException | None:
    """Find the error in what a logger was given as ``exc_info``."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if len(given) == 3 and isinstance(given[1], BaseException) else None
    return sys.exception() if given else None


def _find_span() -> dict[str, str]:
    """Find the span that is open here; nothing is imported for that."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    context = trace.get_current_span().get_span_context()
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"} if context.is_valid else {}


def _render_json(_logger: object, _method: str, line: Any) -> str:
    return json.dumps(line)


def _render_text(_logger: object, _method: str, line: Any) -> str:
    """Lay a line out for people: the time of the day, in UTC, and what it is about behind what it says."""
    time, level, service, _, event = (line.pop(name) for name in ("timestamp", "level", "service", "logger", "event"))
    told = line.pop("exception", ())
    said = " ".join([f"{time[11:23]} {level:7} {service:6} {event}", *(f"{key}={line[key]}" for key in line)])
    return "\n".join([said, *(place for link in told for place in _lay_out(link))])


def _lay_out(link: dict[str, Any]) -> list[str]:
    head = " ".join(filter(None, [link.get("type"), link.get("code") and f"[{link['code']}]"]))
    return [f"    {head or 'at'}", *(f"      {frame}" for frame in link["frames"])]


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log what nobody caught, in place of Python, which would write what it says."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logger.critical("process.crashed", exc_info=error.with_traceback(trace))


def _log_ignored(ignored: "sys.UnraisableHookArgs") -> None:
    """Log what nobody could have caught: what broke while something was tidied away."""
    if ignored.exc_value is not None:
        logger.error("error.ignored", exc_info=ignored.exc_value)


def _log_crash_of_thread(crashed: threading.ExceptHookArgs) -> None:
    if crashed.exc_value is not None and not issubclass(crashed.exc_type, SystemExit):
        logger.critical("thread.crashed", exc_info=crashed.exc_value)
