"""The files into which records are written, and the ledger of what they contain, kept beside them.

A receipt must be true: the lines that it names exist. So the lines themselves are authoritative. `FILE.ledger` holds
what they cannot: the ledger's id and generation, which file was written last, and the identities in files that were
moved away since (log rotation). A file that was deleted, truncated, or replaced by a backup is detected: what only it
had no longer counts as received, the generation rises, and the stations send it again.
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


MOST_OTHERS = 10_000  # records with different content under a stored identity that are remembered as stored


class Novelty(Enum):
    """Whether a record is new."""

    NEW = "new"
    DOUBLE = "double"
    OTHER = "other"  # different content under a stored identity


class LedgerFile(msgspec.Struct):
    """The ledger file. `files`: the inodes of the "minutes" and "events" files written last."""

    id: str
    generation: int
    files: dict[str, int]
    has: dict[str, list[Span]] = {}
    revised: dict[str, list[Revised]] = {}

    def remember(self, names: Iterable[LineIdentity]) -> None:
        """Add the identities in a file that was moved away."""
        moved = Ledger()
        for name in names:
            moved.add(name.station, name.epoch, name.seq, name.revision)
        for station in moved.stations():
            spans = moved.spans(station)
            self.has[station] = merged([*self.has.get(station, []), *spans])
            self.revised.setdefault(station, []).extend(moved.revised(station, spans))

    def ledger(self) -> Ledger:
        """Return the ledger of the files that were moved away."""
        ledger = Ledger()
        for station, spans in self.has.items():
            for span in spans:
                ledger.add_span(station, span)
        for station, revised in self.revised.items():
            for revision, span in ((held.revision, span) for held in revised for span in held.has):
                ledger.add_span(station, span, revision)
        return ledger


class RecordFiles:
    """The minutes' and the events' file, each None where such records are not stored.

    `ledger` is their content. A record that cannot be decoded is written among the events as received, and so is
    different content under a stored identity. Raise OSError where a file cannot be used.
    """

    def __init__(self, minutes: Path | None, events: Path | None, ledger: Path | None) -> None:
        self.ledger = Ledger()
        self._paths = {"minutes": minutes, "events": events}
        self._file = ledger
        self._lines: dict[str, LineFile] = {}
        self._others: set[int] = set()
        self._told: dict[str, str] = {}  # which files are gone, until they are reopened
        self._kept = self._read()
        self._open(gone=())

    @property
    def id(self) -> str:
        """The ledger's id, "" where nothing is stored."""
        return "" if self._file is None else self._kept.id

    @property
    def generation(self) -> int:
        """A number that starts at 1 and rises each time the ledger has lost entries."""
        return self._kept.generation

    def take(self, station: str, record: Record, arrived: int, came: Raw | None = None) -> Novelty:
        """Add a record, to be written at the next `sync`. Return its novelty. An exception leaves everything unchanged.

        `came`: the whole record as received, where it has keys that this version does not know.
        """
        line = jsonl.encoded(jsonl.of_record(station, record, arrived, came))
        return self._take(station, record, "minutes" if jsonl.is_minute(record) else "events", line)

    def take_strange(self, station: str, found: Strange, arrived: int, came: Raw) -> Novelty:
        """Add a record that cannot be decoded. Raise PayloadError where events are not stored."""
        if "events" not in self._lines:
            raise PayloadError(found.wrong)
        return self._take(station, found, "events", jsonl.encoded(jsonl.of_strange(station, found, arrived, came)))

    def keep_other(self, station: str, found: Record | Strange, arrived: int, came: Raw) -> None:
        """Add different content under a stored identity, beside the first. Raise PayloadError without such a file."""
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
        """Write and sync everything added. Raise OSError."""
        for file in self._lines.values():
            file.sync()

    def look(self) -> bool:
        """Check what others did to the files. Return True where lines are gone, so that they must be sent again.

        Raise OSError where no new file can be created: nothing may be added then.
        """
        fates = {which: file.fate() for which, file in self._lines.items()}
        if FileFate.GONE in fates.values():
            gone = {which: str(file.path) for which, file in self._lines.items() if fates[which] is FileFate.GONE}
            if gone != self._told:
                names = ", ".join(gone.values())
                log.warning("%s was deleted or truncated; what it contained is requested again", names)
            self._told = gone
            before = self._lines.values()
            self._open(gone)  # if it raises, the old files stay open, and the next look retries
            self._told = {}
            for file in before:
                file.close()
            return True
        for which, fate in fates.items():
            if fate is FileFate.MOVED:
                self._follow(which)
        if self._file is not None and not self._file.exists():  # stations know this receiver by the id in it
            self._write(self._kept)
        return False

    def held(self, station: str) -> list[Span]:
        """Return the stored spans of a station."""
        return self.ledger.spans(station)

    def revised(self, station: str, has: list[Span]) -> list[Revised]:
        """Return the parts of `has` that are stored in a revision above 0."""
        return self.ledger.revised(station, has)

    def close(self) -> None:
        """Close the files."""
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
        """Open the files and read their identities; an OSError leaves everything unchanged.

        `gone`: files already known, and logged, to have lost lines.
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
        """Continue in a new file where the old one was renamed; its records stay in the ledger."""
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
    """Add the identities of the file written last, found in its folder by its inode; False where it is gone."""
    with os.scandir(path.parent) as entries:
        names = [entry.path for entry in entries if entry.inode() == inode and entry.is_file(follow_symlinks=False)]
    if not names:
        return False
    with Path(names[0]).open("rb") as file:
        kept.remember(name for name, _ in jsonl.contents(file))
    return True


def unwritten(error: OSError) -> Reason:
    """Return the reason that received data cannot be written, with the system's error."""
    what = str(error.filename or "") or Reason("what_arrives", "what arrives")
    return Reason("file_unwritten", "{file} cannot be written: {why}", file=what, why=system_reason(error))
