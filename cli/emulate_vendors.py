"""`dubline emulate-vendors`: the vendors' stand-in in the foreground, and the lines that point the product at it."""

import logging
from contextlib import suppress

import typer

from cli.engines import ENGINE_SETTINGS, VENDORS
from cli.ports import choose_port
from resources.settings import PREFIX
from vendor_emulator.exchanges import API_KEYS


def run_emulate_vendors(port: int) -> int:
    """Serve until Ctrl-C.

    Only the lines to paste go to standard output, so that they can be read from there by a shell.

    Args:
        port: 0 takes a free one.

    Raises:
        SettingsError: the port is taken.
    """
    from vendor_emulator.server import VendorEmulator

    emulator = VendorEmulator(port=choose_port(port, "--port"))
    # A connection that a client closed is no news here.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
    typer.echo("Deepgram, OpenAI and ElevenLabs are emulated here. Ctrl-C stops it.", err=True)
    typer.echo(
        "Nothing leaves this machine and nothing costs money. To use it, paste into another terminal:\n", err=True
    )
    typer.echo(render_exports(emulator.url, emulator.openai_url))
    with suppress(KeyboardInterrupt):
        emulator.run()
    typer.echo("\nThe emulator has stopped.", err=True)
    return 0


def render_exports(url: str, openai_url: str) -> str:
    """Write the lines that let a shell's commands use the emulator.

    Args:
        url: address of Deepgram and ElevenLabs.
    """
    variables = {f"{PREFIX}{setting.upper()}": "cloud" for setting in ENGINE_SETTINGS}
    for needs in VENDORS:
        variables[needs.url_variable] = openai_url if needs.vendor == "openai" else url
        variables[needs.key_variable] = API_KEYS[needs.vendor]
    return "\n".join(f"export {name}={value}" for name, value in variables.items())
