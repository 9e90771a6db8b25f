"""A stand-in for ffprobe, where only the PyAV package is installed: run as a program of its own.

It is started by path, so that a hostile header can crash or exhaust this process and not ours; for the same reason
it imports nothing of ours. It prints what ``ffprobe -print_format json`` would.

Usage: python av_probe.py OPTIONS_AS_JSON URL
"""

import json
import resource
import sys
from typing import Any

MEMORY_LIMIT_BYTES = 2 * 1024**3
CPU_LIMIT_S = 30
MICROSECONDS = 1_000_000


def main() -> int:
    """Print the facts of the header; the exit code is 1 where the file is not readable."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
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
    attached = bool(stream.disposition & av.stream.Disposition.attached_pic)
    facts: dict[str, Any] = {"codec_type": stream.type, "disposition": {"attached_pic": int(attached)}}
    if stream.type == "audio" and decoder is not None:
        facts |= {
            "codec_name": decoder.codec.canonical_name,
            "sample_rate": decoder.sample_rate,
            "channels": decoder.channels,
        }
    if stream.duration is not None:
        facts["duration"] = float(stream.duration * stream.time_base)
    if "DURATION" in stream.metadata:
        facts["tags"] = {"DURATION": stream.metadata["DURATION"]}
    return facts


if __name__ == "__main__":
    sys.exit(main())
