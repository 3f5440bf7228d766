"""Spans of sequence numbers of many epochs: what records come to, and what one list has that another lacks."""

from __future__ import annotations

from collections.abc import Iterable

from edge.record import Record
from edge.uplink.contract import Span


def of(records: Iterable[Record]) -> list[Span]:
    """The spans of these records, in order, as few as can be."""
    return merged(Span(record.epoch, record.seq, record.seq) for record in records)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same sequence numbers in order, as few spans as can be; empty ones (last before first) go."""
    out: list[Span] = []
    for span in sorted((s for s in spans if s.first <= s.last), key=lambda s: (s.epoch, s.first)):
        if out and out[-1].epoch == span.epoch and span.first <= out[-1].last + 1:
            out[-1] = Span(span.epoch, out[-1].first, max(out[-1].last, span.last))
        else:
            out.append(span)
    return out


def minus(spans: Iterable[Span], away: Iterable[Span]) -> list[Span]:
    """What is in `spans` and not in `away`."""
    holes: dict[str, list[Span]] = {}
    for hole in merged(away):
        holes.setdefault(hole.epoch, []).append(hole)
    out: list[Span] = []
    for span in merged(spans):
        first = span.first
        for hole in holes.get(span.epoch, []):
            if hole.last < first or hole.first > span.last:
                continue
            if hole.first > first:
                out.append(Span(span.epoch, first, hole.first - 1))
            first = hole.last + 1
        if first <= span.last:
            out.append(Span(span.epoch, first, span.last))
    return out


def common(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What is in both."""
    here = merged(spans)
    return minus(here, minus(here, others))
