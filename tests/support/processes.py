"""Our own children, for tests that nothing is left running."""

import psutil


def list_ffmpeg() -> list[psutil.Process]:
    """Every ffmpeg that this process has started, and theirs; servers that other tests share are none."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if child.is_running() and "ffmpeg" in child.name()]
