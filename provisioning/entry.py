"""The entry point of the `minshan` command: Ctrl-C ends it silently until the command line can handle it."""

from __future__ import annotations

import signal


def main() -> None:
    """Load the command line, which takes a fifth of a second, and run it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # unless the shell ignores it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from provisioning.main import main as begin

    begin()
