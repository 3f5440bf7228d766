"""The disks of the database and of the photos in `minshan hub status`: nearly full, or read-only."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drivers.reason import Reason
from edge.files import refusal
from edge.language import texts
from edge.language.texts import _
from provisioning.commands.options import print_json
from provisioning.folding import say

if TYPE_CHECKING:
    from hub.config import HubConfig
    from hub.database.engine import Engine

LITTLE = 64 * 1024 * 1024  # bytes; SQLite's log alone may take that much


def shown(config: HubConfig, engine: Engine, as_json: bool) -> bool:
    """Print a line for each disk that is read-only or nearly full. Return whether there was one. Raise SinkError."""
    rooms, refusals = list(little_room(config)), list(unwritable(config, engine))
    for facts, words in (
        *((room._asdict(), line(room)) for room in rooms),
        *(({"why": why.builtins()}, texts.render(why)) for why in refusals),
    ):
        if as_json:
            print_json(facts)
        else:
            say(words)
    return bool(rooms or refusals)


class LittleRoom(NamedTuple):
    """A file or folder of the hub whose disk has little room left, and the free bytes."""

    file: str
    free_bytes: int


def little_room(config: HubConfig) -> Iterator[LittleRoom]:
    """Yield the places with less than LITTLE free; PostgreSQL's disk cannot be checked from here."""
    from hub.database.engine import SQLITE, file_of

    url = config.database.url
    for place in ([file_of(url)] if url.startswith(SQLITE) else []) + [config.pictures.dir]:
        try:
            found = os.statvfs(place)
        except OSError:  # it does not exist yet, or is not accessible: other lines report that
            continue
        if (free := found.f_bavail * found.f_frsize) < LITTLE:
            yield LittleRoom(place, free)


def unwritable(config: HubConfig, engine: Engine) -> Iterator[Reason]:
    """Yield why the database or the photos cannot be written, as far as it can be checked. Raise SinkError."""
    from hub.record_files import unwritten

    if (why := engine.unwritable()) is not None:
        yield why
    folder = config.pictures.dir
    if refusal(Path(folder)) == errno.EROFS:
        yield unwritten(OSError(errno.EROFS, os.strerror(errno.EROFS), folder))


def line(room: LittleRoom) -> str:
    """Return the place as a line."""
    sentence = _("{file}: only {mb} MB are left on its disk; once it is full, nothing more is kept there")
    return sentence.format(file=room.file, mb=round(room.free_bytes / 1e6))
