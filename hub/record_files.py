"""The files into which records are written, and the ledger of what they contain, kept beside them.

What a receipt says must be true: the lines that it names are somewhere. So the lines themselves are what
counts. `FILE.ledger` holds what they cannot say: the ledger's id and generation, which file was written last,
and the identities in files that have been moved away since (a log that is rotated). A file that was deleted or cut
short, or stands there from a backup, is noticed: what only it had is then no longer named as received, the
generation rises, and the stations send it again.
"""

from __future__ import annotations

import copy
import logging
import os
import secrets
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from enum import Enum
from pathlib import Path

import msgspec
from msgspec import Raw

from drivers.reason import Reason, system_reason
from edge.files import write_whole
from edge.records.record import Record
from edge.records.spans import Span, merged
from edge.wire.contract import PayloadError, Revised
from hub import jsonl
from hub.intake import Strange
from hub.jsonl import FileFate, LineFile, LineIdentity
from hub.ledger import Ledger

log = logging.getLogger("minshan.watch")


MOST_OTHERS = 10_000  # records with a name that another content has, known to be stored already


class Novelty(Enum):
    """What a record was."""

    NEW = "new"
    DOUBLE = "double"
    OTHER = "other"  # another content under a name that is here


class LedgerFile(msgspec.Struct):
    """The ledger file. `files`: "minutes" and "events" with the inode of the one written last."""

    id: str
    generation: int
    files: dict[str, int]
    has: dict[str, list[Span]] = {}
    revised: dict[str, list[Revised]] = {}

    def remember(self, names: Iterable[LineIdentity]) -> None:
        """Add what a file holds that was moved away."""
        moved = Ledger()
        for name in names:
            moved.add(name.station, name.epoch, name.seq, name.revision)
        for station in moved.stations():
            spans = moved.spans(station)
            self.has[station] = merged([*self.has.get(station, []), *spans])
            self.revised.setdefault(station, []).extend(moved.revised(station, spans))

    def ledger(self) -> Ledger:
        """Return what is in the files that were moved away."""
        ledger = Ledger()
        for station, spans in self.has.items():
            for span in spans:
                ledger.add_span(station, span)
        for station, revised in self.revised.items():
            for revision, span in ((held.revision, span) for held in revised for span in held.has):
                ledger.add_span(station, span, revision)
        return ledger


