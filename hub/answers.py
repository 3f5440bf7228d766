"""The platform's answers to a station: receipts in small pages, and the answer to a hello."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from edge.records.spans import Span
from edge.wire.contract import (
    LARGEST_PACKET,
    MOST_SPANS,
    MOST_TABLES,
    VERSION,
    Hello,
    HelloAnswer,
    Piece,
    Receipt,
    encode,
)
from hub.gathered_receipts import wait_of
from hub.sink import Sink
from hub.told_time import ToldTime

PAGE = 1000  # spans or pieces in one receipt
PACKED = 4096  # bytes: longer messages are compressed
HEAD = 100  # bytes of a packet besides its payload


def receipts(
    sink: Sink,
    station: str,
    has: list[Span],
    whole: list[Piece],
    wanted: list[Piece],
    tables: Collection[str] = (),
) -> Iterator[Receipt]:
    """Yield the receipts that carry this, each of at most PAGE entries. `tables`: names of the tables wanted."""
    names = sorted(tables)[:MOST_TABLES]
    for first in range(0, max(len(has), len(whole), len(wanted), len(names)), PAGE):
        page = slice(first, first + PAGE)
        revised = sink.revised(station, has[page])
        parts = has[page], whole[page], wanted[page], revised, names[page]
        yield Receipt(VERSION, sink.id, sink.generation, *parts)


def answers(sink: Sink, hello: Hello, told: ToldTime, proves: bool, reads: int = VERSION) -> Iterator[HelloAnswer]:
    """Yield the answer to a hello, then a fallback to send if the first is too large.

    It covers the epochs that the hello names. The fallback only tells the time: receipts still close what arrives
    later. No honest station has that many holes.
    """
    has = sink.held(hello.station, frozenset(span.epoch for span in hello.epochs))
    if proves and len(has) <= MOST_SPANS:
        revised = sink.revised(hello.station, has)
        head = VERSION, hello.nonce, told.utc, sink.id, sink.generation, has, revised
        yield HelloAnswer(*head, reads=reads, gathers=wait_of(hello), error=told.error)
    yield HelloAnswer(VERSION, hello.nonce, told.utc, reads=reads, error=told.error)


def payload(message: HelloAnswer | Receipt, most: int | None) -> bytes | None:
    """Return an encoded message; None where it exceeds `most` bytes or the contract's own limit."""
    raw = encode(message)
    if len(raw) > PACKED:
        raw = encode(message, compress=True)
    return raw if len(raw) + HEAD <= min(LARGEST_PACKET, most or LARGEST_PACKET) else None
