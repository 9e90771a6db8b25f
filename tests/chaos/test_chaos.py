"""The short version of the chaos: a few jobs, one fault of each family. `make chaos` is the long one."""

import pytest

from tests.chaos.figures import render_json
from tests.chaos.scale import SHORT
from tests.chaos.siege import besiege
from tests.e2e.conftest import Machine

SEED = 3


@pytest.mark.timeout(900)
def test_nothing_is_lost_bought_twice_or_left_behind_when_everything_fails_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("chaos")  # short: in it are sockets
    outcome = besiege(Machine(folder, folder / "cache"), SEED, SHORT)
    print(render_json(SEED, outcome))
    assert outcome.findings == [], "\n".join(outcome.findings)
