"""Requests as no browser sends them: headers of any bytes, lengths that are untrue, and what a server answers."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from typing import NamedTuple

from hypothesis import strategies as st

MARK = "q7zmark"  # stands in each hostile header; no answer may hand it back
NAMES = (
    *("host", "origin", "referer", "cookie", "authorization", "accept-language", "accept-encoding", "accept", "range"),
    *("if-none-match", "if-modified-since", "if-range", "content-type", "content-length", "transfer-encoding"),
    *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "forwarded", "x-real-ip"),
    *("sec-fetch-site", "last-event-id", "upgrade", "expect", "user-agent", "x-http-method-override"),
)
LENGTHS = {"content-length", "transfer-encoding", "expect"}
QUIET_S = 0.5  # after which a server waits for what was announced, and never sent
KNOWN = (
    *(f"{MARK}", f"http://{MARK}.example", f"<script>{MARK}</script>", f"127.0.0.1:{MARK}", f"{MARK}@127.0.0.1"),
    *(f"minshan_session={MARK}; minshan_lang={MARK}", f'minshan_session="\\377\\000{MARK}"', f"zh;q={MARK},en;q=nan"),
    *(f"Bearer {MARK}", f"Bearer \xff{MARK}", "bytes=0-", "bytes=9-1", "bytes=-0", "bytes=" + "0-1," * 900 + MARK),
    *("bytes=0-99999999999999999999", "W/*", "*", "0", "-1", "+5", "1e3", "99999999999999999999", "chunked, gzip"),
    *("identity;q=0, *;q=0", "gzip;q=1e400", "https", "ws", f"for={MARK};proto=https", "100-continue", "websocket"),
    *(f"{MARK}" * 2000, ";" * 5000, "=" * 3000, "\xe5\xb2\xb7\xe5\xb1\xb1", "\xc3\x28", "\x80" * 50, "cross-site"),
)
VALUES = st.sampled_from(KNOWN).map(lambda text: text.encode("latin-1")) | st.binary(max_size=60).map(
    lambda data: re.sub(rb"[\r\n\0]", b"?", data) + MARK.encode()
)
HOSTILE = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5)


class RawAnswer(NamedTuple):
    """What a server answered: its status (None: it only closed), and all of it."""

    status: int | None
    whole: bytes


def answer(
    port: int, method: str, path: str, headers: list[tuple[str, bytes]], body: bytes = b"", timeout: float = 20.0
) -> RawAnswer:
    """Send a request to a server on this machine and return its answer.

    It has a Host of the server's, a true length and an end, each unless `headers` have another.
    """
    names = {name for name, _value in headers}
    own = {"host": f"127.0.0.1:{port}".encode(), "connection": b"close", "content-length": b"%d" % len(body)}
    lines = [(name, value) for name, value in own.items() if name not in names] + headers
    head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in lines)
    with socket.create_connection(("127.0.0.1", port), QUIET_S if names & LENGTHS else timeout) as link:
        whole = b""
        with suppress(ConnectionError):  # it closed with something of ours unread
            link.sendall(f"{method} {path} HTTP/1.1\r\n".encode() + head + b"\r\n" + body)
            whole = everything(link, timeout)
    found = re.match(rb"HTTP/1\.1 (\d\d\d) ", re.sub(rb"\AHTTP/1\.1 100 [^\r]*\r\n\r\n", b"", whole))
    return RawAnswer(int(found.group(1)) if found else None, whole)


def everything(link: socket.socket, timeout: float) -> bytes:
    """Return what comes until the other end closes; one that waits for more of ours is told that there is none."""
    whole = b""
    try:
        while part := link.recv(65_536):
            whole += part
    except TimeoutError:
        if link.gettimeout() != QUIET_S:
            raise
        link.settimeout(timeout)
        link.shutdown(socket.SHUT_WR)
        return whole + everything(link, timeout)
    return whole


def complaints(found: RawAnswer) -> list[str]:
    """Return what is wrong with an answer: an error of the server, a trace of it, a text that was handed back."""
    wrong = []
    if found.status is not None and (found.status >= 500 or found.status < 200):
        wrong.append(f"status {found.status}")
    if b"Traceback" in found.whole:
        wrong.append("a traceback")
    if MARK.encode() in found.whole and found.status != 421:  # a name that is not ours is told, as JSON
        wrong.append("a header's text is in the answer")
    return wrong
