"""Power cuts: every write, sync, rename and removal of a store is noted, and any instant of it put on a disk again.

What was synced is there. Of what was not, each write is there, is not, is torn, or is rubbish, as a card pleases;
entries of folders change in the order in which they were made (as on ext4), those after the last sync perhaps not.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import apsw

SECTOR = 512
BLOCK = 4096  # bytes that a file system writes at a time, in any order


class Op(NamedTuple):
    """One change: what (`write`, `cut`, `sync`, `new`, `move`, `gone`), to which file, with what."""

    what: str
    name: str
    data: Any = None
    at: int = 0


class Tape(apsw.VFS):
    """A file system over the real one that notes what is done to the files of one folder."""

    def __init__(self, name: str, folder: Path) -> None:
        self.vfs_name = name
        self.folder = folder
        self.ops: list[Op] = []
        super().__init__(name, "")

    def note(self, what: str, path: Any, data: Any = None, at: int = 0) -> None:
        """Note a change, where it is one of the folder's."""
        if Path(path).is_relative_to(self.folder):
            self.ops.append(Op(what, str(Path(path).relative_to(self.folder)), data, at))

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path and not os.path.exists(path):
            self.note("new", path)
        return TapeFile(self, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.note("gone", filename)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note what Python does to files, too."""
        real = {name: getattr(os, name) for name in ("open", "replace", "unlink", "pwrite", "fsync", "fdatasync")}
        paths: dict[int, str] = {}

        def opened(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            new = flags & os.O_CREAT and not os.path.exists(path)
            descriptor: int = real["open"](path, flags, *rest, **more)
            paths[descriptor] = "" if flags & os.O_TMPFILE == os.O_TMPFILE else os.fspath(path)  # that has no name
            if new:
                self.note("new", path)
            return descriptor

        def replaced(source: Any, target: Any) -> None:
            real["replace"](source, target)
            self.note("move", source, str(Path(target).relative_to(self.folder)))

        def unlinked(path: Any, **more: Any) -> None:
            real["unlink"](path, **more)
            self.note("gone", path)

        def written(descriptor: int, data: bytes, at: int) -> int:
            self.note("write", paths[descriptor], bytes(data), at)
            return int(real["pwrite"](descriptor, data, at))

        def synced(descriptor: int) -> None:
            real["fsync"](descriptor)
            path = Path(paths[descriptor])
            if path.is_file():  # it may have been written to by a file object, which nothing here hears of
                self.note("write", path, path.read_bytes())
            self.note("sync", path)

        ours: dict[str, Any] = {"open": opened, "replace": replaced, "unlink": unlinked, "pwrite": written}
        with patch.multiple(os, fsync=synced, fdatasync=synced, **ours):
            yield


class TapeFile(apsw.VFSFile):
    """A file of a Tape."""

    def __init__(self, tape: Tape, path: str, name: Any, flags: list[int]) -> None:
        self._tape, self._path = tape, path
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._tape.note("write", self._path, bytes(data), offset)

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self._tape.note("cut", self._path, None, size)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._tape.note("sync", self._path)


class Disk:
    """A disk that the changes of a tape come to, in order. Files are numbered, so that a renamed one stays itself."""

    def __init__(self, folder: Path) -> None:
        self.names = {path.name: n for n, path in enumerate(p for p in sorted(folder.iterdir()) if p.is_file())}
        self.safe = {n: bytearray((folder / name).read_bytes()) for name, n in self.names.items()}
        self.loose: dict[int, list[Op]] = {}
        self.durable = dict(self.names)  # the entries as they were at the last sync of anything
        self.entries: list[dict[str, int]] = []  # and after each change since

    def play(self, op: Op) -> None:
        """Carry out one change."""
        if op.what in ("write", "cut"):
            self.loose.setdefault(self.names[op.name], []).append(op)
        elif op.what == "sync":  # of whatever file: ext4 commits all entries with it
            number = self.names.get(op.name, -1)  # of a folder: the entries alone
            for loose in self.loose.pop(number, []):
                apply(self.safe[number], loose)
            self.durable, self.entries = dict(self.names), []
        else:
            self._enter(op)
            self.entries.append(dict(self.names))

    def _enter(self, op: Op) -> None:
        if op.what == "new":
            self.names[op.name] = len(self.safe)
            self.safe[len(self.safe)] = bytearray()
        elif op.what == "move":
            self.names[op.data] = self.names.pop(op.name)
        elif op.what == "gone":
            self.names.pop(op.name, None)

    def cut(self, target: Path, rng: random.Random) -> None:
        """Write what is there after a cut at this instant into a new folder."""
        (target / "pictures").mkdir(parents=True)
        entries = rng.choice([self.durable, *self.entries])
        fate = rng.choice(["all", "none", "some", "torn", "rubbish"])
        for name, number in entries.items():
            content = bytearray(self.safe[number])
            for op in self.loose.get(number, []):
                survive(content, op, fate, rng)
            (target / name).write_bytes(content)


def apply(content: bytearray, op: Op) -> None:
    """Put a change into a file's bytes."""
    if op.what == "cut":
        del content[op.at :]
        return
    content.extend(bytes(max(0, op.at - len(content))))
    content[op.at : op.at + len(op.data)] = op.data


def blocks(loose: list[Op]) -> list[int]:
    """Return the blocks that writes lie in."""
    return sorted({n for op in loose for n in range(op.at // BLOCK, (op.at + len(op.data) - 1) // BLOCK + 1)})


def keep_blocks(content: bytearray, loose: list[Op], kept: Iterable[int]) -> None:
    """Put of writes that were not synced these blocks into a file's bytes, and lose the others."""
    whole = bytearray(content)
    for op in loose:
        apply(whole, op)
    for n in kept:
        apply(content, Op("write", "", whole[n * BLOCK : (n + 1) * BLOCK], n * BLOCK))


def survive(content: bytearray, op: Op, fate: str, rng: random.Random) -> None:
    """Put into a file's bytes what a cut leaves of a change that was not synced."""
    if fate == "none" or (fate == "some" and rng.random() < 0.5):
        return
    if op.what == "write" and fate in ("torn", "rubbish") and rng.random() < 0.3:
        whole = len(op.data) // SECTOR
        kept = op.data[: rng.randint(0, whole) * SECTOR]
        rest = rng.randbytes(len(op.data) - len(kept)) if fate == "rubbish" else b""
        op = op._replace(data=kept + rest)
    apply(content, op)
