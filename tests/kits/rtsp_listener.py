"""A port to which RTSP cameras of tests listen."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Let `serve` have each connection, one after the other; an OSError ends that one alone. Yield the address."""
    port = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):  # the end of the test
            while True:
                link, _ = port.accept()
                with link, suppress(OSError):
                    serve(link)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"rtsp://127.0.0.1:{port.getsockname()[1]}/cam"
    finally:
        port.shutdown(socket.SHUT_RDWR)
        port.close()
        thread.join(5)
