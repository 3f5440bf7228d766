"""The sink over files of JSON lines: the lines are synced, then what is known about them (`hub/record_files.py`).

Files have no transaction: a kill between two lines leaves the first, which is then a duplicate when it is redelivered.
What is receipted is synced all the same.
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
    """A `Sink` over files. Raise OSError, with the file's name, where one cannot be written."""

    def __init__(self, records: RecordFiles) -> None:
        self.records = records

    @property
    def id(self) -> str:
        """The ledger's id, "" where nothing is stored."""
        return self.records.id

    @property
    def generation(self) -> int:
        """A number that rises each time lines were lost."""
        return self.records.generation

    def commit(self, delivery: Delivery) -> CommitOutcome:
        """Write the lines of a delivery and sync them. A row that cannot be written as a line is refused alone."""
        fates: list[RowFate] = []
        why: dict[int, str] = {}
        for place, row in enumerate(delivery.rows):
            try:
                fates.append(self._store(row))
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
        """Return the stored spans of these epochs of a station."""
        return [span for span in self.records.held(station) if span.epoch in epochs]

    def kept(self, station: str, has: list[Span]) -> list[Span]:
        """Return the parts of `has` that are stored."""
        return common(has, self.records.held(station))

    def revised(self, station: str, has: list[Span]) -> list[Revised]:
        """Return the parts of `has` that are stored in a revision above 0."""
        return self.records.revised(station, has)

    def look(self) -> bool:
        """Check what others did to the files, as `RecordFiles.look` does."""
        return self.records.look()

    def speaks(self) -> bool:
        """Return True: no other receiver has these files."""
        return True

    def fall_silent(self) -> None:
        """Do nothing: there is no other receiver."""

    def close(self) -> None:
        """Close the files."""
        self.records.close()

    def _store(self, row: Row) -> RowFate:
        found, came = row.record, Raw(row.raw)
        if isinstance(found, Strange):
            taken = self.records.take_strange(row.station, found, row.arrived, came)
        else:
            more = came if intake.says_more(came) else None
            taken = self.records.take(row.station, found, row.arrived, more)
        if taken is Novelty.OTHER:
            self.records.keep_other(row.station, found, row.arrived, came)
        return FATES[taken]
