"""The tables for reading stations' columns, and the blocks that wait for theirs.

A block whose table is not here is kept as it came until the table comes, over restarts. It is not receipted before its
minutes are in their file: nobody can say which records it holds, and what waits is let go of, the oldest first, where
there is too much of it. The station sends again what was not receipted, with its table.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Raw

from drivers.reason import Reason
from edge.files import write_whole
from edge.northbound.columns import name_of
from edge.wire.set_aside import SetAside
from hub.record_files import unwritten

log = logging.getLogger("minshan.watch")
WAITS = Reason("waits_for_table", "it waits for its table {name}", name="")
MOST = 32  # tables of one station that are kept: each start of it makes one or two
Known = OrderedDict[str, Raw]  # by name, the oldest first


class ColumnTables:
    """`wanted`: the names that were lacking since the last receipt, by station. A `folder` of None keeps nothing."""

    def __init__(self, folder: Path | None, waiting: SetAside | None) -> None:
        self.wanted: dict[str, set[str]] = {}
        self._folder, self._waiting = folder, waiting
        self._known: dict[str, Known] = {}
        self._new: set[str] = set()  # stations whose tables came since the last `sync`
        self._unwritten: set[str] = set()  # stations whose tables are not all on the disk
        self._told = False

    def put(self, station: str, table: Raw) -> bool:
        """Keep a table for the next `sync`. Return whether it is new here. Raise OSError."""
        known, name = self._of(station), name_of(table)
        new = name not in known
        known[name] = Raw(bytes(table))
        known.move_to_end(name)
        while len(known) > MOST:
            known.popitem(last=False)
        if new:
            self._new.add(station)
            self._unwritten.add(station)
        self.wanted.get(station, set()).discard(name)
        return new

    def get(self, station: str, name: str) -> Raw | None:
        """Return a table's JSON; None where it is not here. Raise OSError."""
        return self._of(station).get(name)

    def wait(self, topic: str, station: str, name: str, payload: bytes) -> None:
        """Keep a message until its table comes, and want that."""
        self.wanted.setdefault(station, set()).add(name)
        if self._waiting is not None:
            self._waiting.put(topic, payload, WAITS.having(name=name))

    def came(self, station: str) -> Iterator[tuple[str, bytes]]:
        """Yield topic and payload of each waiting message of the station, which then no longer waits. Raise OSError."""
        if self._waiting is None:
            return
        for path in self._waiting.files():
            message, payload = self._waiting.read(path)
            if message.topic.split("/")[2:3] == [station]:
                self._waiting.remove(path)
                yield message.topic, payload

    def sync(self) -> frozenset[str]:
        """See the tables that are new on the disk. Return the stations that they came from.

        Where there is no room for them it is tried again each time: a table that a restart forgets is wanted anew.
        """
        came = frozenset(self._new)
        self._new.clear()
        for station in sorted(self._unwritten):
            try:
                self._write(station)
            except OSError as error:
                error.filename = str(self._folder)
                if not self._told:
                    log.warning("%s", unwritten(error))
                self._told = True
                return came
        self._unwritten.clear()
        self._told = False
        return came

    def _write(self, station: str) -> None:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            whole = msgspec.json.encode(list(self._known[station].values())) + b"\n"
            write_whole(self._folder / f"{station}.json", whole, 0o644)

    def _of(self, station: str) -> Known:
        if station not in self._known:
            self._known[station] = self._read(station)
        return self._known[station]

    def _read(self, station: str) -> Known:
        """Return what is kept of a station; what can't be read is asked for again."""
        if self._folder is None:
            return OrderedDict()
        try:
            found = msgspec.json.decode((self._folder / f"{station}.json").read_bytes(), type=list[Raw])
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            return OrderedDict()
        return OrderedDict((name_of(table), table) for table in found)
