"""The emulator as a process: ``python -m tests.support.supabase_storage --folder DIR [--port N]``.

Its first line on standard output is JSON with ``url``, ``secret_key`` and ``bucket``. Faults and time are set over
HTTP: ``POST /_emulator/faults {"kind": "status", "times": 2, "path": "/object/sign/"}``,
``POST /_emulator/clock {"seconds": 7200}``.
"""

import argparse
import logging
from pathlib import Path

from tests.support.supabase_storage.server import SupabaseStorage


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--secret-key")
    parser.add_argument("--bucket", default="dubline")
    chosen = parser.parse_args()
    emulator = SupabaseStorage(chosen.folder, port=chosen.port, secret_key=chosen.secret_key, bucket=chosen.bucket)
    print(emulator.describe(), flush=True)
    # A fault that was asked for is no news.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
    emulator.run()


if __name__ == "__main__":
    main()
