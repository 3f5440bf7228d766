"""Another platform behind HTTP: a server in a process of its own, which keeps what it is sent, and has faults.

    python -m tests.kits.http_platform PORT FOLDER [CERTIFICATE KEY]

`FOLDER/mode` says how it answers, read at each request; `FOLDER/log` has a line a request. It stores a batch once by
its idempotency key, before it answers.
"""

from __future__ import annotations

import json
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.kits.broker import Certificates, free_port, until

TAKING = (
    "ok",
    "slow",
    "reset",
    "garbage",
    "cut",
    "head",
    "nothing",
    "early",
    "code",
    "limit",
    "poison",
    "poison500",
)  # modes that store
LINGER = struct.pack("ii", 1, 0)  # closing sends a reset


class Handler(BaseHTTPRequestHandler):
    """Takes what is posted, as the mode says."""

    folder: Path

    def do_POST(self) -> None:
        """Take a batch."""
        mode, _, more = (self.folder / "mode").read_text().partition(" ")
        size = int(self.headers["Content-Length"])
        if mode == "limit" and size > int(more):  # before it has read it, as nginx does
            self.answer(413, b"too large")
        body = self.rfile.read(size)
        if mode == "limit" and size > int(more):
            return
        seqs = [(one["epoch"], one["seq"]) for one in json.loads(body)["records"]]
        refused = mode.startswith("poison") and any(f"{epoch}/{seq}" in more.split() for epoch, seq in seqs)
        takes = mode in TAKING and not refused
        line = {"key": self.headers["Idempotency-Key"], "body": body.decode(), "stored": takes, "path": self.path}
        with (self.folder / "log").open("a") as log:
            log.write(json.dumps({**line, "secret": self.headers["X-Key"]}) + "\n")
        if refused:
            self.answer(500 if mode == "poison500" else 422, b"record not taken")
        else:
            getattr(self, f"on_{mode}", self.on_ok)(more)

    def do_GET(self) -> None:
        """Say that it is there, or what it says to everybody."""
        mode, _, more = (self.folder / "mode").read_text().partition(" ")
        if mode == "status":
            self.on_status(more)
        elif mode == "page":
            self.on_page(more)
        else:
            self.answer(405, b"POST alone")

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Answer whole."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def on_ok(self, _more: str) -> None:
        """Answer as it should."""
        self.answer(200, b'{"code": 0}', Content_Type="application/json")

    def on_code(self, more: str) -> None:
        """Answer 200 with a code of its own."""
        self.answer(200, json.dumps({"code": int(more)}).encode())

    def on_status(self, more: str) -> None:
        """Answer with a status, and with Retry-After where one is named."""
        status, *wait = more.split()
        self.answer(int(status), b"no", **({"Retry_After": wait[0]} if wait else {}))

    def on_slow(self, more: str) -> None:
        """Answer late."""
        time.sleep(float(more))
        self.on_ok(more)

    def on_early(self, _more: str) -> None:
        """Say that it is at work, and what a page would want, before the answer."""
        self.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
        self.on_ok("")

    def on_hang(self, _more: str) -> None:
        """Answer a byte now and then, for ever."""
        while True:
            self.wfile.write(b"H")
            time.sleep(0.2)

    def on_reset(self, _more: str) -> None:
        """Reset the connection after the batch was stored and before it was said."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        self.close_connection = True
        self.connection.close()

    def on_cut(self, _more: str) -> None:
        """End in the middle of the answer."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"{")
        self.close_connection = True

    def on_head(self, _more: str) -> None:
        """End in the middle of the answer's head, behind a line of it."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nServer: x\r\n")
        self.close_connection = True

    def on_nothing(self, _more: str) -> None:
        """End before any answer."""
        self.close_connection = True

    def on_garbage(self, _more: str) -> None:
        """Answer with what is no HTTP."""
        self.wfile.write(b"\x00\xff 200 OK\r\n\r\n" * 20)
        self.close_connection = True

    def on_page(self, _more: str) -> None:
        """Answer as a network that wants a login."""
        self.answer(200, b"<!DOCTYPE html><html>log in first</html>", Content_Type="text/html; charset=utf-8")

    def on_away(self, more: str) -> None:
        """Point elsewhere."""
        self.answer(307, b"", Location=more)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Platform:
    """The server's process, its faults, and what it has got."""

    def __init__(self, folder: Path, tls: Certificates | None = None) -> None:
        folder.mkdir()
        self._folder, self._tls = folder, tls
        self.port = free_port()
        self.mode("ok")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/records?kind=1"

    def start(self) -> Platform:
        """Start it and wait until it takes connections."""
        words = [] if self._tls is None else [str(self._tls.certificate), str(self._tls.key)]
        command = [sys.executable, "-m", "tests.kits.http_platform", str(self.port), str(self._folder), *words]
        self._process = subprocess.Popen(command)
        until(lambda: socket.socket().connect_ex(("127.0.0.1", self.port)) == 0)
        return self

    def end(self) -> None:
        """End it at once; nothing happens where it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def mode(self, mode: str) -> None:
        """Answer so from now on."""
        beside = self._folder / "mode.new"
        beside.write_text(mode)
        beside.rename(self._folder / "mode")

    def forget(self) -> None:
        """Be as at the beginning."""
        self.mode("ok")
        (self._folder / "log").unlink(missing_ok=True)

    def requests(self) -> list[dict[str, Any]]:
        """Return all requests, in order."""
        log = self._folder / "log"
        whole = log.read_text().rpartition("\n")[0] if log.exists() else ""  # a line may be half written
        return [json.loads(line) for line in whole.splitlines()]

    def has_more_than(self, count: int) -> bool:
        """Return whether more requests than that have come."""
        return len(self.requests()) > count

    def stored(self) -> dict[tuple[str, str, int, int], set[str]]:
        """Return the keys under which each version of a record came that was stored."""
        found: dict[tuple[str, str, int, int], set[str]] = {}
        bodies: dict[str, str] = {}
        for one in self.requests():
            assert bodies.setdefault(one["key"], one["body"]) == one["body"], "one key, two bodies"
            for record in json.loads(one["body"])["records"] if one["stored"] else ():
                name = record["station"], record["epoch"], record["seq"], record["revision"]
                found.setdefault(name, set()).add(one["key"])
        return found

    def seqs(self) -> list[int]:
        """Return the numbers that are stored; each under one key alone."""
        assert all(len(keys) == 1 for keys in self.stored().values())
        return sorted({seq for _, _, seq, _ in self.stored()})


def main() -> None:
    """Serve until killed."""
    port, folder, *tls = sys.argv[1:]
    Handler.folder = Path(folder)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
