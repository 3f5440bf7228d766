"""One POST a batch, on a connection of its own, with one deadline for all of it.

Python's own http.client: it follows no redirect (which would carry the secret to another host) and reads no proxy from
the environment, and the deadline of `drivers.cameras.wire` covers headers too, where a client's time-outs are each for
one read.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from drivers.cameras import wire
from drivers.clock import Clock
from drivers.reason import Reason, system_reason
from edge.config.forward import HttpJson
from edge.files import read_password
from edge.northbound import http_json
from edge.northbound.verdict import Fate, Verdict
from edge.records.record import Record
from edge.wire.errors import distrusted
from hub.forward.batch import Batch

MOST_ANSWER = 65_536  # bytes of an answer that are looked at
IN_PATHS = "/%:=&?~#+!$,;'@()*[]"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HttpSender:
    """Sends batches to one address; `utc` tells the time, microseconds since 1970."""

    def __init__(self, section: HttpJson, clock: Clock, utc: Callable[[], int]) -> None:
        self._section, self._clock, self._utc = section, clock, utc
        self.most, self.timeout_s = section.batch, section.timeout_s

    def encode(self, station: str, record: Record) -> bytes:
        """Return a record's line. Raise EncodeError."""
        return http_json.encode(station, record)

    def send(self, batch: Batch) -> Verdict:
        """Post a batch. Return what its answer proves."""
        try:
            status, said, body = self._posted(http_json.payload(batch.lines), batch.key)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return Verdict(Fate.FAILED, self._why(error))
        now = EPOCH + timedelta(microseconds=self._utc())
        return http_json.proof(self._section, status, said, body, now)

    def idle(self, until: float) -> None:
        """Wait."""
        self._clock.sleep_until(until)

    def close(self) -> None:
        """Do nothing: no connection is kept between two batches."""

    def _posted(self, payload: bytes, key: str) -> tuple[int, dict[str, str], bytes]:
        until = self._clock.now() + self.timeout_s

        def left() -> float:
            seconds = until - self._clock.now()
            if seconds <= 0:
                raise TimeoutError
            return seconds

        headers = http_json.headers(key, len(payload))
        if self._section.secret_file is not None:
            headers[self._section.secret_header] = _secret(self._section.secret_file)
        link = self._link()
        try:
            wire.connect(link, "", left)
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it had read all
                link.request("POST", _target(self._section.url), payload, headers)
            answer = link.getresponse()
            with answer:
                body = answer.read(MOST_ANSWER)
                if answer.length and len(body) < MOST_ANSWER:
                    raise http.client.IncompleteRead(body, answer.length)
            return answer.status, {name.title(): value for name, value in answer.headers.items()}, body
        finally:
            link.close()

    def _link(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._section.url)
        if parts.scheme != "https":
            return http.client.HTTPConnection(parts.hostname or "", parts.port)
        trusted = _authority(self._section.ca_file)
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, context=trusted)

    def _why(self, error: Exception) -> Reason:
        where = http_json.where_of(self._section.url)
        if isinstance(error, _FileError):
            return error.reason
        if isinstance(error, TimeoutError):
            seconds = self.timeout_s
            return Reason("forward_slow", "{where} gave no answer within {seconds:g} s", where=where, seconds=seconds)
        if isinstance(error, ssl.SSLCertVerificationError):
            return distrusted(where, error)
        if isinstance(error, http.client.IncompleteRead):
            return Reason("forward_broke_off", "the answer of {where} broke off", where=where)
        if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
            return Reason("forward_no_http", "what answers at {where} is no web server", where=where)
        return Reason("forward_unreachable", "{where} cannot be reached: {why}", where=where, why=system_reason(error))


class _FileError(OSError):
    """A file that hub.toml names and that is of no use."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _authority(file: str | None) -> ssl.SSLContext:
    """Return who is trusted: the system's authorities, or the one in a file. Raise OSError with a reason of its own."""
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:
        why = system_reason(error)
        raise _FileError(
            Reason("ca_file_unread", "ca_file {file} cannot be used: {why}", file=file or "", why=why)
        ) from None


def _secret(file: str) -> str:
    """Return what a secret's file holds, read anew for each request. Raise OSError with a reason of its own."""
    try:
        secret = read_password(Path(file))
        secret.encode("latin-1")
    except (OSError, ValueError) as error:
        why = system_reason(error)
        raise _FileError(
            Reason("secret_unread", "secret_file {file} cannot be used: {why}", file=file, why=why)
        ) from None
    if not secret or not secret.isprintable():
        raise _FileError(Reason("secret_no_line", "secret_file {file} must hold one line, the secret alone", file=file))
    return secret


def _target(url: str) -> str:
    parts = urlsplit(url)
    return quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=IN_PATHS)
