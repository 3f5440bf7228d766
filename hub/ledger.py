"""The ledger of records received, as ranges for each station and epoch. It decides what is a duplicate.

(station, epoch, seq, revision) identifies one version of one record. A lower revision that arrives after a higher one
is a duplicate too: its content has already been corrected. Different content under the same identity is not: it is
detected by a digest of the record, and reported.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from edge.records.ranges import of as ranges_of
from edge.records.spans import Span
from edge.wire.contract import MOST_SPANS, Revised

PAGE = 1024  # digests that are stored or evicted together
MOST_PAGES = 2000  # 16 MB: four years of one station's minutes, half a year of eight stations'
UNKNOWN = 0  # stands for a digest that was not computed


class Ranges:
    """Sequence numbers as sorted, disjoint ranges that do not touch; one more costs a search, not a copy."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __contains__(self, number: int) -> bool:
        place = bisect_left(self._lasts, number)
        return place < len(self._lasts) and self._firsts[place] <= number

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        return len(self._firsts)

    def add(self, first: int, last: int) -> None:
        """Add first..last, both included."""
        begin = bisect_left(self._lasts, first - 1)  # the first range that reaches it
        end = bisect_right(self._firsts, last + 1)  # behind the last that it reaches
        if begin < end:
            first, last = min(first, self._firsts[begin]), max(last, self._lasts[end - 1])
        self._firsts[begin:end] = [first]
        self._lasts[begin:end] = [last]

    def count(self) -> int:
        """Return the count of numbers."""
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def ends(self) -> tuple[int, int] | None:
        """Return the lowest and the highest number; None where it is empty."""
        return (self._firsts[0], self._lasts[-1]) if self._firsts else None

    def gaps(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges of first..last that are missing."""
        for begin, end in self:
            if first < begin:
                yield first, min(begin - 1, last)
            first = max(first, end + 1)
            if first > last:
                return
        if first <= last:
            yield first, last


class Digests:
    """An LRU cache of digests (eight bytes each) of the newest two million records."""

    def __init__(self, most_pages: int = MOST_PAGES) -> None:
        self._most = most_pages
        self._pages: OrderedDict[tuple[str, str, int], array[int]] = OrderedDict()

    def get(self, station: str, epoch: str, seq: int) -> int:
        """Return the digest; UNKNOWN where it is not kept."""
        page = self._pages.get((station, epoch, seq // PAGE))
        return UNKNOWN if page is None else page[seq % PAGE]

    def put(self, station: str, epoch: str, seq: int, digest: int) -> None:
        """Store a digest."""
        key = station, epoch, seq // PAGE
        if key not in self._pages:
            self._pages[key] = array("Q", bytes(8 * PAGE))
        self._pages.move_to_end(key)
        self._pages[key][seq % PAGE] = digest
        while len(self._pages) > self._most:
            self._pages.popitem(last=False)


class Ledger:
    """Ranges of seq by (station, epoch), the revisions above 0, and the ranges that stations announced."""

    def __init__(self) -> None:
        self._has: dict[tuple[str, str], Ranges] = {}
        self._revisions: dict[tuple[str, str], dict[int, int]] = {}
        self._digests = Digests()
        self._announced: dict[str, dict[str, tuple[int, int]]] = {}

    def has(self, station: str, epoch: str, seq: int, revision: int) -> bool:
        """Return True where this version of the record, or a later one, is here."""
        ranges = self._has.get((station, epoch))
        return ranges is not None and seq in ranges and self._revision(station, epoch, seq) >= revision

    def differs(self, station: str, epoch: str, seq: int, revision: int, digest: int) -> bool:
        """Return True where exactly this version is here and its digest is known to differ."""
        known = self._digests.get(station, epoch, seq)
        return known not in (UNKNOWN, digest) and self._revision(station, epoch, seq) == revision

    def add(self, station: str, epoch: str, seq: int, revision: int, digest: int = UNKNOWN) -> None:
        """Add this version."""
        self.add_span(station, Span(epoch, seq, seq))
        if revision > self._revision(station, epoch, seq):
            self._revisions.setdefault((station, epoch), {})[seq] = revision
        self._digests.put(station, epoch, seq, digest)

    def add_span(self, station: str, span: Span, revision: int = 0) -> None:
        """Add a span, all of it in this revision."""
        self._has.setdefault((station, span.epoch), Ranges()).add(span.first, span.last)
        if revision:
            seqs = range(span.first, span.last + 1)
            self._revisions.setdefault((station, span.epoch), {}).update(dict.fromkeys(seqs, revision))

    def stations(self) -> list[str]:
        """Return the stations known, by name."""
        return sorted({station for station, _ in self._has} | set(self._announced))

    def spans(self, station: str) -> list[Span]:
        """Return all that is here of a station, in order."""
        return [
            Span(epoch, first, last)
            for (name, epoch), ranges in sorted(self._has.items(), key=lambda item: item[0])
            if name == station
            for first, last in ranges
        ]

    def revised(self, station: str, has: Iterable[Span]) -> list[Revised]:
        """Return what of `has` is here in a revision above 0."""
        found: dict[tuple[int, str], list[int]] = {}
        for span in has:
            revisions = self._revisions.get((station, span.epoch), {})
            whole = range(span.first, span.last + 1)
            for seq in whole if len(whole) < len(revisions) else revisions:
                if seq in whole and (revision := revisions.get(seq)):
                    found.setdefault((revision, span.epoch), []).append(seq)
        spans: dict[int, list[Span]] = {}
        for (revision, epoch), seqs in sorted(found.items()):
            spans.setdefault(revision, []).extend(Span(epoch, *pair) for pair in ranges_of(sorted(seqs)))
        return [Revised(revision, each) for revision, each in spans.items()]

    def count(self, station: str) -> int:
        """Return how many records of the station are here."""
        return sum(ranges.count() for (name, _), ranges in self._has.items() if name == station)

    def announce(self, station: str, epochs: Iterable[Span]) -> None:
        """Merge the ranges of a station's hello; epochs that it does not name keep their last ranges."""
        known = self._announced.setdefault(station, {})
        for span in epochs:
            first, last = known.pop(span.epoch, (span.first, span.last))
            known[span.epoch] = min(first, span.first), max(last, span.last)
        for epoch in list(known)[: max(0, len(known) - MOST_SPANS)]:
            del known[epoch]

    def missing(self, station: str) -> list[Span]:
        """Return the records that the station has or had and that are missing: holes, and announced ranges."""
        known = dict(self._announced.get(station, {}))
        for (name, epoch), ranges in self._has.items():
            ends = ranges.ends()
            if name == station and ends is not None:
                first, last = known.get(epoch, ends)
                known[epoch] = min(first, ends[0]), max(last, ends[1])
        nothing = Ranges()
        return [
            Span(epoch, *gap)
            for epoch, (first, last) in sorted(known.items())
            for gap in self._has.get((station, epoch), nothing).gaps(first, last)
        ]

    def _revision(self, station: str, epoch: str, seq: int) -> int:
        return self._revisions.get((station, epoch), {}).get(seq, 0)
