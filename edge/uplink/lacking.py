"""Records that were sent and acknowledged, but that the platform repeatedly turns out to lack.

Something on the way drops them, or the platform cannot store them. Nothing states which record of a batch is the cause,
so each time that a record is lacking it is sent in a smaller batch: the others of its batch arrive after a few rounds,
and in the end it is sent alone. One that was sent alone and lacking three times, while others arrived, stays on the
station and is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from edge.records import ranges
from edge.records.record import Record
from edge.records.spans import Span

BATCHES = (40, 5, 1, 1, 1)  # records in a batch after the first, second, … time; after the last it stays here
MOST = 20_000  # records counted: the newest


class LackingCounts:
    """How often each record was lacking since the start of the daemon; `stays`: those that are not sent any more.

    Records are identified by their seq, which is unique in a store.
    """

    def __init__(self) -> None:
        self.stays: set[int] = set()
        self._times: dict[int, int] = {}
        self._others_arrived = False
        self.nothing_arrives = False  # of what was sent last

    def twice(self, records: Iterable[Record]) -> bool:
        """Return whether one of them was lacking twice: they are then sent in the oldest version of the contract."""
        return bool(self._times) and any(self._times.get(record.seq, 0) > 1 for record in records)

    def proved(self, has: Iterable[Span], new: bool) -> None:
        """Forget the records that the platform has; `new`: some of them were unproven until now."""
        self._others_arrived |= new
        if self._times:
            arrived = ranges.ranges((span.first, span.last) for span in has)
            self._times = {seq: n for seq, n in self._times.items() if not ranges.contains(arrived, seq)}
            self.stays &= self._times.keys()

    def again(self, lacking: Iterable[Span]) -> None:
        """Count the lacking records of those sent long ago; this counts only if others have arrived meanwhile."""
        seqs = {seq for span in lacking for seq in range(max(span.first, span.last - MOST), span.last + 1)}
        self.nothing_arrives = bool(seqs) and not self._others_arrived
        if not seqs or not self._others_arrived:
            return
        self._others_arrived = False
        times = self._times | {seq: self._times.get(seq, 0) + 1 for seq in seqs}
        self._times = dict(sorted(times.items())[-MOST:])
        self.stays |= {seq for seq, number in self._times.items() if number > len(BATCHES)}

    def batches(self, records: Sequence[Record], most: int) -> Iterator[Sequence[Record]]:
        """Yield records in batches of at most `most`, smaller ones for records that were lacking."""
        if not self._times:
            yield from (records[at : at + most] for at in range(0, len(records), most))
            return
        batch: list[Record] = []
        size = most
        for record in records:
            times = self._times.get(record.seq, 0)
            wanted = min(most, BATCHES[min(times, len(BATCHES)) - 1]) if times else most
            if batch and (len(batch) >= size or wanted != size):
                yield batch
                batch = []
            size = wanted
            batch.append(record)
        if batch:
            yield batch
