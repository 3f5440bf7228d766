"""What a `Type=notify` service reports to systemd (sd_notify(3)), and the signals by which it is stopped."""

from __future__ import annotations

import logging
import os
import signal
import socket
from pathlib import Path

log = logging.getLogger("minshan")


def notify(state: str) -> None:
    """Send a state ("READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=...") to systemd, if it listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # the abstract namespace
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(state.encode(), address)
        except OSError:  # systemd is gone
            return


def beat(most: int) -> None:
    """Feed the watchdog while this process uses at most `most` bytes of memory, its unit's MemoryMax.

    A Pi's kernel enforces MemoryMax only with cgroup_enable=memory: otherwise the watchdog ends a process that grows.
    """
    taken = memory()
    if taken > most:
        log.error("this process took %d MB of memory, which it never needs: the watchdog ends it", taken // 10**6)
    else:
        notify("WATCHDOG=1")


def memory(process: int | str = "self") -> int:
    """Return the bytes of memory that a process uses (proc(5), statm); 0 if it, or /proc, does not exist."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Signals:
    """SIGTERM and SIGINT as a readable descriptor, within a `with` block.

    A handler that raises is not reliable: Python drops exceptions raised while it forks or frees an object.
    """

    def __enter__(self) -> Signals:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self.fd = self._near.fileno()
        self._before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
        self._wakeup = signal.set_wakeup_fd(self._far.fileno())
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, before in self._before.items():
            signal.signal(number, before)
        self._near.close()
        self._far.close()
