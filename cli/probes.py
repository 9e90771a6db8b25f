"""Whether a service does its work: each asks once, and answers False for everything that goes wrong."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx

TIMEOUT_S = 2.0
"""How long one question may take, seconds."""

CODE_SERVICE = "DagsterApi"
"""Name under which a code server reports its health. Source: dagster/_grpc/server.py."""

HEARTBEATS = "{ instance { daemonHealth { allDaemonStatuses { required lastHeartbeatTime } } } }"


def probe_http(url: str) -> Callable[[], bool]:
    """A probe of an address that answers 200 when all is well."""

    def is_answering() -> bool:
        try:
            # Our own address: a proxy that the environment names has no business here.
            return httpx.get(url, timeout=TIMEOUT_S, trust_env=False).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    return is_answering


def probe_code_server(socket: Path) -> Callable[[], bool]:
    """A probe of a code server; it reports its health once it has loaded the definitions."""

    def is_serving() -> bool:
        import grpc  # type: ignore[import-untyped]
        from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

        with grpc.insecure_channel(f"unix:{socket}") as channel:
            question = health_pb2.HealthCheckRequest(service=CODE_SERVICE)
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(question, timeout=TIMEOUT_S)
            except grpc.RpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return is_serving


def probe_daemon(web_address: str) -> Callable[[], bool]:
    """A probe of Dagster's daemon: each of its loops has left a heartbeat since now, as the web server sees it."""
    begun_at = time.time()

    def is_beating() -> bool:
        try:
            answer = httpx.post(
                f"{web_address}/graphql", json={"query": HEARTBEATS}, timeout=TIMEOUT_S, trust_env=False
            ).json()
            loops = answer["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return False
        return all((loop["lastHeartbeatTime"] or 0) >= begun_at for loop in loops if loop["required"])

    return is_beating
