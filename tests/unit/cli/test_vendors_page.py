import re
from fractions import Fraction
from importlib import import_module
from pathlib import Path

from resources.settings import PREFIX, Settings
from resources.vendors.building import list_call_limits

PAGE = (Path(__file__).parents[3] / "docs" / "vendors.md").read_text()
LIMIT = re.compile(rf"^\| [^|]+ \| `{PREFIX}(\w+)` \| (\d+) \|", re.MULTILINE)
PRICE = re.compile(r"^\| (\w+) \| ([\w.-]+) \| (\w+) \| ([\d.]+) \| (\d+) \|$", re.MULTILINE)


def test_the_page_names_every_limit_with_its_default() -> None:
    documented = {name.lower(): int(count) for name, count in LIMIT.findall(PAGE)}
    defaults = {name: Settings.model_fields[name].default for name in documented}
    assert documented == defaults
    assert sorted(documented.values()) == sorted(list_call_limits(Settings(_env_file=None)).values())


def test_the_page_names_every_price_of_a_fresh_database() -> None:
    seeded = import_module("migrations.versions.0004_account_for_vendors").PRICES
    documented = {
        (vendor, model, unit): (Fraction(price) * 1_000_000, int(per))
        for vendor, model, unit, price, per in PRICE.findall(PAGE)
    }
    assert documented == {
        (vendor, model, unit): price for (vendor, model), prices in seeded.items() for unit, price in prices.items()
    }
