"""A device at the far end of a pty, which answers what it is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drivers.twins.wires import PtyWire
from edge.clock.clock import SystemClock


@contextmanager
def answering(device: Callable[[PtyWire], Callable[[bytes], bytes | None]]) -> Iterator[str]:
    """Give the port of a device. `device` makes it for its wire: it returns the answer to a request, None for none."""
    clock, ended = SystemClock(), threading.Event()
    wire = PtyWire(clock)
    answer = device(wire)

    def serve() -> None:
        while not ended.is_set():
            if request := wire.read(clock.now() + 0.2):
                wire.write(answer(request) or b"")

    server = threading.Thread(target=serve)
    server.start()
    try:
        yield wire.path
    finally:
        ended.set()
        server.join()
        wire.close()
