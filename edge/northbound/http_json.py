"""Batches of records as JSON over HTTP: the request, and what an answer proves.

    POST /path                      one batch; all of it is stored, or nothing
    Idempotency-Key: <64 digits>    the same for the same bytes: a batch is repeated with it if its response was lost
    {"records": [{...}, ...]}

2xx is proof. A status that blames the batch itself (400, 413, 415, 422) has it halved down to the record at fault;
after any other it is retried. An HTML page is not a receiver's response, whatever its status: captive portals send one
with 200, and web servers one with 400 to a request without TLS. With 413 the size is the cause nevertheless.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Raw

from drivers.reason import Reason, printable, restored
from edge.config.forward import HttpJson
from edge.northbound.column_writer import units_of
from edge.northbound.plain_words import minute_of, rfc3339, word_of
from edge.northbound.verdict import PROVEN, DeliveryFate, DeliveryVerdict
from edge.records.record import Kind, Record, values_of
from edge.wire.answer_text import text_of

TOO_LARGE = 413
AT_FAULT = (400, TOO_LARGE, 415, 422)  # the batch itself is at fault
LOGIN = (401, 403, 407)
NOT_THERE = (404, 405, 410)
LONGEST_WAIT = 6 * 3600.0  # s of Retry-After that are honoured at most
LONGEST_REASON = 300  # characters
SPACES = bytes.maketrans(b"\r\n", b"  ")  # JSON has line ends only between tokens: within strings they are \\n
SHOWN = 120  # characters of a response that people are shown
PAGES, XML = ("text/html", "application/xhtml+xml"), ("text/xml", "application/xml")
PAGE_BEGIN = 1000  # characters within which an XML page declares that it is HTML


class Why(msgspec.Struct, frozen=True):
    """Why a value is not good: a code for programs, an English sentence for people."""

    code: str
    text: str


class ChannelValue(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value of a minute, never without its quality; `unit` None: unknown."""

    value: float | None
    unit: str | None
    quality: str
    reason: Why | None = None


class ClockFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the time is known; with bounds (microseconds UTC) if only those are known."""

    source: str
    error_s: float | None
    not_before_us: int | None = None
    not_after_us: int | None = None


class SentRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record. (station, epoch, seq) identifies it permanently; a higher revision replaces a lower one.

    `start` and `end` are None while the time is unknown. A minute has `channels`, any other kind its `body`.
    """

    station: str
    epoch: str
    seq: int
    revision: int
    kind: str
    start: str | None
    start_us: int | None
    end_us: int | None
    clock: ClockFacts
    channels: dict[str, ChannelValue] | None = None
    body: Raw | None = None


def encode(station: str, record: Record) -> bytes:
    """Encode one record as a line of JSON. Raise EncodeError."""
    start, mark = record.start, record.clock
    end = None if start is None else start + round(record.duration * 1e6)
    is_minute = record.kind == Kind.MINUTE
    body = None if is_minute else Raw(bytes(record.body).translate(SPACES))
    return msgspec.json.encode(
        SentRecord(
            *(station, record.epoch, record.seq, record.revision, record.kind, rfc3339(start), start, end),
            ClockFacts(mark.source, mark.error, mark.not_before, mark.not_after),
            channels=_channels(record) if is_minute else None,
            body=body,
        )
    )


def _channels(record: Record) -> dict[str, ChannelValue]:
    minute = minute_of(record)
    found = {}
    for name, value in minute.values.items():
        unit = units_of(name)
        word = word_of(value, minute.quality.get(name))
        found[name] = ChannelValue(value, unit[0] if unit else None, word, _why(minute.reasons.get(name)))
    return found


def _why(told: Raw | None) -> Why | None:
    if told is None:
        return None
    try:
        reason = restored(values_of(told))
    except (ValueError, RecursionError):  # a newer station writes it in a form that is unknown here
        return Why("said", bytes(told).decode("utf-8", "replace")[:LONGEST_REASON])
    return Why(reason.code, str(reason))


def payload(lines: Sequence[bytes]) -> bytes:
    """Return the body of a request with these records."""
    return b'{"records":[' + b",".join(lines) + b"]}"


