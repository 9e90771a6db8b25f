"""The ffmpeg of this machine, and a real reading."""

from pathlib import Path

import numpy as np
import pytest

from resources.media.ffmpeg import Ffmpeg, find_ffmpeg
from resources.media.filtering import resample
from resources.media.wav import read_wav
from tests.support.audio import TAKE_RATE_HZ


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return find_ffmpeg()


@pytest.fixture(scope="session")
def speech(ffmpeg: Ffmpeg, samples: Path) -> np.ndarray:
    """28 seconds of a real reading at the rate of a synthesiser."""
    recording, rate_hz = read_wav(samples / "sense_and_sensibility.wav")
    return resample(recording, rate_hz, TAKE_RATE_HZ, ffmpeg)
