import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = sorted(init.parent.name for init in ROOT.glob("*/__init__.py") if init.parent.name != "tests")


def test_the_rooms_are_found() -> None:
    assert {"cli", "dub_assets", "dubbing", "resources"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_no_other_distribution_owns_a_root_name_of_ours(name: str) -> None:
    """pip overwrites a clashing package without a word."""
    owners = importlib.metadata.packages_distributions().get(name, [])
    assert set(owners) <= {"dubline"}
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py")
