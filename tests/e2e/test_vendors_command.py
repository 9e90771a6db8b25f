"""The command with vendors' engines, over the emulator: what a newcomer pastes from the README.

It cannot prove what the vendors themselves would hear, write, say or bill; see `vendor_emulator`.
"""

import json
import re
from pathlib import Path

import pytest

from cli.emulate_vendors import render_exports
from cli.money import render_usd
from dubbing.manifest import parse_manifest
from tests.e2e.conftest import Machine
from vendor_emulator.server import VendorEmulator

RECORDING = Path(__file__).parents[2] / "samples" / "sense_and_sensibility.wav"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"), cache)


def test_a_dub_by_vendors_says_what_it_cost_and_the_same_again_costs_nothing(machine: Machine) -> None:
    with VendorEmulator() as emulator:
        exports = render_exports(emulator.url, emulator.openai_url).splitlines()
        machine.environment |= dict(
            line.removeprefix("export ").split("=", 1) for line in exports if "_ENGINE" not in line
        )
        (machine.folder / "terms.json").write_text(json.dumps([{"term": "Dashwood", "keep": True}]))
        command = ("dub", RECORDING, "--to", "pt-BR,es", "--engine", "cloud", "--glossary", "terms.json")
        first = machine.run(*command, "--out", "first")
        billed = sum(line.describe()["usd_micros"] for line in emulator.list_invoice())
        asked = len(emulator.requests())
        second = machine.run(*command, "--out", "second")
        status = json.loads(machine.run("vendors", "--json").stdout)
        assert len(emulator.requests()) == asked
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert billed > 0
    assert f"The job cost {render_usd(billed)}, of which" in first.stdout
    assert "The job cost $0.0000." in second.stdout
    assert "Synthesised nothing" in second.stdout
    manifest = parse_manifest((machine.folder / "first" / "manifest.json").read_bytes())
    assert {entry.language for entry in manifest.languages} == {"pt-BR", "es"}
    assert {line["circuit"] for line in status} == {"closed"}
    assert not re.search("emulated", first.stdout + second.stdout + json.dumps(status))
