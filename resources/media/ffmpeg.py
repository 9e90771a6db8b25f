"""Finding ffmpeg and running it: the only place that starts one.

A child never outlives us: it is killed and reaped however the block is left, and the kernel kills it when we are
killed ourselves. What ffmpeg says may quote customers' file names and tags, so it is read here and never shown.
"""

import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from threading import Thread
from typing import IO, cast

from dubbing.errors import DiskFullError, DubbingError, MediaError, ToolMissingError
from resources.leash import find_leash

INSTALL_HINT = "install it with `apt-get install ffmpeg` or `pip install imageio-ffmpeg`"

MAX_ALLOCATION_BYTES = 128 * 1024 * 1024
"""Largest block ffmpeg may allocate, bytes. A gap of hours in the timestamps would be filled in memory otherwise;
long recordings need far less (the index of a 24-hour film is about 100 MB)."""

ANSWER_TIMEOUT_S = 30
"""Time for ffmpeg to name its version and filters, seconds; a cold disk takes a few."""

REPORT_BYTES = 65_536
"""How much of the end of ffmpeg's report is kept, bytes. A hostile file can make it complain for gigabytes."""

_DISK_FULL = ("No space left on device", "Disk quota exceeded", "File too large")

_KNOWN_REASONS = (
    "Cannot allocate memory",
    "Invalid data found when processing input",
    "Permission denied",
    "No such file or directory",
    "Protocol not on whitelist",
    "Conversion failed",
)
"""ffmpeg's own sentences that may be repeated: they quote nothing of the customer's."""


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """An ffmpeg that works on this machine.

    Attributes:
        probe_path: the ffprobe that came with it, if any.
        has_rubberband: built with the better time-stretch.
    """

    path: Path
    probe_path: Path | None
    has_rubberband: bool


_RUNNING: set[subprocess.Popen[bytes]] = set()


class RunningFfmpeg:
    """An ffmpeg at work, within the block of `start_ffmpeg`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._tail = b""
        stderr, process.stderr = process.stderr, None  # so that `communicate` leaves it to the thread
        self._reader = Thread(target=self._read_report, args=(stderr,), daemon=True)
        self._reader.start()

    @property
    def stdin(self) -> IO[bytes]:
        """Where ffmpeg reads ``pipe:0``; only if asked for."""
        return cast(IO[bytes], self._process.stdin)

    @property
    def stdout(self) -> IO[bytes]:
        """Where ffmpeg writes ``pipe:1``; only if asked for, and then read it to its end."""
        return cast(IO[bytes], self._process.stdout)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def report(self) -> str:
        """The end of what ffmpeg said; complete after the block. May quote the customer."""
        return self._tail.decode(errors="replace")

    def exchange(self, data: bytes) -> bytes:
        """Give all input at once and return all output."""
        answer, _ = self._process.communicate(data)
        return answer

    def _finish(self) -> int:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        return self._process.wait()

    def _stop(self) -> None:
        self._process.kill()
        self._finish()
        self._reader.join()

    def _read_report(self, stderr: BufferedReader) -> None:
        with stderr:
            while chunk := stderr.read1(REPORT_BYTES):
                self._tail = (self._tail + chunk)[-REPORT_BYTES:]


@lru_cache
def find_ffmpeg(override: Path | None = None) -> Ffmpeg:
    """Find an ffmpeg that runs: the one given, else the system's, else the imageio-ffmpeg package's.

    Raises:
        ToolMissingError: none runs; the message says how to install one.
    """
    if override is not None:
        found = _try_ffmpeg(override)
        if found is None:
            raise ToolMissingError(f"The ffmpeg named in the settings does not run; correct it, or {INSTALL_HINT}.")
        return found
    for candidate in _list_candidates():
        if (found := _try_ffmpeg(candidate)) is not None:
            return found
    raise ToolMissingError(f"ffmpeg is not installed; {INSTALL_HINT}.")


@contextmanager
def start_ffmpeg(
    ffmpeg: Ffmpeg,
    arguments: Sequence[str],
    *,
    purpose: str,
    stdin: bool = False,
    stdout: bool = False,
    log_level: str = "error",
) -> Iterator[RunningFfmpeg]:
    """Run ffmpeg for as long as the block lasts, and wait for its end.

    Start it from the thread that lives as long as the work: the kernel kills the child when that thread ends.

    Args:
        arguments: after the general options; inputs, graph, outputs.
        purpose: completes "could not …" in the error; no customer text.
        log_level: "info" where the summary of a filter is to be read from the report.

    Raises:
        DiskFullError: ffmpeg had no space to write.
        MediaError: ffmpeg failed otherwise.
    """
    command = [*find_leash("KILL"), str(ffmpeg.path), *_build_general_options(log_level), *arguments]
    # A session of its own: Ctrl-C at a terminal reaches us alone, and we stop what has to stop.
    process = subprocess.Popen(
        command,
        start_new_session=True,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    running = RunningFfmpeg(process)
    _RUNNING.add(process)
    stopped_reading = False
    try:
        try:
            yield running
        except BrokenPipeError:
            stopped_reading = True  # the exit code says why
        exit_code = running._finish()
    finally:
        running._stop()
        _RUNNING.discard(process)
    # ffmpeg 5.1 ends with 0 when the last bytes of a file do not fit.
    if exit_code or stopped_reading or _is_disk_full(running.report, exit_code):
        raise _explain(running.report, exit_code, purpose)


def stop_running_ffmpeg() -> None:
    """Kill every ffmpeg that other threads wait for; their blocks then end with an error."""
    for process in tuple(_RUNNING):
        process.kill()


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """Give a name beside ``out`` to write to; it becomes ``out`` if the block succeeds and is removed if not."""
    part = out.with_name(f".{secrets.token_hex(8)}.part")
    try:
        yield part
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def name_file(path: Path) -> str:
    """Name a file so that ffmpeg takes it for nothing else, whatever characters it holds."""
    return f"file:{path.absolute()}"


def _build_general_options(log_level: str) -> list[str]:
    limits = ["-max_alloc", str(MAX_ALLOCATION_BYTES)]
    return ["-nostdin", "-y", "-hide_banner", "-nostats", "-loglevel", log_level, *limits]


def _list_candidates() -> Iterator[Path]:
    if (system := shutil.which("ffmpeg")) is not None:
        yield Path(system)
    try:
        import imageio_ffmpeg
    except ImportError:
        return
    with suppress(RuntimeError):
        yield Path(imageio_ffmpeg.get_ffmpeg_exe())


def _try_ffmpeg(path: Path) -> Ffmpeg | None:
    filters = _ask(path, "-filters")
    if filters is None:
        return None
    probe = path.with_name("ffprobe")
    return Ffmpeg(
        path=path,
        probe_path=probe if _ask(probe, "-version") is not None else None,
        has_rubberband=re.search(r"^\s*\S+ rubberband ", filters, re.MULTILINE) is not None,
    )


def _ask(program: Path, question: str) -> str | None:
    command = [str(program), "-hide_banner", question]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=ANSWER_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode(errors="replace")


def _is_disk_full(report: str, exit_code: int) -> bool:
    return exit_code == -signal.SIGXFSZ or any(words in report for words in _DISK_FULL)


def _explain(report: str, exit_code: int, purpose: str) -> DubbingError:
    if _is_disk_full(report, exit_code):
        return DiskFullError(f"The disk is full: could not {purpose}. Make room and start again.")
    reason = next((words for words in _KNOWN_REASONS if words in report), f"exit code {exit_code}")
    return MediaError(f"ffmpeg could not {purpose} ({reason}).")
