"""A stand-in for ffprobe, where only the PyAV package is installed: run as a program of its own.

It is started by path, under the limits of `confined`, so that a hostile header can crash or exhaust this process and
not ours; for the same reason it imports nothing of ours. It prints what ``ffprobe -print_format json`` would.

Usage: python av_probe.py OPTIONS_AS_JSON URL
"""

import json
import sys
from typing import Any

MICROSECONDS = 1_000_000

TAG_CHARS = 64
"""Where tags are cut; a length as writers put it there takes 18 characters, hostile tags are megabytes long."""

PURPOSES = ("attached_pic", "default")
"""What a stream may be for, of all that we ask for."""


def main() -> int:
    """Print the facts of the header; the exit code is 1 where the file is not readable."""
    import av

    options, url = json.loads(sys.argv[1]), sys.argv[2]
    try:
        with av.open(url, container_options=options, metadata_errors="replace") as container:
            length = container.duration
            facts = {
                "format": {} if length is None else {"duration": length / MICROSECONDS},
                "streams": [_describe(stream) for stream in container.streams],
            }
    except (av.FFmpegError, MemoryError):
        return 1
    json.dump(facts, sys.stdout)
    return 0


def _describe(stream: Any) -> dict[str, Any]:
    import av.stream

    decoder = stream.codec_context
    purposes = {name: int(bool(stream.disposition & av.stream.Disposition[name])) for name in PURPOSES}
    facts: dict[str, Any] = {"codec_type": stream.type, "disposition": purposes}
    if stream.type == "audio" and decoder is not None:
        facts |= {
            "codec_name": decoder.codec.canonical_name,
            "sample_rate": decoder.sample_rate,
            "channels": decoder.channels,
        }
    if stream.type == "video" and decoder is not None:
        facts |= {"width": decoder.width, "height": decoder.height}
    if stream.duration is not None:
        facts["duration"] = float(stream.duration * stream.time_base)
    if "DURATION" in stream.metadata:
        facts["tags"] = {"DURATION": stream.metadata["DURATION"][:TAG_CHARS]}
    return facts


if __name__ == "__main__":
    sys.exit(main())
