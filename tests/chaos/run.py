"""`make chaos`: the long version, on a machine of its own in a temporary folder; the figures as a table and as JSON.

It ends with 1 when anything is not as it should be. The same seed gives the same schedule again.
"""

import argparse
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.chaos.figures import render_json, show
from tests.chaos.scale import LONG, SHORT
from tests.chaos.siege import besiege
from tests.e2e.conftest import Machine

RESULTS = Path("out") / "chaos.json"
"""The figures; what the stack said lies beside, as ``chaos.log``."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--short", action="store_true", help="as much as the test does")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--events", type=int)
    parser.add_argument("--length", type=float, help="how long things go wrong, seconds")
    options = parser.parse_args()
    scale = SHORT if options.short else LONG
    chosen = {"jobs": options.jobs, "events": options.events, "length_s": options.length}
    scale = replace(scale, **{name: value for name, value in chosen.items() if value is not None})
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        machine = Machine(Path(folder), Path(folder) / "cache")
        outcome = besiege(machine, options.seed, scale, say=lambda line: console.print(line, markup=False))
    show(console, options.seed, outcome)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.with_suffix(".log").write_text(outcome.log, encoding="utf-8")
    RESULTS.write_text(render_json(options.seed, outcome) + "\n", encoding="utf-8")
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
