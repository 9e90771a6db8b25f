"""Ports of this machine, for what listens on them."""

import errno
import socket

from dubbing.errors import SettingsError

HOST = "127.0.0.1"
"""Loopback only: Dagster's UI and the vendors' emulator ask nobody who they are."""


def choose_port(port: int, option: str) -> int:
    """Return a port nobody listens on: this one, or any for 0.

    Raises:
        SettingsError: it cannot be had; the sentence names the option.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not held up by connections just closed
        try:
            listener.bind((HOST, port))
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            raise SettingsError(
                f"Port {port} {'is taken' if taken else 'cannot be used'}; choose another with {option}, "
                "or 0 for a free one."
            ) from None
        chosen: int = listener.getsockname()[1]
        return chosen


def choose_port_near(port: int) -> int:
    """Return this port, or any other where it cannot be had: for what nobody depends on being there."""
    try:
        return choose_port(port, "")
    except SettingsError:
        return choose_port(0, "")
