"""One HTTP request on its own connection, with one deadline for the whole exchange.

It uses Python's own http.client, which follows no redirect (that would carry a secret to another host) and reads no
proxy from the environment; the deadline of `drivers.cameras.wire` covers the headers too, whereas a client's timeouts
apply to each read. A response whose head is cut off is rejected, though http.client takes the end of the stream for the
end of the head: a 200 that lost its Content-Type may be the login page of a captive portal.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import msgspec

from drivers.cameras import wire
from drivers.clock import Clock
from drivers.reason import Reason, system_reason
from edge.files import read_password
from edge.wire.certificates import distrusted, no_pem

MOST_ANSWER = 1_000_000  # bytes of a response that are read: some servers send back all that they have stored
IN_PATHS = "/%:=&?~#+!$,;'@()*[]"


class HttpAnswer(msgspec.Struct, frozen=True):
    """A response: its status, its headers ("Content-Type"), the first `MOST_ANSWER` bytes of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Endpoint(msgspec.Struct, frozen=True):
    """Where a request goes. `where`: the address as shown to people; `ca_file`: the trusted CA (None: the system's)."""

    url: str
    where: str
    ca_file: str | None = None


class RequestError(Exception):
    """No complete response came; `reason` says why. `sent`: the server may have received the request nevertheless."""

    def __init__(self, reason: Reason, sent: bool) -> None:
        super().__init__(str(reason))
        self.reason, self.sent = reason, sent


class _Head:
    """A response head, read line by line."""

    def __init__(self, file: Any) -> None:
        self._file, self._begun = file, False

    def readline(self, most: int) -> bytes:
        """Return the next line. Raise IncompleteRead if the stream ends within the head."""
        line: bytes = self._file.readline(most)
        if self._begun and not line.endswith(b"\n") and len(line) < most:
            raise http.client.IncompleteRead(line)
        self._begun = True
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _WholeAnswer(wire.FinalAnswer):
    """A response whose head is complete, after any interim responses (102, 103)."""

    fp: Any

    def begin(self) -> None:
        """Read the head. Raise HTTPException, OSError."""
        file = self.fp
        self.fp = _Head(file)
        try:
            super().begin()
        finally:
            self.fp = self.fp and file


def requested(
    method: Literal["GET", "POST"],
    address: Endpoint,
    payload: bytes | None,
    headers: Mapping[str, str],
    clock: Clock,
    timeout_s: float,
) -> HttpAnswer:
    """Send a request and return the answer, whatever its status. Raise RequestError."""
    left, sent = _deadline(clock, timeout_s), False
    try:
        link = _link(address, left)
        try:
            sent = True
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before reading everything
                link.request(method, _target(address.url), payload, dict(headers))
            answer = link.getresponse()
            with answer:
                body = answer.read(MOST_ANSWER)
                if answer.length and len(body) < MOST_ANSWER:
                    raise http.client.IncompleteRead(body, answer.length)
            return HttpAnswer(answer.status, {name.title(): value for name, value in answer.headers.items()}, body)
        finally:
            link.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise RequestError(_why(error, address.where, timeout_s, sent), sent) from None


def connected(address: Endpoint, clock: Clock, timeout_s: float) -> None:
    """Connect, with TLS for https, and send no request. Raise RequestError."""
    try:
        _link(address, _deadline(clock, timeout_s)).close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise RequestError(_why(error, address.where, timeout_s, False), False) from None


def _deadline(clock: Clock, timeout_s: float) -> Callable[[], float]:
    """Return a function that returns the seconds left, and raises TimeoutError if there are none."""
    until = clock.now() + timeout_s

    def left() -> float:
        seconds = until - clock.now()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    return left


def secret_of(file: str) -> str:
    """Return the secret in a file, which is read for each request. Raise RequestError."""
    try:
        secret = read_password(Path(file))
    except OSError as error:
        why = system_reason(error)
        unread = Reason("secret_unread", "the secret in {file} cannot be used: {why}", file=file, why=why)
        raise RequestError(unread, False) from None
    if not secret or not secret.isprintable() or max(secret) > "\xff":  # a header holds no others
        no_line = Reason(
            "secret_no_line", "the secret in {file} must be one line, and nothing else in the file", file=file
        )
        raise RequestError(no_line, False)
    return secret


def _link(address: Endpoint, left: Callable[[], float]) -> http.client.HTTPConnection:
    parts = urlsplit(address.url)
    trusted = trusting(address.ca_file) if parts.scheme == "https" else None
    link = wire.link_to(parts, trusted, "", left)
    link.response_class = _WholeAnswer
    return link


def trusting(file: str | None) -> ssl.SSLContext:
    """Return a TLS context that trusts the CA of that file, or the system's without one. Raise RequestError."""
    try:
        return ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        other = Reason("ca_file_no_pem", "ca_file {file} is not a certificate in PEM format", file=file or "")
        raise RequestError(no_pem(file) or other, False) from None
    except OSError as error:
        why = system_reason(error)
        unread = Reason("ca_file_unread", "ca_file {file} cannot be used: {why}", file=file or "", why=why)
        raise RequestError(unread, False) from None


def _why(error: Exception, where: str, seconds: float, sent: bool) -> Reason:
    if isinstance(error, TimeoutError):
        return Reason("forward_slow", "{where} gave no answer within {seconds:g} s", where=where, seconds=seconds)
    if isinstance(error, ssl.SSLCertVerificationError):
        return distrusted(where, error)
    if sent and isinstance(error, ConnectionError):
        return Reason("forward_unanswered", "{where} ended the connection without an answer", where=where)
    if isinstance(error, http.client.IncompleteRead):
        return Reason("forward_broke_off", "the answer of {where} broke off", where=where)
    if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
        return Reason("forward_no_http", "the server at {where} is not a web server", where=where)
    return Reason("forward_unreachable", "{where} cannot be reached: {why}", where=where, why=system_reason(error))


def _target(url: str) -> str:
    parts = urlsplit(url)
    return quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=IN_PATHS)