def headers(key: str, size: int) -> dict[str, str]:
    """Return the headers of a request of `size` bytes, without the secret."""
    kind = {"Content-Type": "application/json", "Content-Length": str(size), "Accept": "application/json"}
    return {**kind, "Idempotency-Key": key, "Connection": "close", "User-Agent": "minshan"}


def proof(
    section: HttpJson, status: int, headers: Mapping[str, str], body: bytes, now: datetime | None = None
) -> DeliveryVerdict:
    """Return what a response proves. `headers`: the response's; `now`: what a date in Retry-After is compared with."""
    where = where_of(section.url)
    text = text_of(headers, body)
    if 200 <= status < 300:
        return _success(section, where, status, headers, text)
    number: dict[str, str | int] = {"where": where, "status": status, "said": _begin(text)}
    if status == TOO_LARGE or (status in AT_FAULT and not _is_page(headers, text)):
        refused = Reason("forward_refused", "{where} refuses it (HTTP {status}): {said}", **number)
        return DeliveryVerdict(DeliveryFate.REFUSED, refused)
    wait_s, target = _wait(headers.get("Retry-After"), now), printable(headers.get("Location") or "", SHOWN)
    if status in LOGIN:
        reason = Reason("forward_login", "{where} refuses the login (HTTP {status}): is secret_file right?", **number)
    elif status in NOT_THERE:
        reason = Reason("forward_not_there", "{where} knows no such address (HTTP {status}): is url right?", **number)
    elif 300 <= status < 400 and target:
        reason = Reason("forward_elsewhere", "{where} redirects to {to}: should url be that?", where=where, to=target)
    elif wait_s:
        seconds = round(wait_s)
        reason = Reason(
            "forward_later", "{where} answers HTTP {status} and is left alone for {seconds} s: {said}", **number
        ).having(seconds=seconds)
    else:
        reason = Reason("forward_fails", "{where} answers HTTP {status}: {said}", **number)
    return DeliveryVerdict(DeliveryFate.FAILED, reason, wait_s)


def _success(section: HttpJson, where: str, status: int, headers: Mapping[str, str], text: str) -> DeliveryVerdict:
    if _is_page(headers, text):
        page = Reason(
            "forward_page", "{where} answers with a web page instead of accepting data: is url right?", where=where
        )
        return DeliveryVerdict(DeliveryFate.FAILED, page)
    if section.success_key is None or _says(text, section.success_key, section.success_value):
        return PROVEN
    reason = Reason(
        "forward_no_success",
        "{where} answers HTTP {status}, but not {key} = {value}: {said}",
        where=where,
        status=status,
        key=section.success_key,
        value=json.dumps(section.success_value, ensure_ascii=False),
        said=_begin(text),
    )
    return DeliveryVerdict(DeliveryFate.FAILED, reason)


def _is_page(headers: Mapping[str, str], text: str) -> bool:
    """Return whether a response is a web page, by its Content-Type or by its text.

    A captive portal may send no more than `<script>top.location.href='http://...'</script>`, without a type.
    """
    kind, begin = _kind(headers), text.lstrip()[:PAGE_BEGIN].lower()
    is_xml = kind in XML or begin.startswith("<?xml")
    return kind in PAGES or (begin.startswith("<") and (not is_xml or "<html" in begin))


def _kind(headers: Mapping[str, str]) -> str:
    return (headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def _says(text: str, key: str, value: object) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    there = found.get(key) if isinstance(found, dict) else None
    return isinstance(there, bool) == isinstance(value, bool) and there == value


def _wait(header: str | None, now: datetime | None) -> float | None:
    """Return the seconds of a Retry-After (RFC 9110, 10.2.3), which is a number or a date; None if it is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text.lstrip("0")[:9] or 0), LONGEST_WAIT)
    from email.utils import parsedate_to_datetime  # here: few answers have one, and all stations load this module

    try:
        date = parsedate_to_datetime(text)
    except (OverflowError, TypeError, ValueError):
        return None
    if now is None:
        return None
    until = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)


def where_of(url: str) -> str:
    """Return an address as people are shown it: without its query, which may contain a secret."""
    return url.partition("?")[0].partition("#")[0]


def _begin(text: str) -> str:
    return printable(text, SHOWN) or "–"
