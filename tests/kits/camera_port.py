"""A port at which cameras of tests answer, by HTTP or RTSP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def listening(serve: Callable[[socket.socket], None], address: str = "{}") -> Iterator[str]:
    """Let `serve` have each connection, in a thread of its own; an OSError ends that one alone.

    Yield the address with host:port put in.
    """
    port = socket.create_server(("127.0.0.1", 0))

    def served(link: socket.socket) -> None:
        with link, suppress(OSError):
            serve(link)

    def accept() -> None:
        with suppress(OSError):  # the end of the test
            while True:
                threading.Thread(target=served, args=(port.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield address.format(f"127.0.0.1:{port.getsockname()[1]}")
    finally:
        port.shutdown(socket.SHUT_RDWR)
        port.close()
        thread.join(5)
