"""What is in a message of records, in whichever version of the contract it came."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from edge.records.record import Record
from edge.wire.contract import Batch, PayloadError, Topic, decode
from hub import column_batches, intake
from hub.column_tables import ColumnTables

DECODER = Path(__file__).resolve().parents[2] / "docs" / "wire-contract" / "decoder.py"


class Reader:
    """Reads as a receiver does that forgets no table; minutes that came before their table are read after it."""

    def __init__(self) -> None:
        self._tables = ColumnTables(None, None)
        self._waiting: list[tuple[str, bytes]] = []

    def records(self, topic: str, payload: bytes) -> list[Record]:
        """Return the records of a message, and of those before it that can be read now; none on another topic."""
        if topic.rpartition("/")[2] not in (Topic.LIVE, Topic.BACKFILL):
            return []
        if not intake.in_columns(topic):
            return decode(payload, Batch).records
        found = column_batches.read(topic, payload, self._tables)
        if found.bad:
            raise PayloadError(found.bad[0][1])
        records = [record for raw in found.records if isinstance(record := intake.record(raw), Record)]
        records += found.minutes
        if self._tables.wanted.pop(found.station, None):
            self._waiting.append((topic, payload))
        elif found.new_tables:
            waiting, self._waiting = self._waiting, []
            records += [record for again in waiting for record in self.records(*again)]
        return records


def documents_decoder() -> ModuleType:
    """Return the decoder of the documents, loaded from its file."""
    spec = importlib.util.spec_from_file_location("decoder", DECODER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
