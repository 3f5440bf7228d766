"""The tables by which stations' columns are decoded, and the blocks that wait for their table.

A block without its table is stored as received until the table arrives, across restarts. It gets no receipt before its
minutes are stored: which records it holds is unknown until then, and waiting blocks are evicted, the oldest first,
where there are too many. The station resends what was not receipted, with its table.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Raw

from drivers.reason import Reason, system_reason
from edge.files import write_whole
from edge.northbound.columns import name_of
from edge.wire.set_aside import SetAside
from hub.record_files import unwritten

log = logging.getLogger("minshan.watch")
WAITS = Reason("waits_for_table", "it waits for its table {name}", name="")
MOST = 32  # tables of one station that are kept: each of its starts creates one or two
Known = OrderedDict[str, Raw]  # by name, the oldest first


class ColumnTables:
    """`wanted`: names of missing tables since the last receipt, by station. A `folder` of None stores nothing."""

    def __init__(self, folder: Path | None, waiting: SetAside | None) -> None:
        self.wanted: dict[str, set[str]] = {}
        self._folder, self._waiting = folder, waiting
        self._known: dict[str, Known] = {}
        self._new: set[str] = set()  # stations whose tables came since the last `sync`
        self._unwritten: set[str] = set()  # stations whose tables are not all on the disk
        self._told = False

    def put(self, station: str, table: Raw) -> bool:
        """Add a table, to be stored at the next `sync`. Return whether it is new."""
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
        """Return a table's JSON; None where it is missing."""
        return self._of(station).get(name)

    def wait(self, topic: str, station: str, name: str, payload: bytes) -> None:
        """Store a message until its table arrives, and request the table."""
        self.wanted.setdefault(station, set()).add(name)
        if self._waiting is not None:
            self._waiting.put(topic, payload, WAITS.having(name=name))

    def came(self, station: str) -> Iterator[tuple[str, bytes]]:
        """Remove and yield topic and payload of each waiting message of the station. Raise OSError.

        A file that cannot be read is skipped: its station resends what was not receipted.
        """
        if self._waiting is None:
            return
        for path in self._waiting.files():
            try:
                message, payload = self._waiting.read(path)
            except OSError as error:
                log.warning("%s cannot be read: %s", path, system_reason(error))
                continue
            if message.topic.split("/")[2:3] == [station]:
                self._waiting.remove(path)
                yield message.topic, payload

    def sync(self) -> frozenset[str]:
        """Write new tables to the disk. Return the stations that they came from.

        A failed write is retried at each call: a table lost in a restart is requested again.
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
        """Return a station's stored tables; those that cannot be read are requested again."""
        if self._folder is None:
            return OrderedDict()
        try:
            found = msgspec.json.decode((self._folder / f"{station}.json").read_bytes(), type=list[Raw])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            if not isinstance(error, FileNotFoundError):
                log.warning("the tables of %s cannot be read and are requested again: %s", station, error)
            return OrderedDict()
        return OrderedDict((name_of(table), table) for table in found)
