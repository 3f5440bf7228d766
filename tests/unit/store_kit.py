"""What the store's tests share: drafts, and a broken disk made of SQLite's own seam."""

from __future__ import annotations

from typing import Any

import apsw

from edge.record import ClockMark, Draft, Kind, Stamp

MINUTE = 60_000_000  # microseconds
NTP = ClockMark("ntp", 0.01)
ARRIVAL = ClockMark("arrival")
BODY = {
    "values": {"air_temperature": 12.34, "relative_humidity": 81.2, "air_pressure": 871.3, "wind_speed": 1.2},
    "quality": {"air_temperature": 1, "relative_humidity": 1, "air_pressure": 1, "wind_speed": 1},
    "reasons": {},
}


def minute(number: int, boot: str = "boot-1", timed: bool = True, body: dict[str, Any] | None = None) -> Draft:
    """The draft of the boot's minute `number`."""
    start = number * MINUTE if timed else None
    return Draft(
        Kind.MINUTE, Stamp(boot, number * 60.0), 60.0, start, NTP if timed else ARRIVAL, body or {**BODY, "n": number}
    )


def event(kind: Kind, number: int, body: dict[str, Any], boot: str = "boot-1") -> Draft:
    """The draft of an event at the boot's minute `number`."""
    return Draft(kind, Stamp(boot, number * 60.0), 0.0, number * MINUTE, NTP, body)


class BadDisk(apsw.VFS):
    """A file system over the real one that refuses what it is told to.

    `refuse`: the error that writing (or with `syncs` putting to the disk) raises, None: works. `after`: how many
    calls still work first.
    """

    def __init__(self, name: str) -> None:
        self.vfs_name = name
        self.refuse: type[apsw.Error] | None = None
        self.syncs = False
        self.after = 0
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> BadFile:
        return BadFile(self, name, flags)

    def strike(self, sync: bool) -> None:
        """Raise what the disk would say."""
        if self.refuse is None or sync is not self.syncs:
            return
        if self.after > 0:
            self.after -= 1
            return
        raise self.refuse("the disk was told to")


class BadFile(apsw.VFSFile):
    """A file of a BadDisk."""

    def __init__(self, disk: BadDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.strike(sync=False)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.strike(sync=True)
        super().xSync(flags)
