"""Spans of sequence numbers of several epochs: those of a set of records, and set arithmetic on lists of them."""

from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.records import ranges
from edge.records.ranges import NOTHING, Ranges
from edge.records.record import Record, Seq


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Sequence numbers first..last of one epoch, both included: ["epoch", first, last] on the wire.

    For lost records the epoch may be "", meaning unknown.
    """

    epoch: Annotated[str, Meta(max_length=64)]
    first: Seq
    last: Seq


def of(records: Iterable[Record]) -> list[Span]:
    """Return the spans of these records, in order, as few as possible."""
    return merged(Span(record.epoch, record.seq, record.seq) for record in records)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same sequence numbers in order, in as few spans as possible, without empty ones (last < first)."""
    return _spans(by_epoch(spans))


def minus(spans: Iterable[Span], away: Iterable[Span]) -> list[Span]:
    """Return the sequence numbers in `spans` that are not in `away`."""
    return _each(spans, away, ranges.without)


def common(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return the sequence numbers that are in both."""
    return _each(spans, others, ranges.common)


def _each(spans: Iterable[Span], others: Iterable[Span], join: Callable[[Ranges, Ranges], Ranges]) -> list[Span]:
    mine = by_epoch(spans)
    there = by_epoch(other for other in others if other.epoch in mine)
    return _spans({epoch: join(here, there.get(epoch, NOTHING)) for epoch, here in mine.items()})


def by_epoch(spans: Iterable[Span]) -> dict[str, Ranges]:
    """Return the sequence numbers of each epoch in the spans."""
    pairs: dict[str, list[tuple[int, int]]] = {}
    for span in spans:
        pairs.setdefault(span.epoch, []).append((span.first, span.last))
    return {epoch: ranges.ranges(found) for epoch, found in pairs.items()}


def _spans(found: dict[str, Ranges]) -> list[Span]:
    return [Span(epoch, first, last) for epoch in sorted(found) for first, last in found[epoch]]
