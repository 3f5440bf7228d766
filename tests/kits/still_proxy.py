"""Between a browser and its server: a link that can go dead without a word, as a phone's does out of range."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class StillProxy:
    """Hands bytes on to `port_behind`; while `dead` is set it takes connections, keeps them open, and moves nothing."""

    def __init__(self, port_behind: int) -> None:
        self._behind = port_behind
        self._live = threading.Event()
        self._live.set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def die(self) -> None:
        """Move nothing from now on."""
        self._live.clear()

    def revive(self) -> None:
        """Move bytes again, of the connections too that waited."""
        self._live.set()

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()
        self._live.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._behind))
                for source, drain in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, drain), daemon=True).start()

    def _pass_on(self, source: socket.socket, drain: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                self._live.wait()
                drain.sendall(piece)
        for one in (source, drain):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
