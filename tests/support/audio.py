"""Test signals, recordings in every container, and files that mean harm."""

import struct
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubbing.engines import Samples
from dubbing.units import db_to_gain, ms_to_frames
from resources.media.ffmpeg import Ffmpeg, name_file

FloatArray = NDArray[np.float32]

TAKE_RATE_HZ = 24_000
"""The rate of synthesised takes in tests, Hz: Kokoro's."""

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6300010000000500010d0a2db4"
    "0000000049454e44ae426082"
)
JPEG_HEAD = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300")


def make_tone(hz: float, duration_ms: int, rate_hz: int, *, peak_dbfs: float = -12.0) -> Samples:
    """A sine."""
    time_s = np.arange(ms_to_frames(duration_ms, rate_hz)) / rate_hz
    return (db_to_gain(peak_dbfs) * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def make_noise(duration_ms: int, rate_hz: int, *, rms_dbfs: float = -30.0, seed: int = 0) -> Samples:
    """White noise, the same for the same seed."""
    frames = ms_to_frames(duration_ms, rate_hz)
    return (db_to_gain(rms_dbfs) * np.random.default_rng(seed).normal(size=frames)).astype(np.float32)


def make_clicks(at_ms: list[int], duration_ms: int, rate_hz: int) -> Samples:
    """Short bursts of 2 kHz that begin at known times, in silence."""
    samples = np.zeros(ms_to_frames(duration_ms, rate_hz), dtype=np.float32)
    burst = make_tone(2000, 30, rate_hz, peak_dbfs=-6)
    for ms in at_ms:
        start = ms_to_frames(ms, rate_hz)
        samples[start : start + len(burst)] = burst
    return samples


def measure_rms_db(samples: NDArray[np.floating]) -> float:
    """Root mean square, dBFS."""
    return 20 * float(np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-12))


def encode(ffmpeg: Ffmpeg, samples: FloatArray, rate_hz: int, out: Path, *options: str) -> Path:
    """Write samples, shape (frames,) or (frames, channels), as ffmpeg writes such a file."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    layout = ["-f", "f32le", "-ar", str(rate_hz), "-ac", str(channels), "-i", "pipe:0"]
    run_tool(ffmpeg, [*layout, *options, name_file(out)], samples.astype("<f4").tobytes())
    return out


def run_tool(ffmpeg: Ffmpeg, arguments: list[str], data: bytes = b"") -> None:
    """Run ffmpeg as anybody would, without the product's care."""
    subprocess.run([str(ffmpeg.path), "-v", "error", "-y", *arguments], input=data, check=True)


def build_wav(data: bytes, *, rate_hz: int = 8000, declared_bytes: int | None = None) -> bytes:
    """16-bit mono WAV, whose header may lie about its length."""
    size = len(data) if declared_bytes is None else declared_bytes
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", min(size + 36, 0xFFFFFFFF))
        + b"WAVE"
        + form
        + b"data"
        + struct.pack("<I", size)
        + data
    )


def build_playlists(target: str) -> dict[str, bytes]:
    """Every kind of file that makes a careless player open ``target``, an address or a path."""
    texts = {
        "hls.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
        "hls with a mark.m3u8": f"\ufeff#EXTM3U\n#EXTINF:10,\n{target}\n",
        "hls in disguise.mp3": f"\r\n  #EXTM3U\n#EXTINF:10,\n{target}\n",
        "concat.txt": f"ffconcat version 1.0\nfile '{target}'\n",
        "concat without its head.wav": f"file '{target}'\n",
        "session.sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\na={target}\n",
        "list.pls": f"[playlist]\nFile1={target}\nNumberOfEntries=1\n",
        "list.asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
        "reference.mov": f"[Reference]\nRef1={target}\n",
        "manifest.mpd": (
            '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
            f"<Period><AdaptationSet><Representation><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
        ),
        "show.smil": f'<smil><body><audio src="{target}"/></body></smil>',
        "rtsp.mov": f"RTSPtext\n{target}\n",
    }
    if "://" in target:
        texts["plain.m3u"] = f"{target}\n"
    return {name: text.encode() for name, text in texts.items()}


def build_box(kind: bytes, *parts: bytes) -> bytes:
    """A QuickTime box."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def put_sound_outside(movie: bytes, target: str) -> bytes:
    """Change a film with its index in front so that its sound is said to be elsewhere."""
    start = movie.index(b"dref") - 4
    (size,) = struct.unpack_from(">I", movie, start)
    entry = build_box(b"url ", b"\0\0\0\0", target.encode() + b"\0")
    changed = build_box(b"dref", struct.pack(">II", 0, 1), entry)
    movie = movie[:start] + changed + movie[start + size :]
    for kind in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        at = movie.index(kind) - 4
        (length,) = struct.unpack_from(">I", movie, at)
        movie = movie[:at] + struct.pack(">I", length + len(changed) - size) + movie[at + 4 :]
    return movie
