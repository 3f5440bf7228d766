"""The hub of a demo, as a separate process, in the demo's simulated time: `python -m provisioning.demo.hub_process`.

Stations are told no time: theirs is simulated too, and the time read from a file lags behind more than they accept.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from hub.config import load
from hub.hub import serve
from hub.told_time import ToldTime
from provisioning.commands.run import log_to_stderr
from provisioning.demo.time_file import told_by


def main() -> None:
    """Run a hub with the configuration named first, in the time of the file named second, until a signal."""
    config, time = map(Path, sys.argv[1:])
    ending: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: ending.append(got))
    log_to_stderr()
    serve(load(config), lambda: bool(ending), told_by(time), ToldTime)


if __name__ == "__main__":
    main()
