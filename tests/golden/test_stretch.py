"""Time-stretch, measured: events where they belong, the pitch where it was."""

import dataclasses

import numpy as np
import pytest

from dubbing.units import ms_to_frames
from resources.media.ffmpeg import Ffmpeg
from resources.media.stretching import stretch
from tests.support.audio import TAKE_RATE_HZ, make_clicks, make_tone, measure_rms_db

SPEEDS = [0.85, 0.95, 1.1, 1.2, 1.3]
LATEST_MS = {"rubberband": 8, "atempo": 18}
"""How far an event may be from where the speed puts it, ms. Measured: -6 to 7, and -4 to 17."""

FIRST_SOUND_MS = 8
"""The same of the first sound of a take. Left alone, ``atempo`` makes it 14 to 26 early."""


@pytest.fixture(params=list(LATEST_MS))
def stretcher(request: pytest.FixtureRequest, ffmpeg: Ffmpeg) -> tuple[str, Ffmpeg]:
    return request.param, dataclasses.replace(ffmpeg, has_rubberband=request.param == "rubberband")


@pytest.mark.parametrize("speed", SPEEDS)
def test_events_are_where_the_speed_puts_them(stretcher: tuple[str, Ffmpeg], speed: float):
    name, ffmpeg = stretcher
    at_ms = list(range(200, 5_800, 400))
    take = make_clicks(at_ms, 6_000, TAKE_RATE_HZ)
    stretched = np.abs(stretch(take, TAKE_RATE_HZ, ffmpeg, speed=speed, frames=round(len(take) / speed)))
    errors_ms = []
    for ms in at_ms:
        start = ms_to_frames(round(ms / speed) - 100, TAKE_RATE_HZ)
        near = stretched[max(0, start) : start + ms_to_frames(200, TAKE_RATE_HZ)]
        found = max(0, start) + np.flatnonzero(near > near.max() / 2)[0]
        errors_ms.append(found * 1000 / TAKE_RATE_HZ - ms / speed)
    print(f"{name} at {speed}: {min(errors_ms):.1f} to {max(errors_ms):.1f} ms")
    assert max(map(abs, errors_ms)) <= LATEST_MS[name]


@pytest.mark.parametrize("lead_ms", [20, 50, 200])
@pytest.mark.parametrize("speed", SPEEDS)
def test_the_first_sound_comes_when_the_speed_puts_it(stretcher: tuple[str, Ffmpeg], speed: float, lead_ms: int):
    _, ffmpeg = stretcher
    take = np.pad(make_tone(300, 900, TAKE_RATE_HZ), (ms_to_frames(lead_ms, TAKE_RATE_HZ), 0))
    stretched = np.abs(stretch(take, TAKE_RATE_HZ, ffmpeg, speed=speed, frames=round(len(take) / speed)))
    found_ms = np.flatnonzero(stretched > stretched.max() / 4)[0] * 1000 / TAKE_RATE_HZ
    assert found_ms == pytest.approx(lead_ms / speed, abs=FIRST_SOUND_MS)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_pitch_of_a_voice_stays(stretcher: tuple[str, Ffmpeg], speech: np.ndarray, speed: float):
    _, ffmpeg = stretcher
    stretched = stretch(speech, TAKE_RATE_HZ, ffmpeg, speed=speed, frames=round(len(speech) / speed))
    times_s = np.arange(0.1, len(speech) / TAKE_RATE_HZ - 0.1, 0.03)
    before = [find_pitch_hz(speech, time_s) for time_s in times_s]
    after = [find_pitch_hz(stretched, time_s / speed) for time_s in times_s]
    cents = [1200 * abs(np.log2(b / a)) for a, b in zip(before, after, strict=True) if a and b]
    print(f"median {np.median(cents):.1f} cents over {len(cents)} voiced moments")
    assert len(cents) > 60
    assert np.median(cents) < 25


def find_pitch_hz(samples: np.ndarray, time_s: float) -> float | None:
    """The pitch of a voice by autocorrelation over 40 ms; None where there is no voice."""
    middle, half = int(time_s * TAKE_RATE_HZ), TAKE_RATE_HZ // 50
    piece = samples[middle - half : middle + half]
    similarity = np.correlate(piece, piece, "full")[len(piece) - 1 :]
    lags = slice(TAKE_RATE_HZ // 400, TAKE_RATE_HZ // 70)
    lag = lags.start + int(np.argmax(similarity[lags]))
    is_voiced = similarity[0] > 0.1 and similarity[lag] > 0.7 * similarity[0]
    return TAKE_RATE_HZ / lag if is_voiced else None


@pytest.mark.parametrize("speed", SPEEDS)
def test_speech_keeps_its_shape(stretcher: tuple[str, Ffmpeg], speech: np.ndarray, speed: float):
    """The envelope of the stretched reading is the reading's own, stretched."""
    _, ffmpeg = stretcher
    stretched = stretch(speech, TAKE_RATE_HZ, ffmpeg, speed=speed, frames=round(len(speech) / speed))
    pieces = 400
    envelopes = [
        np.array([measure_rms_db(piece) for piece in np.array_split(samples, pieces)]).clip(-50)
        for samples in (speech, stretched)
    ]
    assert np.corrcoef(*envelopes)[0, 1] > 0.95
    assert np.mean(np.abs(envelopes[0] - envelopes[1])) < 2
