"""`dubline migrate`."""

from resources.container import Container
from resources.settings import load_settings


def run_migrate() -> int:
    """Migrate; opening the database does it."""
    with Container(load_settings()) as container:
        _ = container.database
    return 0
