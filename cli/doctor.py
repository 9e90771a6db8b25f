"""`dubline doctor`: what this machine has, what it lacks, and the line that installs it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.doctor_vendors import examine_vendors
from cli.engines import ENGINE_SETTINGS
from cli.findings import Finding
from dubbing.errors import DubbingError
from resources.container import Container
from resources.database.embedded import find_install
from resources.local.apertium import INSTALL_LINE as INSTALL_APERTIUM
from resources.local.packages import INSTALL_LINE as INSTALL_LOCAL
from resources.local.packages import find_package_dir
from resources.settings import load_settings

LOW_DISK_BYTES = 2 * 1024**3
"""Below this a dub of an hour in some languages may not fit, bytes. Source: 48 kHz takes, tracks and mixes measured."""


def run_doctor() -> int:
    """Print every finding; 0 when nothing needed is missing, else 1."""
    findings: list[Finding] = []
    try:
        with Container(load_settings()) as container:
            findings = list(_examine(container))
    except DubbingError as error:
        findings = [Finding("settings", False, error.message, "correct the variable and try again")]
    console = Console()
    table = Table("", "what", "found", "to mend it")
    for finding in findings:
        mark = "[green]ok[/]" if finding.is_there else "[red]missing[/]" if finding.needed else "[yellow]absent[/]"
        table.add_row(mark, finding.name, finding.detail, finding.remedy)
    console.print(table)
    return 0 if all(finding.is_there for finding in findings if finding.needed) else 1


def _examine(container: Container) -> Iterator[Finding]:
    settings = container.settings
    yield Finding("Python", sys.version_info >= (3, 11), sys.version.split()[0], "")
    yield _find_folder("data folder", settings.data_dir)
    yield _find_folder("cache folder", settings.cache_dir)
    yield from _examine_ffmpeg(container)
    yield _examine_database(container)
    yield from examine_vendors(settings)
    if any(getattr(settings, engine) == "local" for engine in ENGINE_SETTINGS):
        yield from _examine_weights(container)
    if settings.translation_engine == "local":
        yield _examine_spanish(container)
    if settings.synthesis_engine == "local" or settings.elevenlabs_api_key is None:
        yield _examine_languages(container)


def _examine_languages(container: Container) -> Finding:
    """List what is on offer; with ElevenLabs, only asking it tells."""
    try:
        targets = {target: container.intake.get_quality(target) for target in container.intake.list_targets("en")}
    except DubbingError as error:
        return Finding("dubs from English", False, error.message, "mend what is missing above")
    offered = [tag if quality == "standard" else f"{tag} ({quality})" for tag, quality in targets.items()]
    return Finding("dubs from English", bool(offered), ", ".join(offered) or "none", "" if offered else INSTALL_LOCAL)


def _find_folder(name: str, folder: Path) -> Finding:
    """Look at the space below a folder that may not exist yet, without making it."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(existing).free
    detail = f"{folder}, {free / 1024**3:.1f} GiB free"
    return Finding(name, free >= LOW_DISK_BYTES, detail, "" if free >= LOW_DISK_BYTES else "free some space")


def _examine_ffmpeg(container: Container) -> Iterator[Finding]:
    try:
        ffmpeg = container.ffmpeg
    except DubbingError as error:
        yield Finding("ffmpeg", False, error.message, INSTALL_LOCAL)
        return
    banner = subprocess.run([ffmpeg.path, "-hide_banner", "-version"], capture_output=True, text=True, check=True)
    yield Finding("ffmpeg", True, f"{banner.stdout.split(' Copyright')[0]} ({ffmpeg.path})")
    yield Finding(
        "rubberband in ffmpeg",
        ffmpeg.has_rubberband,
        "keeps a voice's colour when it is sped up" if ffmpeg.has_rubberband else "atempo is used instead",
        "" if ffmpeg.has_rubberband else INSTALL_LOCAL,
        needed=False,
    )
    prober = "ffprobe" if ffmpeg.probe_path else "PyAV" if find_package_dir("av") else ""
    yield Finding("prober", bool(prober), prober or "neither ffprobe nor PyAV", "" if prober else INSTALL_LOCAL)


def _examine_database(container: Container) -> Finding:
    if container.settings.database_url is not None:
        return Finding("database", True, "the one that DUBLINE_DATABASE_URL names")
    try:
        return Finding("database", True, f"embedded Postgres ({find_install()})")
    except DubbingError as error:
        return Finding("database", False, error.message, INSTALL_LOCAL)


def _examine_weights(container: Container) -> Iterator[Finding]:
    checks = container.weights.verify_weights()
    sound = [check for check in checks if check.state == "ok"]
    yield Finding("model weights", len(sound) == len(checks), f"{len(sound)} of {len(checks)} files verified by sha256")
    for check in checks:
        if check.state != "ok":
            yield Finding(check.file, False, f"{check.state} in {check.source}", INSTALL_LOCAL)


def _examine_spanish(container: Container) -> Finding:
    spanish = "es" in container.translator.list_targets("en")
    detail = "apertium and its dictionaries" if spanish else "apertium or its dictionaries are not installed"
    return Finding("Spanish", spanish, detail, "" if spanish else INSTALL_APERTIUM, needed=False)
