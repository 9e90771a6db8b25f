"""`dubline openapi`: the description of the API that client generators read."""

import json
import tempfile
from pathlib import Path

import typer

from api.application import create_app
from resources.container import Container
from resources.settings import Settings


def render_openapi() -> str:
    """Render the document; it is the same whatever this installation has set."""
    with tempfile.TemporaryDirectory() as folder:
        nothing = Settings(_env_file=None, data_dir=Path(folder), cache_dir=Path(folder))  # type: ignore[call-arg]
        document = create_app(Container(nothing)).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def run_openapi() -> int:
    """Print the document."""
    typer.echo(render_openapi(), nl=False)
    return 0
