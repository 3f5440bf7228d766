"""The queue of a station's destination: chosen newest first from the store, fixed, proven, halved, set aside.

Records without a time wait until they have one; what is no minute goes where the destination wants it. The bytes of a
batch are kept before the first try (`edge/store/batches.py`), so that after any kill the same ones come under the same
idempotency key.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable

import msgspec

from drivers.reason import Reason
from edge.config.forward import Forward, HttpJson
from edge.forward.batch import BatchItem, ForwardBatch, read
from edge.northbound.verdict import EncodeError
from edge.records import ranges
from edge.records.record import Kind, Record
from edge.snapshots import ForwardSnapshot
from edge.store.delivery import FORWARD
from edge.store.store import Store

NOT_WRITTEN = Reason("record_not_written", "the record cannot be written: {why}", why="")
Encode = Callable[[str, Record], bytes]  # raises EncodeError


class StoreQueue:
    """One destination's, of the station of that name. `snapshot` is replaced, never changed."""

    def __init__(self, store: Store, station: str, section: Forward) -> None:
        self._store, self._station = store, station
        self._events = isinstance(section, HttpJson) and section.events
        self.destination = section.name
        self.dest = FORWARD + section.name
        self.snapshot = ForwardSnapshot(section.name, section.kind)

    def batches(self) -> list[ForwardBatch]:
        """Return what is on its way, what goes first first."""
        return [self._read(number, kept) for number, kept in self._store.batches.of(self.dest).items()]

    def fill(self, most: int, encode: Encode) -> ForwardBatch | None:
        """Fix the next batch, of `most` records, newest first. Return it; None where nothing waits."""
        there = self.batches()
        under_way = ranges.of(sorted(item.seq for batch in there for item in batch.items))
        while found := self._store.outbox.unsent(self.dest, most, excluding=under_way):
            items, lines = [], []
            for record in reversed(found):
                item = BatchItem(self._station, record.epoch, record.seq, record.revision, record.start)
                if record.kind != Kind.MINUTE and not self._events:
                    continue
                try:
                    lines.append(_line(self._station, record, encode))
                    items.append(item)
                except EncodeError as error:
                    self._store.batches.close(self.dest, [item], why=_said(error.reason))
            passed = [record for record in found if record.kind != Kind.MINUTE and not self._events]
            if passed:
                self._store.batches.close(self.dest, passed)
            if items:
                batch = ForwardBatch(self.destination, max((one.number for one in there), default=0) + 1, items, lines)
                self._store.batches.keep(self.dest, _kept(batch))
                return batch
        return None

    def proven(self, batch: ForwardBatch) -> None:
        """Note that the destination has a batch: each record of it that has not been revised meanwhile."""
        self._store.batches.close(self.dest, batch.items, batch.number)
        self._set(None)

    def halve(self, batch: ForwardBatch) -> None:
        """Put the two halves of a batch in its place."""
        number = max([batch.number, *self._store.batches.of(self.dest)]) + 1
        one, other = batch.halves(number)
        self._store.batches.keep(self.dest, _kept(one) | _kept(other), (batch.number,))

    def set_aside(self, batch: ForwardBatch, why: Reason) -> None:
        """Note that the destination does not take a batch of one record, so that it holds up no other."""
        self._store.batches.close(self.dest, batch.items, batch.number, _said(why))

    def failed(self, why: Reason) -> None:
        """Note why nothing gets through."""
        self._set(why)

    def close(self) -> None:
        """Do nothing: the store is the station's."""

    def _set(self, trouble: Reason | None) -> None:
        self.snapshot = msgspec.structs.replace(self.snapshot, trouble=trouble)

    def _read(self, number: int, kept: bytes) -> ForwardBatch:
        names, _, raw = zlib.decompress(kept).partition(b"\n")
        return read(self.destination, number, names.decode(), raw)


def _line(station: str, record: Record, encode: Encode) -> bytes:
    try:
        return encode(station, record)
    except EncodeError:
        raise
    except Exception as error:  # noqa: BLE001  # a record may hold anything, and holds up no other
        raise EncodeError(NOT_WRITTEN.having(why=f"{type(error).__name__}: {error}")) from None


def _kept(batch: ForwardBatch) -> dict[int, bytes]:
    return {batch.number: zlib.compress(batch.names.encode() + b"\n" + batch.raw)}


def _said(why: Reason) -> bytes:
    return json.dumps(why.builtins(), ensure_ascii=False).encode()
