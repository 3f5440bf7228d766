"""The daemon, and a demo at rest: memory and CPU while the daemon measures a real port, beside a bare interpreter.

The station is the ASCII one on a pty that another process feeds at its pace of a line each 3 s, sending to a real
Mosquitto; CPU is that of a minute in which a minute record is made and sent.
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tty
from pathlib import Path

from tests.bench.camera import bare_interpreter, memory
from tests.bench.figures import Row, UnmeasuredError, cpu_ns, row
from tests.kits.broker import PATH, Broker

LINE = b"A0743B135C0000D0000E0000F0006G1588H1588I0000J0006K0610L0271M909N10022,017,025,026,017,025,026,*0C\r\n"
PACE = 3.0  # s
WARM_UP = 15.0  # s
MEASURED = 60.0  # s


def rows() -> list[Row]:
    """Return the bench's rows: `what`, `ours`, `peer`, `ratio`."""
    if shutil.which("mosquitto", path=PATH) is None:
        raise UnmeasuredError("mosquitto is not installed")
    bare = bare_interpreter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder).start()
        ending = threading.Event()
        port = feed(ending)
        try:
            config = station(folder, port, broker.url)
            command = [sys.executable, "-m", "provisioning.main", "run", "--config", str(config)]
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
                try:
                    return [*measured(process.pid, bare), demo(folder, bare)]
                finally:
                    process.terminate()
        finally:
            ending.set()
            broker.stop()


def measured(pid: int, bare: float) -> list[Row]:
    """Return the rows of a running daemon."""
    time.sleep(WARM_UP)
    cpu = cpu_ns(pid)
    time.sleep(MEASURED)
    share = (cpu_ns(pid) - cpu) / 1e9 / MEASURED
    return [
        row("daemon, resident (MB; a bare interpreter with paho)", memory(pid, "VmRSS"), bare),
        row("daemon, most (MB; a bare interpreter with paho)", memory(pid, "VmHWM"), bare),
        row("daemon, CPU with one talking station (ms in a second)", share * 1000, None),
    ]


def demo(folder: Path, bare: float) -> Row:
    """Return the row of a demo that nobody looks at: of the process that simulates and measures alone."""
    command = [sys.executable, "-m", "provisioning.main", "demo", "--state", str(folder / "demo")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(MEASURED)
        resident = memory(process.pid, "VmRSS")
        process.send_signal(signal.SIGINT)
    return row("the demo at rest, resident (MB; a bare interpreter with paho)", resident, bare, "<= 80 MB")


def feed(ending: threading.Event) -> str:
    """Make a pty on which a line comes each `PACE` seconds until `ending`. Return its path."""
    near, far = pty.openpty()
    tty.setraw(far)

    def talk() -> None:
        while not ending.wait(PACE):
            os.write(near, LINE)

    threading.Thread(target=talk, daemon=True).start()
    return os.ttyname(far)


def station(folder: Path, port: str, broker: str) -> Path:
    """Write a station's file, made as a technician makes it. Return its path."""
    config = folder / "station.toml"
    sensor = f"ascii-station:port={port}"
    words = ["--station", "bench", "--sensor", sensor, "--broker", broker, "--state", str(folder / "state")]
    subprocess.run(
        [sys.executable, "-m", "provisioning.main", "init", *words, "--out", str(config)],
        check=True,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    return config
