"""What `minshan hub status` says of the disks of the database and of the photos: where little room is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edge.language.texts import _

if TYPE_CHECKING:
    from hub.config import HubConfig

LITTLE = 64 * 1024 * 1024  # bytes, which SQLite's log may take alone


class LittleRoom(NamedTuple):
    """A place of the hub's on whose disk so many bytes are left, which are few."""

    file: str
    free_bytes: int


def little_room(config: HubConfig) -> Iterator[LittleRoom]:
    """Yield the places in which soon nothing more can be kept; PostgreSQL's disk is not seen from here."""
    from hub.database.engine import SQLITE, file_of

    url = config.database.url
    for place in ([file_of(url)] if url.startswith(SQLITE) else []) + [config.pictures.dir]:
        try:
            found = os.statvfs(place)
        except OSError:  # it is not there yet, or not for this user to see: other lines say so
            continue
        if (free := found.f_bavail * found.f_frsize) < LITTLE:
            yield LittleRoom(place, free)


def line(room: LittleRoom) -> str:
    """Return it as a line."""
    sentence = _("{file}: only {mb} MB are left on its disk; once it is full, nothing more is kept there")
    return sentence.format(file=room.file, mb=round(room.free_bytes / 1e6))
