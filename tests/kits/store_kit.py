"""What the store's tests share: drafts, and a broken disk made of SQLite's own seam."""

from __future__ import annotations

import os
import random
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store import carve, rows, schema
from edge.store.delivery import ALL, END, INSERT_SPAN, span_row
from edge.store.folder import DATABASE, LOG
from edge.store.outbox import PLATFORM
from edge.store.schema import PAGE
from edge.store.store import Store
from tests.kits import leftovers

MINUTE = 60_000_000  # microseconds
NTP = ClockMark("ntp", 0.01)
ARRIVAL = ClockMark("arrival")
BODY = {
    "values": {"air_temperature": 12.34, "relative_humidity": 81.2, "air_pressure": 871.3, "wind_speed": 1.2},
    "quality": {"air_temperature": 1, "relative_humidity": 1, "air_pressure": 1, "wind_speed": 1},
    "reasons": {},
}


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Give a new folder, in memory where the machine has a file system there: flushes cost nothing."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=leftovers.prefix(), dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(name="ram")
def folder_in_memory() -> Iterator[Path]:
    """Give the same to a test that takes it as an argument."""
    with memory_folder() as folder:
        yield folder


def minute(number: int, boot: str = "boot-1", timed: bool = True, body: dict[str, Any] | None = None) -> Draft:
    """Return the draft of the boot's minute `number`."""
    start = number * MINUTE if timed else None
    return Draft(
        Kind.MINUTE, Stamp(boot, number * 60.0), 60.0, start, NTP if timed else ARRIVAL, body or {**BODY, "n": number}
    )


def event(kind: Kind, number: int, body: dict[str, Any], boot: str = "boot-1") -> Draft:
    """Return the draft of an event at the boot's minute `number`."""
    return Draft(kind, Stamp(boot, number * 60.0), 0.0, number * MINUTE, NTP, body)


def many(folder: Path, records: int) -> None:
    """Make a closed store with so many minutes in it, quickly."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,))
    store.append(minute(1))
    store.close()
    drafts = (rows.record_of(minute(n), "a", n) for n in range(2, records + 1))
    connection = schema.connect(folder / DATABASE)
    with connection:
        connection.executemany(rows.INSERT, ((*rows.row_of(record), None) for record in drafts))
        connection.execute("DELETE FROM span")
        connection.execute(INSERT_SPAN, span_row(ALL, END, records, records))
    connection.close()


def seqs_on(page: bytes) -> set[int]:
    """Return the seqs of the records that lie on a page."""
    return {row[0] for row in carve.records(page, lambda number: b"")}


def damaged_pages(folder: Path, rng: random.Random, pages: int) -> set[int]:
    """Empty pages with records, and the root of them all. Return the seqs that are lost by it."""
    content = bytearray((folder / DATABASE).read_bytes())
    places = range(0, len(content), PAGE)
    full = [at for at in places if seqs_on(bytes(content[at : at + PAGE]))]
    hurt = rng.sample(full, pages)
    lost = {seq for at in hurt for seq in seqs_on(bytes(content[at : at + PAGE]))}
    for at in (*hurt, PAGE):  # the table's root is the second page
        content[at : at + PAGE] = bytes(PAGE)
    (folder / DATABASE).write_bytes(content)
    return lost


def break_log(folder: Path, frame: int) -> None:
    """Flip bits in a page of a database's log; below 0: counted from its end."""
    log = bytearray((folder / (DATABASE + LOG)).read_bytes())
    log[frame * carve.FRAME + (carve.WAL_HEADER if frame >= 0 else 0) + 700] ^= 0xFF
    (folder / (DATABASE + LOG)).write_bytes(log)


class BadDisk(apsw.VFS):
    """A file system over the real one that refuses what it is told to.

    `refuse`: the error that writing (or with `syncs` putting to the disk) raises, None: works. `after`: how many
    calls still work first. `only`: the end of the names of the files that it refuses. `unreadable`: reading fails.
    """

    def __init__(self, name: str) -> None:
        self.vfs_name = name
        self.refuse: type[apsw.Error] | None = None
        self.syncs = False
        self.after = 0
        self.only = ""
        self.unreadable = False
        self.generation = 0  # of files; older ones are beyond reach
        super().__init__(name, "")

    def pull_out(self) -> None:
        """Put every file that is open now beyond reach, as a disk that is pulled out does."""
        self.generation += 1

    def xOpen(self, name: Any, flags: list[int]) -> BadFile:
        return BadFile(self, name, flags)

    def strike(self, name: str, sync: bool) -> None:
        """Raise what the disk would say of that file."""
        if self.refuse is None or sync is not self.syncs or not name.endswith(self.only):
            return
        if self.after > 0:
            self.after -= 1
            return
        raise self.refuse("the disk was told to")


class BadFile(apsw.VFSFile):
    """A file of a BadDisk."""

    def __init__(self, disk: BadDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = str(name.filename() if isinstance(name, apsw.URIFilename) else name)
        self._generation = disk.generation
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        if self._disk.unreadable or self._generation < self._disk.generation:
            raise apsw.IOError("the disk was told to")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.strike(self._name, sync=False)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.strike(self._name, sync=True)
        super().xSync(flags)


@pytest.fixture(name="disk")
def bad_disk() -> Iterator[BadDisk]:
    """Give a disk that can be made to refuse."""
    disk = BadDisk(f"bad-disk-{secrets.token_hex(8)}")
    yield disk
    disk.unregister()
