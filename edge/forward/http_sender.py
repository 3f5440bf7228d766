"""One POST a batch, on a connection of its own (`edge/wire/post.py`), and what its answer proves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from drivers.clock import Clock
from edge.budget import reckoning
from edge.config.forward import HttpJson
from edge.forward.batch import ForwardBatch
from edge.northbound import http_json
from edge.northbound.verdict import DeliveryFate, DeliveryVerdict
from edge.records.record import Record
from edge.wire.certificates import CERTIFICATE
from edge.wire.post import Endpoint, HttpAnswer, RequestError, requested, secret_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ANSWER_HEAD = 250  # bytes of an answer's status line and headers


class HttpSender:
    """Sends batches to one address; `utc` tells the time, microseconds since 1970, None while nobody knows it."""

    def __init__(self, section: HttpJson, clock: Clock, utc: Callable[[], int | None]) -> None:
        self._section, self._clock, self._utc = section, clock, utc
        self.link_bytes = 0
        self.most, self.timeout_s = section.batch, section.timeout_s

    def encode(self, station: str, record: Record) -> bytes:
        """Return a record's line. Raise EncodeError."""
        return http_json.encode(station, record)

    def send(self, batch: ForwardBatch) -> DeliveryVerdict:
        """Post a batch. Return what its answer proves."""
        try:
            answer = self._posted(http_json.payload(batch.lines), batch.key)
        except RequestError as error:
            return DeliveryVerdict(DeliveryFate.FAILED, error.reason)
        utc = self._utc()
        now = None if utc is None else EPOCH + timedelta(microseconds=utc)
        return http_json.proof(self._section, answer.status, dict(answer.headers), answer.body, now)

    def idle(self, until: float) -> None:
        """Wait."""
        self._clock.sleep_until(until)

    def close(self) -> None:
        """Do nothing: no connection is kept between two batches."""

    def _posted(self, payload: bytes, key: str) -> HttpAnswer:
        headers = http_json.headers(key, len(payload)) | secret_headers(self._section)
        url = self._section.url
        address = Endpoint(url, http_json.where_of(url), self._section.ca_file)
        sent = len(payload) + sum(len(name) + len(value) + 4 for name, value in headers.items())
        tls = url.startswith("https")
        try:
            answer = requested("POST", address, payload, headers, self._clock, self.timeout_s)
        except RequestError as error:
            met = reckoning.CONNECTING if error.reason.code in CERTIFICATE else reckoning.PLAIN
            self.link_bytes += reckoning.exchange(sent, 0, tls) if error.sent else met
            raise
        self.link_bytes += reckoning.exchange(sent, ANSWER_HEAD + len(answer.body), tls)
        return answer


def secret_headers(section: HttpJson) -> dict[str, str]:
    """Return the header that says who sends; none where none is wanted. Raise RequestError."""
    return {} if section.secret_file is None else {section.secret_header: secret_of(section.secret_file)}
