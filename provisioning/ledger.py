"""What the platform's side has: identities, as ranges for each station and epoch. It decides what is a double.

(station, epoch, seq, revision) names one version of one record. A lower revision that comes after a higher one
is a double too: what it says has been corrected already.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.store import unsent
from edge.store.unsent import NOTHING, Ranges
from edge.uplink.contract import Revised, Span
from edge.uplink.spans import merged


class Ledger:
    """Ranges of seq by (station, epoch), the revisions above 0 beside them, and what stations say they have."""

    def __init__(self) -> None:
        self._has: dict[tuple[str, str], Ranges] = {}
        self._revisions: dict[tuple[str, str, int], int] = {}
        self._announced: dict[str, list[Span]] = {}

    def has(self, station: str, epoch: str, seq: int, revision: int) -> bool:
        """True where this version of the record, or a later one, is here."""
        if not unsent.contains(self._has.get((station, epoch), NOTHING), seq):
            return False
        return self._revisions.get((station, epoch, seq), 0) >= revision

    def add(self, station: str, epoch: str, seq: int, revision: int) -> None:
        """This version is here now."""
        key = station, epoch
        ranges = self._has.get(key, NOTHING)
        if not unsent.contains(ranges, seq):
            self._has[key] = _with(ranges, seq)
        if revision > self._revisions.get((station, epoch, seq), 0):
            self._revisions[station, epoch, seq] = revision

    def stations(self) -> list[str]:
        """The stations known, by name."""
        return sorted({station for station, _ in self._has} | set(self._announced))

    def spans(self, station: str) -> list[Span]:
        """All that is here of a station, in order."""
        return [
            Span(epoch, first, last)
            for (name, epoch), ranges in sorted(self._has.items())
            if name == station
            for first, last in ranges
        ]

    def revised(self, station: str, has: Iterable[Span]) -> list[Revised]:
        """What of `has` is here in a revision above 0."""
        found: dict[int, list[Span]] = {}
        for span in has if self._revisions else ():
            for seq in range(span.first, span.last + 1):
                if revision := self._revisions.get((station, span.epoch, seq)):
                    found.setdefault(revision, []).append(Span(span.epoch, seq, seq))
        return [Revised(revision, merged(found[revision])) for revision in sorted(found)]

    def count(self, station: str) -> int:
        """How many records of the station are here."""
        return sum(span.last - span.first + 1 for span in self.spans(station))

    def announce(self, station: str, epochs: Iterable[Span]) -> None:
        """A station's hello: the epochs and seqs that it has."""
        self._announced[station] = list(epochs)

    def missing(self, station: str) -> list[Span]:
        """What the station has, or must have had, and is not here: holes, and what its hello named beyond."""
        known: dict[str, Ranges] = {}
        for span in [*self._announced.get(station, []), *self.spans(station)]:
            known[span.epoch] = unsent.union(known.get(span.epoch, NOTHING), ((span.first, span.last),))
        out = []
        for epoch, ranges in sorted(known.items()):
            whole: Ranges = ((ranges[0][0], ranges[-1][1]),)
            holes = unsent.without(whole, self._has.get((station, epoch), NOTHING))
            out += [Span(epoch, first, last) for first, last in holes]
        return out


def _with(ranges: Ranges, seq: int) -> Ranges:
    """The ranges and one number that is not in them; the common cases, next to an end, cost nothing."""
    if ranges and seq == ranges[-1][1] + 1:
        return (*ranges[:-1], (ranges[-1][0], seq))
    return unsent.union(ranges, ((seq, seq),))
