"""Reading a finished voice track back: its levels, and some of its lines cut out to be recognised again."""

import wave
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from dubbing.engines import Samples
from dubbing.envelope import RATE_HZ, Envelope, build_envelope
from dubbing.hearing import Cut
from dubbing.units import ms_to_frames
from resources.media.decoding import SPEECH_BLOCK_FRAMES, decode_blocks
from resources.media.ffmpeg import Ffmpeg
from resources.media.wav import FULL_SCALE

TRACK_CHANNELS = 2
"""Voice and key; see `resources.media.voice_track`."""


def read_voice(track: Path, ffmpeg: Ffmpeg, cuts: Sequence[Cut], out: Path) -> Envelope:
    """Decode a voice track once, for its levels and its cuts; neither is held whole.

    Args:
        cuts: in order, not overlapping; written one after the other as `Cut.at_ms` says.
        out: becomes a mono WAV at `RATE_HZ` with silence around each cut; empty without cuts.

    Raises:
        MediaError, InputError: the track cannot be decoded.
    """
    blocks = decode_blocks(track, ffmpeg, rate_hz=RATE_HZ, channels=TRACK_CHANNELS, block_frames=SPEECH_BLOCK_FRAMES)
    with closing(blocks), wave.open(str(out), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        return build_envelope(_tap(blocks, cuts, wav))


def _tap(blocks: Generator[Samples, None, None], cuts: Sequence[Cut], wav: wave.Wave_write) -> Iterator[Samples]:
    """Pass the voice on, and write on the way what lies within cuts."""
    left = list(reversed(cuts))
    at_frames = 0
    for block in blocks:
        voice = block[:, 0]
        until_frames = at_frames + len(voice)
        while left and ms_to_frames(left[-1].start_ms, RATE_HZ) < until_frames:
            start, end = (ms_to_frames(ms, RATE_HZ) for ms in (left[-1].start_ms, left[-1].end_ms))
            if start >= at_frames:
                _write(wav, np.zeros(ms_to_frames(left[-1].at_ms, RATE_HZ) - wav.getnframes(), np.float32))
            _write(wav, voice[max(0, start - at_frames) : end - at_frames])
            if end > until_frames:
                break
            left.pop()
        yield voice
        at_frames = until_frames
    if cuts:
        _write(wav, np.zeros(ms_to_frames(cuts[0].at_ms, RATE_HZ), np.float32))


def _write(wav: wave.Wave_write, samples: Samples) -> None:
    wav.writeframes(np.round(np.clip(samples, -1.0, 1.0) * FULL_SCALE).astype("<i2").tobytes())
