"""The ffmpeg of this machine."""

import pytest

from resources.media.ffmpeg import Ffmpeg, find_ffmpeg


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return find_ffmpeg()
