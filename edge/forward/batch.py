"""A batch in transit to a destination: which records, and their bytes, fixed before the first attempt."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec


class BatchItem(NamedTuple):
    """One record of a batch: its identity (the epoch as the database has it), its revision, its time if it has one."""

    station: str
    epoch: str
    seq: int
    revision: int
    start: int | None


class ForwardBatch(NamedTuple):
    """Records and their lines, in the same order; `number` is its place: the highest goes first."""

    destination: str
    number: int
    items: list[BatchItem]
    lines: list[bytes]

    @property
    def raw(self) -> bytes:
        """Return the lines as they are kept: JSON has no line feed in it."""
        return b"\n".join(self.lines)

    @property
    def names(self) -> str:
        """Return the items as they are kept."""
        return msgspec.json.encode(self.items).decode()

    @property
    def key(self) -> str:
        """Return the idempotency key: the same for the same bytes to the same destination, and for no others."""
        return hashlib.sha256(self.destination.encode() + b"\n" + self.raw).hexdigest()

    def halves(self, number: int) -> tuple[ForwardBatch, ForwardBatch]:
        """Return the two halves of a batch of at least two, numbered from there on."""
        middle = len(self.items) // 2
        return (
            ForwardBatch(self.destination, number, self.items[:middle], self.lines[:middle]),
            ForwardBatch(self.destination, number + 1, self.items[middle:], self.lines[middle:]),
        )


def read(destination: str, number: int, names: str, raw: bytes) -> ForwardBatch:
    """Return a batch from how it is kept."""
    return ForwardBatch(destination, number, msgspec.json.decode(names, type=list[BatchItem]), raw.split(b"\n"))
