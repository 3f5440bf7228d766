"""The camera process: memory at rest and after pictures, CPU of a picture, beside a bare interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from drivers.twins.cameras import SnapshotCamera
from drivers.twins.scene import Moment, Scene
from edge.pictures.spool import Spool, Target, Wish, new_id
from edge.records.record import ClockMark, Stamp

NOON = 1_784_347_200_000_000
PICTURES = 8
REST = 5.0  # s
BARE = "import paho.mqtt.client, time; print(flush=True); time.sleep(60)"
TICK = os.sysconf("SC_CLK_TCK")


def rows() -> list[dict[str, str]]:
    """Return the bench's rows: `what`, `ours`, `peer`, `ratio`."""
    bare = bare_interpreter()
    with tempfile.TemporaryDirectory() as folder, SnapshotCamera(Scene(1), lambda: Moment(NOON)) as camera:
        spool = Spool(Path(folder) / "spool")
        command = [sys.executable, "-m", "edge.pictures.worker", "--spool", str(spool.folder)]
        with subprocess.Popen(command) as process:
            try:
                return measured(process.pid, spool, camera.url, bare)
            finally:
                process.kill()


def measured(pid: int, spool: Spool, url: str, bare: float) -> list[dict[str, str]]:
    """Return the rows of a running camera process."""
    picture(spool, url)  # the first one loads what is loaded late
    cpu = cpu_seconds(pid)
    for _ in range(PICTURES):
        picture(spool, url)
    each = (cpu_seconds(pid) - cpu) / PICTURES
    cpu = cpu_seconds(pid)
    time.sleep(REST)
    idle = (cpu_seconds(pid) - cpu) / REST
    rss, peak = memory(pid, "VmRSS"), memory(pid, "VmHWM")
    return [
        row("camera process, resident after pictures (MB; a bare interpreter with paho)", rss, bare),
        row("camera process, most while it judges 4 megapixels (MB; a bare interpreter with paho)", peak, bare),
        row("camera process, CPU of a 4-megapixel picture (s)", each, None),
        row("camera process, CPU at rest (ms in a second)", idle * 1000, None),
    ]


def picture(spool: Spool, url: str) -> None:
    """Have the process take one picture."""
    wish = Wish(new_id(), "bench", Target("orchard", "http", url), Stamp("b", 1.0), NOON, ClockMark("ntp", 0.5), 30.0)
    spool.put(wish)
    ends = time.monotonic() + 60
    while (answer := spool.answer(wish.id)) is None:
        if time.monotonic() > ends:
            raise TimeoutError("the camera process gives no picture")
        time.sleep(0.01)
    if not answer.ok:
        raise RuntimeError(str(answer.reason))
    spool.drop(wish.id)


def bare_interpreter() -> float:
    """Return the resident MB of Python with paho and nothing else."""
    with subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            return memory(process.pid, "VmRSS")
        finally:
            process.kill()


def memory(pid: int, field: str) -> float:
    """Return a field of /proc/PID/status in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise KeyError(field)


def cpu_seconds(pid: int) -> float:
    """Return the user and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def row(what: str, ours: float, peer: float | None) -> dict[str, str]:
    """Return one row of the table."""
    return {
        "what": what,
        "ours": f"{ours:.3g}",
        "peer": "" if peer is None else f"{peer:.3g}",
        "ratio": "" if peer is None else f"{ours / peer:.2f}",
    }
