"""What the platform's side says to a station: receipts in small pages, and the answer to a hello."""

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
from hub.record_files import RecordFiles

PAGE = 1000  # spans or pieces in one receipt
PACKED = 4096  # bytes from which on a message goes compressed
HEAD = 100  # bytes of a packet beside its payload


def receipts(
    records: RecordFiles,
    station: str,
    has: list[Span],
    whole: list[Piece],
    wanted: list[Piece],
    tables: Collection[str] = (),
) -> Iterator[Receipt]:
    """Yield the receipts that say this, none of them large. `tables`: the names of those that are wanted."""
    names = sorted(tables)[:MOST_TABLES]
    for first in range(0, max(len(has), len(whole), len(wanted), len(names)), PAGE):
        page = slice(first, first + PAGE)
        revised = records.revised(station, has[page])
        parts = has[page], whole[page], wanted[page], revised, names[page]
        yield Receipt(VERSION, records.id, records.generation, *parts)


def answers(records: RecordFiles, hello: Hello, utc: int, proves: bool, reads: int = VERSION) -> Iterator[HelloAnswer]:
    """Yield the answer to a hello, and after it the one to send where that is too large.

    It speaks of the epochs that the hello names. The second says nothing of what is here: it still tells the time
    (microseconds UTC), and receipts close what comes. A list of so many holes is not an honest station's.
    """
    named = {span.epoch for span in hello.epochs}
    has = [span for span in records.held(hello.station) if span.epoch in named]
    if proves and len(has) <= MOST_SPANS:
        revised = records.revised(hello.station, has)
        yield HelloAnswer(VERSION, hello.nonce, utc, records.id, records.generation, has, revised, reads=reads)
    yield HelloAnswer(VERSION, hello.nonce, utc, reads=reads)


def payload(message: HelloAnswer | Receipt, most: int | None) -> bytes | None:
    """Return a message as it goes out; None where it is larger than a packet of `most` bytes, or than any may be."""
    raw = encode(message)
    if len(raw) > PACKED:
        raw = encode(message, compress=True)
    return raw if len(raw) + HEAD <= min(LARGEST_PACKET, most or LARGEST_PACKET) else None
