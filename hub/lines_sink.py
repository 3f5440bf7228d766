"""The sink over files of JSON lines: the lines are synced, then what is known about them (`hub/record_files.py`).

Files have no transaction: a kill between two lines leaves the first, which is then a double when it comes again. What
is receipted is synced all the same.
"""

from __future__ import annotations

from msgspec import Raw

from edge.records.spans import Span, common
from edge.wire.contract import PayloadError, Revised
from hub import intake
from hub.intake import Strange
from hub.record_files import Novelty, RecordFiles
from hub.sink import CommitOutcome, Delivery, Row, RowFate

FATES = {Novelty.NEW: RowFate.NEW, Novelty.DOUBLE: RowFate.DOUBLE, Novelty.OTHER: RowFate.OTHER}


class LinesSink:
    """A `Sink`. Raise OSError where a file cannot be written, with its name."""

    def __init__(self, records: RecordFiles) -> None:
        self.records = records

    @property
    def id(self) -> str:
        """The ledger's name, "" where nothing is kept."""
        return self.records.id

    @property
    def generation(self) -> int:
        """How often it was seen that lines had gone."""
        return self.records.generation

    def commit(self, delivery: Delivery) -> CommitOutcome:
        """Write the lines of a delivery and sync them. What can be no line is refused, and costs no other."""
        fates: list[RowFate] = []
        why: dict[int, str] = {}
        for place, row in enumerate(delivery.rows):
            try:
                fates.append(self._taken(row))
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001  # a record may hold anything, and costs no other
                why[place] = str(error) if isinstance(error, PayloadError) else f"{type(error).__name__}: {error}"
                fates.append(RowFate.REFUSED)
        for told in delivery.announced:
            self.records.ledger.announce(told.station, told.epochs)
        for note in delivery.notes:
            self.records.note(note.raw)
        self.records.sync()
        return CommitOutcome(tuple(fates), why)

    def held(self, station: str, epochs: frozenset[str]) -> list[Span]:
        """Return what is safe of these epochs of a station."""
        return [span for span in self.records.held(station) if span.epoch in epochs]

    def kept(self, station: str, has: list[Span]) -> list[Span]:
        """Return what of `has` is safe."""
        return common(has, self.records.held(station))

    def revised(self, station: str, has: list[Span]) -> list[Revised]:
        """Return what of `has` is here in a revision above 0."""
        return self.records.revised(station, has)

    def look(self) -> bool:
        """See what others have done to the files."""
        return self.records.look()

    def speaks(self) -> bool:
        """Return True: nobody else has these files."""
        return True

    def fall_silent(self) -> None:
        """Leave it: there is no other."""

    def close(self) -> None:
        """Let the files go."""
        self.records.close()

    def _taken(self, row: Row) -> RowFate:
        found, came = row.record, Raw(row.raw)
        if isinstance(found, Strange):
            taken = self.records.take_strange(row.station, found, row.arrived, came)
        else:
            more = came if intake.says_more(came) else None
            taken = self.records.take(row.station, found, row.arrived, more)
        if taken is Novelty.OTHER:
            self.records.keep_other(row.station, found, row.arrived, came)
        return FATES[taken]
