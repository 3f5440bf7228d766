"""The same platform with a hub's database behind its receiver: SQLite in simulated time."""

from __future__ import annotations

from collections.abc import Iterator

from edge.sim.record_checkers import Version
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.receiver import Files, Receiver
from tests.kits.far_end import PICTURES, SECTION, FarEnd
from tests.kits.sink_kit import kept


class DatabaseEnd(FarEnd):
    """A `FarEnd` that commits; an old copy of its file is put back as it was, and nobody is told."""

    files = ("hub.db", "hub.db-wal")

    @property
    def url(self) -> str:
        """The database's address."""
        return f"sqlite://{self._folder.absolute()}/hub.db"

    def database(self) -> Iterator[Version]:
        """Yield what the database holds; the ledger must name just that."""
        self._stop()
        sink = DatabaseSink(opened(self.url))
        assert sink.compare() == 0
        sink.close()
        yield from ((epoch, seq, revision) for (_, epoch, seq), (revision, _) in kept(self.url).items())

    def _opened(self) -> Receiver:
        sink = DatabaseSink(opened(self.url))
        files = Files(pictures=self._folder / PICTURES)
        return Receiver(SECTION, files, True, lambda _station, _record: None, self.utc, sink=sink, told=self._told)

    def utc(self) -> int:
        """Return the time at which something arrives, microseconds."""
        return 0
