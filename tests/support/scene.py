"""A scene as films have them: two people talk over music, in stereo, and each part of it is known."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.support.dialogue import Dialogue, record_dialogue

RATE_HZ = 44_100
MUSIC_GAIN = 0.07
CHORDS_HZ = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9))
CHORD_S = 2.0
BEAT_S = 0.5


@dataclass(frozen=True)
class Scene:
    """A recording and what it was made of.

    Attributes:
        music: of the whole recording, shape (frames, 2).
    """

    file: Path
    dialogue: Dialogue
    music: NDArray[np.float32]

    @property
    def spans_ms(self) -> list[tuple[int, int]]:
        """When somebody speaks: runs of words of one speaker."""
        spans: list[tuple[int, int]] = []
        for word in self.dialogue.words:
            if spans and word.start_ms - spans[-1][1] < 200:
                spans[-1] = (spans[-1][0], word.end_ms)
            else:
                spans.append((word.start_ms, word.end_ms))
        return spans


def record_scene(file: Path) -> Scene:
    """Put the dialogue in the middle of a stereo picture with music at both sides, as a 44.1 kHz WAV."""
    dialogue = record_dialogue(file.with_suffix(".dialogue.wav"))
    with wave.open(str(dialogue.file), "rb") as source:
        speech = np.frombuffer(source.readframes(source.getnframes()), dtype="<i2").astype(np.float32) / 32768
        speech_rate_hz = source.getframerate()
    times_s = np.arange(len(speech) * RATE_HZ // speech_rate_hz) / RATE_HZ
    voice = np.interp(times_s, np.arange(len(speech)) / speech_rate_hz, speech).astype(np.float32)
    music = play_music(len(voice))
    mix = np.clip(music + 0.8 * voice[:, np.newaxis], -1, 1)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.round(mix * 32767).astype("<i2").tobytes())
    return Scene(file, dialogue, music)


def play_music(frames: int) -> NDArray[np.float32]:
    """Play chords that change every two seconds and a plucked note on every beat; not the same left and right."""
    times_s = np.arange(frames) / RATE_HZ
    music = np.zeros((frames, 2))
    for number, start_s in enumerate(np.arange(0, frames / RATE_HZ, CHORD_S)):
        within = (times_s >= start_s) & (times_s < start_s + CHORD_S)
        here_s = times_s[within] - start_s
        swell = np.sin(np.pi * here_s / CHORD_S) ** 0.5
        for place, pitch_hz in enumerate(CHORDS_HZ[number % len(CHORDS_HZ)]):
            tone = swell * np.sin(2 * np.pi * pitch_hz * here_s)
            music[within] += tone[:, np.newaxis] * ((0.6, 0.4), (0.5, 0.5), (0.4, 0.6))[place]
    for number, start_s in enumerate(np.arange(0, frames / RATE_HZ, BEAT_S)):
        within = times_s >= start_s
        here_s = times_s[within] - start_s
        pluck = np.exp(-6 * here_s) * np.sin(2 * np.pi * 880 * (1 + number % 3 / 8) * here_s)
        music[within] += pluck[:, np.newaxis] * ((0.9, 0.3) if number % 2 else (0.3, 0.9))
    return (MUSIC_GAIN * music).astype(np.float32)
