"""One POST a batch, on a connection of its own (`edge/wire/post.py`), and what its answer proves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from drivers.clock import Clock
from edge.config.forward import HttpJson
from edge.northbound import http_json
from edge.northbound.verdict import Fate, Verdict
from edge.records.record import Record
from edge.wire.post import Address, HttpAnswer, RequestError, requested, secret_of
from hub.forward.batch import Batch

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
            answer = self._posted(http_json.payload(batch.lines), batch.key)
        except RequestError as error:
            return Verdict(Fate.FAILED, error.reason)
        now = EPOCH + timedelta(microseconds=self._utc())
        return http_json.proof(self._section, answer.status, dict(answer.headers), answer.body, now)

    def idle(self, until: float) -> None:
        """Wait."""
        self._clock.sleep_until(until)

    def close(self) -> None:
        """Do nothing: no connection is kept between two batches."""

    def _posted(self, payload: bytes, key: str) -> HttpAnswer:
        headers = http_json.headers(key, len(payload))
        if self._section.secret_file is not None:
            headers[self._section.secret_header] = secret_of(self._section.secret_file)
        url = self._section.url
        address = Address(url, http_json.where_of(url), self._section.ca_file)
        return requested("POST", address, payload, headers, self._clock, self.timeout_s)
