"""What the forking code server leans on in Dagster, and what may be in the process that is forked."""

import subprocess
import sys

from dagster._grpc.server import DagsterApiServer

from sensors.code_server import PRELOADED, TRACING

PRELOAD = f"""
import threading
from importlib import import_module
for name in {(*PRELOADED, TRACING)!r}:
    import_module(name)
import sys
print(threading.active_count(), *(name for name in ("boto3", "supabase", "onnxruntime") if name in sys.modules))
"""


def test_dagster_makes_its_runs_with_the_attribute_that_is_replaced() -> None:
    assert "_mp_ctx" in DagsterApiServer.__init__.__code__.co_names
    assert "_mp_ctx" in DagsterApiServer.StartRun.__code__.co_names


def test_what_is_preloaded_starts_no_thread_and_loads_no_sdk() -> None:
    done = subprocess.run([sys.executable, "-c", PRELOAD], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
