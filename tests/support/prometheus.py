"""A real Prometheus for tests: its own folder, its own port, gone with the test.

It runs our configuration and our rules, hurried: it looks every second, rules look back less far and wait for nothing.
It cannot prove that their times are well chosen, nor how an alert reaches anybody.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml  # type: ignore[import-untyped]

from cli.ports import choose_port
from resources.leash import find_leash
from tests.support.waiting import wait_for
from tests.support.watching import OBSERVABILITY, RULES, find_program

HASTE = 20
"""How many times shorter a rule looks back: ten minutes become 30 s, which a busy machine cannot miss."""

UNITS_S = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str

    def ask(self, query: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Ask for a value now; fails where the query is none. Gives the values by their labels."""
        reply = httpx.post(f"{self.url}/api/v1/query", data={"query": query}, timeout=30).json()
        assert reply["status"] == "success", f"{query}: {reply.get('error')}"
        return {tuple(sorted(found["metric"].items())): float(found["value"][1]) for found in reply["data"]["result"]}

    def get_number(self, query: str) -> float:
        """Ask for one number; 0 where there is none."""
        return sum(self.ask(query).values())

    def list_firing(self) -> list[dict[str, Any]]:
        alerts = httpx.get(f"{self.url}/api/v1/alerts", timeout=30).json()["data"]["alerts"]
        return [alert for alert in alerts if alert["state"] == "firing"]

    def is_firing(self, name: str, **labels: str) -> bool:
        wanted = {"alertname": name, **labels}.items()
        return any(wanted <= alert["labels"].items() for alert in self.list_firing())

    def list_rule_errors(self) -> dict[str, str]:
        """What rules that could not be judged failed of, by their names."""
        groups = httpx.get(f"{self.url}/api/v1/rules", timeout=30).json()["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return {rule["name"]: rule["lastError"] for rule in rules if rule["health"] == "err"}


def hurry(rules: str) -> str:
    """Let alerts fire at once, and look back for a moment only; expressions and thresholds stay as they are.

    >>> hurry("expr: increase(x[10m]) > x offset 1h\\nfor: 2m")
    'expr: increase(x[30s]) > x offset 180s\\nfor: 0s'
    """

    def shorten(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) * UNITS_S[found[3]] // HASTE}s"

    return re.sub(r"\bfor: \d+[smh]", "for: 0s", re.sub(r"(\[|\boffset )(\d+)([smh])", shorten, rules))


@contextmanager
def prometheus_server(folder: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """Run a server on an empty folder.

    Args:
        targets: what is scraped in place of the targets of the configuration, ``host:port`` by the job's name.
    """
    program = find_program("prometheus")
    port = choose_port(0, "the port of Prometheus")
    (folder / "rules").mkdir()
    for file in RULES:
        (folder / "rules" / file.name).write_text(hurry(file.read_text()))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(_configure({**targets, "prometheus": f"127.0.0.1:{port}"})))
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *find_leash("KILL"),
                str(program),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        try:
            server = Prometheus(f"http://127.0.0.1:{port}")
            wait_for(lambda: _is_ready(process, server, folder), "Prometheus", deadline_s=60)
            yield server
        finally:
            process.kill()
            process.wait()


def _configure(targets: Mapping[str, str]) -> dict[str, Any]:
    """Our configuration with other targets, looked at every second, and nobody who is told."""
    configuration: dict[str, Any] = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())
    del configuration["alerting"]
    configuration["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    for job in configuration["scrape_configs"]:
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    return configuration


def _is_ready(process: subprocess.Popen[bytes], server: Prometheus, folder: Path) -> bool:
    assert process.poll() is None, (folder / "prometheus.log").read_text()[-2000:]
    try:
        return httpx.get(f"{server.url}/-/ready", timeout=5).is_success
    except httpx.TransportError:
        return False