class RecordFiles:
    """The minutes' and the events' file, each None where such records are kept nowhere.

    `ledger` is what they hold. A record that is not understood is a line among the events as it came, and so is a
    second content under a name that is taken. Raise OSError where a file cannot be used.
    """

    def __init__(self, minutes: Path | None, events: Path | None, ledger: Path | None) -> None:
        self.ledger = Ledger()
        self._paths = {"minutes": minutes, "events": events}
        self._file = ledger
        self._lines: dict[str, LineFile] = {}
        self._others: set[int] = set()
        self._told: dict[str, str] = {}  # which files have gone, until they are open anew
        self._kept = self._read()
        self._open(gone=())

    @property
    def id(self) -> str:
        """The ledger's name, "" where nothing is kept."""
        return "" if self._file is None else self._kept.id

    @property
    def generation(self) -> int:
        """How often it was seen that the ledger had lost something, from 1."""
        return self._kept.generation

    def take(self, station: str, record: Record, arrived: int, came: Raw | None = None) -> Novelty:
        """Take a record in for the next `sync`. Return how that went. An exception has changed nothing.

        `came`: the whole record as it came, where it says more than this version knows.
        """
        line = jsonl.encoded(jsonl.of_record(station, record, arrived, came))
        return self._take(station, record, "minutes" if jsonl.is_minute(record) else "events", line)

    def take_strange(self, station: str, found: Strange, arrived: int, came: Raw) -> Novelty:
        """Take one in that is not understood. Raise PayloadError where events are kept nowhere."""
        if "events" not in self._lines:
            raise PayloadError(found.wrong)
        return self._take(station, found, "events", jsonl.encoded(jsonl.of_strange(station, found, arrived, came)))

    def keep_other(self, station: str, found: Record | Strange, arrived: int, came: Raw) -> None:
        """Keep another content under a name that is here, beside the first. Raise PayloadError where events are not."""
        name = f"{found.epoch}/{found.seq}, revision {found.revision}"
        if "events" not in self._lines:
            record = f"{station}/{name}"
            raise PayloadError(
                Reason(
                    "other_content", "{record}, is stored with different content; the stored one stays", record=record
                )
            )
        if (mark := hash((station, bytes(came)))) not in self._others:
            self._others = {*self._others, mark} if len(self._others) < MOST_OTHERS else {mark}
            line = {"station": station, "kind": "conflict", "time": jsonl.rfc3339(arrived), "of": name, "record": came}
            self.note(jsonl.encoded(line))

    def _take(self, station: str, record: Record | Strange, which: str, line: bytes) -> Novelty:
        digest = jsonl.digest(line)
        name = station, record.epoch, record.seq, record.revision
        if self.ledger.has(*name):
            return Novelty.OTHER if self.ledger.differs(*name, digest) else Novelty.DOUBLE
        if which in self._lines:
            self._lines[which].put(line)
        self.ledger.add(*name, digest)
        return Novelty.NEW

    def note(self, line: bytes) -> None:
        """Put a line of the receiver's own into the events' file."""
        if "events" in self._lines:
            self._lines["events"].put(line)

    def sync(self) -> None:
        """See all that was taken in on the disk. Raise OSError."""
        for file in self._lines.values():
            file.sync()

    def look(self) -> bool:
        """See what others have done to the files; True where lines have gone, so that much is to be sent again.

        Raise OSError where there can be no new file: nothing may be taken in then.
        """
        fates = {which: file.fate() for which, file in self._lines.items()}
        if FileFate.GONE in fates.values():
            gone = {which: str(file.path) for which, file in self._lines.items() if fates[which] is FileFate.GONE}
            if gone != self._told:
                names = ", ".join(gone.values())
                log.warning("%s was deleted or truncated; what it contained is requested again", names)
            self._told = gone
            before = self._lines.values()
            self._open(gone)  # where it raises, what was open stays so, and the next look sees the same
            self._told = {}
            for file in before:
                file.close()
            return True
        for which, fate in fates.items():
            if fate is FileFate.MOVED:
                self._follow(which)
        if self._file is not None and not self._file.exists():  # its id is what stations know this receiver by
            self._write(self._kept)
        return False

    def held(self, station: str) -> list[Span]:
        """Return all that is safe of a station."""
        return self.ledger.spans(station)

    def revised(self, station: str, has: list[Span]) -> list[Revised]:
        """Return what of `has` is safe in a revision above 0."""
        return self.ledger.revised(station, has)

    def close(self) -> None:
        """Let the files go."""
        for file in self._lines.values():
            file.close()
        self._lines = {}

    # -- the ledger file -----------------------------------------------------------------------------------

    def _read(self) -> LedgerFile:
        new = LedgerFile(secrets.token_hex(8), 1, {})
        if self._file is None:
            return new
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=LedgerFile)
        except FileNotFoundError:
            return new
        except msgspec.MsgspecError as error:
            damaged = self._file.with_name(self._file.name + ".damaged")
            log.warning(
                "%s is damaged (%s) and was renamed to %s; what it contained is requested again",
                self._file,
                error,
                damaged.name,
            )
            self._file.rename(damaged)
            return new

    def _open(self, gone: Collection[str]) -> None:
        """Open the files and learn what is in them; nothing changes where that raises OSError.

        `gone`: of which it is known, and was told, that lines have gone.
        """
        lost = bool(gone)
        with ExitStack() as stack:
            opened = {which: LineFile(path) for which, path in self._paths.items() if path is not None}
            for file in opened.values():
                stack.callback(file.close)
            kept = copy.deepcopy(self._kept)
            for which, file in opened.items():
                if kept.files.get(which, file.inode) != file.inode:
                    found = _remember_moved(kept, file.path, kept.files[which])
                    if not found and which not in gone:
                        log.warning(
                            "%s is not the file that was written last; what only that one contained is requested again",
                            file.path,
                        )
                    lost |= not found
                kept.files[which] = file.inode
            kept.generation += lost
            if kept != self._kept or (self._file is not None and not self._file.exists()):
                self._write(kept)
            ledger = kept.ledger()
            for file in opened.values():
                for name, digest in file.contents():
                    ledger.add(name.station, name.epoch, name.seq, name.revision, digest)
            stack.pop_all()
        self._kept, self._lines, self.ledger = kept, opened, ledger

    def _follow(self, which: str) -> None:
        """Go on in a new file where the old one has another name now, whose records stay known."""
        old = self._lines[which]
        with ExitStack() as stack:
            new = LineFile(old.path)
            stack.callback(new.close)
            kept = copy.deepcopy(self._kept)
            kept.remember(old.identities())
            kept.files[which] = new.inode
            self._write(kept)
            stack.pop_all()
        new.waiting = old.waiting
        self._kept, self._lines[which] = kept, new
        old.close()
        log.info("%s was moved away; new records go to a new file", old.path)

    def _write(self, kept: LedgerFile) -> None:
        if self._file is not None:
            write_whole(self._file, msgspec.json.encode(kept) + b"\n", 0o644)


def _remember_moved(kept: LedgerFile, path: Path, inode: int) -> bool:
    """Find the file that was written last under another name beside its own; False where it is not there."""
    with os.scandir(path.parent) as entries:
        names = [entry.path for entry in entries if entry.inode() == inode and entry.is_file(follow_symlinks=False)]
    if not names:
        return False
    with Path(names[0]).open("rb") as file:
        kept.remember(name for name, _ in jsonl.contents(file))
    return True


def unwritten(error: OSError) -> Reason:
    """Return that what arrives cannot be written, and what the system says of it."""
    what = str(error.filename or "") or Reason("what_arrives", "what arrives")
    return Reason("file_unwritten", "{file} cannot be written: {why}", file=what, why=system_reason(error))
