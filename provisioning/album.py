"""Pictures as they arrive: pieces put together in a folder, whole only when the SHA-256 fits.

A part grows in `HASH.thumbnail.part` or `HASH.full.part` without holes, so that its size alone says how far it is,
after a restart too. A piece that would leave a hole is dropped, and what is missing is asked for.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from edge.uplink.contract import ChunkHeader, Piece

HASH = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LARGEST = 64 * 1024 * 1024  # bytes of one part; more is nothing that a camera of ours makes


class Album:
    """A folder of pictures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._touched: dict[Path, ChunkHeader] = {}
        self.whole: list[tuple[str, Piece]] = []  # (station, piece): kept since the last `sync`
        self.wanted: dict[tuple[str, str, str], Piece] = {}  # (station, picture, part) -> where to go on
        self.finished: list[Path] = []  # files completed since the owner looked

    def put(self, header: ChunkHeader, data: bytes) -> bool:
        """Take a piece in; False where its header is none that can be trusted with a file's name or size."""
        if not _sound(header, data):
            return False
        if self._target(header).exists():
            self.whole.append((header.station, Piece(header.picture, header.part, header.size)))
            return True
        part = self._part(header)
        size = part.stat().st_size if part.exists() else 0
        if header.offset > size:
            self._want(header, size)
            return True
        self.wanted.pop((header.station, header.picture, header.part), None)
        with part.open("r+b" if part.exists() else "wb") as file:
            file.seek(header.offset)
            file.write(data)
        self._touched[part] = header
        return True

    def sync(self) -> None:
        """See the pieces on the disk, and give the whole parts their names."""
        for part, header in self._touched.items():
            with part.open("rb") as file:
                os.fsync(file.fileno())
            if part.stat().st_size >= header.size:
                self._finish(part, header)
        if self._touched:
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        self._touched.clear()

    def _finish(self, part: Path, header: ChunkHeader) -> None:
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != header.sha256:
            part.unlink()
            self._want(header, 0)
            return
        target = self._target(header)
        part.rename(target)
        self.finished.append(target)
        self.whole.append((header.station, Piece(header.picture, header.part, header.size)))

    def _want(self, header: ChunkHeader, offset: int) -> None:
        piece = Piece(header.picture, header.part, offset)
        self.wanted[header.station, header.picture, header.part] = piece

    def _part(self, header: ChunkHeader) -> Path:
        return self._folder / f"{header.picture}.{header.part}.part"

    def _target(self, header: ChunkHeader) -> Path:
        """STATION-TIME-CAMERA-HASH8.jpg; a picture that is there under another time keeps that name."""
        end = f"-{header.camera}-{header.picture[:8]}{'.thumb' if header.part == 'thumbnail' else ''}.jpg"
        there = next(self._folder.glob(f"{header.station}-*{end}"), None)
        return there or self._folder / f"{header.station}-{_time(header.time)}{end}"


def _sound(header: ChunkHeader, data: bytes) -> bool:
    """The header comes from the network: nothing in it may lead out of the folder or fill the disk."""
    return (
        HASH.fullmatch(header.picture) is not None
        and header.part in ("thumbnail", "full")
        and NAME.fullmatch(header.station) is not None
        and NAME.fullmatch(header.camera) is not None
        and header.offset >= 0
        and header.offset + len(data) <= header.size <= LARGEST
    )


def _time(utc: int | None) -> str:
    if utc is None:
        return "undated"
    try:
        return f"{datetime.fromtimestamp(utc / 1e6, UTC):%Y%m%dT%H%M%SZ}"
    except (OverflowError, ValueError, OSError):
        return "undated"
