"""Pictures as they arrive: pieces assembled in a folder, complete only when the SHA-256 matches.

A part grows in `STATION.HASH.thumbnail.part` or `STATION.HASH.full.part` without holes, so its size alone is its
progress, also after a restart. Several writers of one folder use parts of their own and end with one file. A piece
that would leave a hole is dropped, and the missing piece is requested.

Where the folder cannot be written, as on a full disk, pieces are dropped too, and none are requested: minutes, which
arrive on the same connection, must not be delayed. A station asks about unconfirmed photos, and about all of them after
a roll call.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from drivers.reason import Reason, system_reason
from edge.files import sync_folder
from edge.wire.contract import LARGEST_PICTURE, ChunkHeader, Piece
from hub.sink import PictureRow

log = logging.getLogger("minshan.watch")
HASH = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TRY_S = 10.0  # s between two attempts to write again
SOON_S = 3600.0  # s of the longest pause, where it fails again and again
ROOM = 1 << 20  # bytes that must be writable: some pieces of some pictures
UNKEPT = Reason(
    "photos_unkept",
    "no photos can be kept, because {folder} cannot be written: {why}; they wait at the stations, and minutes go on",
    folder="",
    why="",
)


class PictureFiles:
    """A folder of pictures. Raise OSError where it cannot be used. `writer`: suffix of this writer's parts."""

    def __init__(self, folder: Path, writer: str = "") -> None:
        self._folder, self._writer = folder, writer and f".{writer}"
        folder.mkdir(parents=True, exist_ok=True)
        self._touched: dict[Path, ChunkHeader] = {}
        self._verified: set[tuple[Path, str]] = set()  # files whose SHA-256 was checked
        self.whole: list[tuple[str, Piece]] = []  # (station, piece): completed and not confirmed yet
        self.wanted: dict[tuple[str, str, str], Piece] = {}  # (station, picture, part) -> the piece to request
        self.kept: dict[tuple[str, str, str], PictureRow] = {}  # completed parts, not committed yet
        self.finished: list[Path] = []  # files completed since `count_finished`
        self.trouble: Reason | None = None  # why nothing can be stored
        self._next_try = self._pause = 0.0
        self._back = -2 * SOON_S
        self._drop_overtaken()

    def put(self, header: ChunkHeader, data: bytes) -> bool:
        """Write a piece. Return False where its header must not determine a file's name or size."""
        if not _sound(header, data):
            return False
        if self.trouble is None:
            try:
                self._put(header, data)
            except OSError as error:
                self._fail(error)
        return True

    def _fail(self, error: OSError) -> None:
        """Note and log why nothing can be stored."""
        self.trouble = UNKEPT.having(folder=str(self._folder), why=system_reason(error))
        log.warning("%s", self.trouble)

    def _drop_overtaken(self) -> None:
        """Remove this writer's partial files of pictures that another writer completed: nobody sends the rest of them.

        A partial file of another picture whose hash begins alike is sent again from its start.
        """
        own = re.compile(rf".+\.([0-9a-f]{{8}})[0-9a-f]{{56}}\.(thumbnail|full){re.escape(self._writer)}\.part")
        found = ((Path(entry), own.fullmatch(entry.name)) for entry in os.scandir(self._folder))
        partial = {f"{name[1]}{_kind(name[2])}": path for path, name in found if name}
        if partial:
            for entry in os.scandir(self._folder):
                if (part := partial.get(entry.name.rpartition("-")[2])) is not None:
                    part.unlink(missing_ok=True)

    def is_back(self, now: float) -> bool:
        """Return True once where the folder has become writable again; tested every TRY_S, `now` in s."""
        if self.trouble is None or now < self._next_try:
            return False
        self._next_try = now + TRY_S
        spare = self._folder / f".room{self._writer}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with spare.open("wb") as file:
                file.write(bytes(ROOM))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            return False
        finally:
            with suppress(OSError):
                spare.unlink(missing_ok=True)
        log.info("photos are kept again")
        # Each return is a roll call of all stations, over their SIMs: the pause doubles where the disk fills up again.
        self._pause = min(2 * self._pause, SOON_S) if now - self._back < 2 * SOON_S else TRY_S
        self._next_try, self._back, self.trouble = now + self._pause, now, None
        return True

    def _put(self, header: ChunkHeader, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)  # somebody may have deleted it
        part = self._part(header)
        size = part.stat().st_size if part.exists() else 0
        if not size and (there := self._find_file(self._named(header), header)) is not None:
            self._whole(header, there)
            return
        if header.offset > size:
            self._want(header, size)
            return
        self.wanted.pop((header.station, header.picture, header.part), None)
        with part.open("r+b" if size else "wb") as file:
            file.seek(header.offset)
            file.write(data)
        self._touched[part] = header

    def stations(self) -> set[str]:
        """Return the stations with confirmations or requests to send."""
        return {station for station, _ in self.whole} | {station for station, _, _ in self.wanted}

    def collect(self, station: str) -> tuple[list[Piece], list[Piece]]:
        """Remove and return a station's completed pieces and the pieces to request."""
        whole = [piece for name, piece in self.whole if name == station]
        wanted = [piece for (name, *_), piece in self.wanted.items() if name == station]
        self.whole = [pair for pair in self.whole if pair[0] != station]
        self.wanted = {key: piece for key, piece in self.wanted.items() if key[0] != station}
        return whole, wanted

    def count_finished(self) -> int:
        """Return how many files were completed since the last call."""
        count = len(self.finished)
        self.finished.clear()
        return count

    def forget(self) -> None:
        """Forget completed parts that are not committed: they are redelivered, and their files found then."""
        self.kept.clear()
        self.whole.clear()

    def sync(self) -> None:
        """Sync the pieces to the disk, and rename completed parts; drop them where that fails."""
        try:
            self._sync()
        except OSError as error:  # a disk may accept a write and report only now that it is full
            self._fail(error)
            self.forget()
        self._touched.clear()

    def _sync(self) -> None:
        for part, header in self._touched.items():
            with part.open("rb") as file:
                os.fsync(file.fileno())
            if part.stat().st_size >= header.size:
                self._finish(part, header)
        if self._touched:
            sync_folder(self._folder)

    def _finish(self, part: Path, header: ChunkHeader) -> None:
        if _sha256(part) != header.sha256:
            part.unlink()
            self._want(header, 0)
            return
        named = self._named(header)  # one listing for both uses: another writer may be renaming the same bytes
        target = self._find_file(named, header)
        if target is None:
            target = self._target(header, named)
            part.rename(target)
        else:
            part.unlink()
        self._verified.add((target, header.sha256))
        self.finished.append(target)
        self._whole(header, target)

    def _whole(self, header: ChunkHeader, file: Path) -> None:
        self.kept[header.station, header.picture, header.part] = PictureRow(header, file.name)
        self.whole.append((header.station, Piece(header.picture, header.part, header.size)))

    def _want(self, header: ChunkHeader, offset: int) -> None:
        piece = Piece(header.picture, header.part, offset)
        self.wanted[header.station, header.picture, header.part] = piece

    def _part(self, header: ChunkHeader) -> Path:
        return self._folder / f"{header.station}.{header.picture}.{header.part}{self._writer}.part"

    def _find_file(self, named: list[Path], header: ChunkHeader) -> Path | None:
        """Return the file that holds this part, or None. Each is hashed once: a name alone justifies no receipt."""
        for file in named:
            if (file, header.sha256) in self._verified and file.exists():
                return file
            if _sha256(file) == header.sha256:
                self._verified.add((file, header.sha256))
                return file
        return None

    def _named(self, header: ChunkHeader) -> list[Path]:
        """Return the files that may hold it, whatever time is in their names."""
        ends = "|".join(re.escape(_end(header, hashed)) for hashed in _hashes(header))
        form = re.compile(rf"{re.escape(header.station)}-(\d{{8}}T\d{{6}}Z|undated)({ends})")
        return sorted(Path(entry) for entry in os.scandir(self._folder) if form.fullmatch(entry.name))

    def _target(self, header: ChunkHeader, named: list[Path]) -> Path:
        """Return STATION-TIME-CAMERA-HASH8.jpg, with the part's whole hash where that name is taken by other bytes."""
        short, whole = (
            self._folder / f"{header.station}-{_time(header.time)}{_end(header, hashed)}" for hashed in _hashes(header)
        )
        if not named:
            return short
        log.warning(
            "%s differs from the picture that now has its name; the new one is kept beside it as %s",
            named[0],
            whole.name,
        )
        return whole


def _hashes(header: ChunkHeader) -> tuple[str, str]:
    """Return the hashes for a part's file name: eight digits of the picture's, or the whole hash of the part."""
    return header.picture[:8], header.sha256


def _end(header: ChunkHeader, hashed: str) -> str:
    return f"-{header.camera}-{hashed}{_kind(header.part)}"


def _kind(part: str) -> str:
    return ".thumb.jpg" if part == "thumbnail" else ".jpg"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sound(header: ChunkHeader, data: bytes) -> bool:
    """Return whether a header from the network cannot leave the folder, fill the disk or misstate a hash."""
    return (
        HASH.fullmatch(header.picture) is not None
        and header.part in ("thumbnail", "full")
        and (header.part == "thumbnail" or header.picture == header.sha256)
        and HASH.fullmatch(header.sha256) is not None
        and NAME.fullmatch(header.station) is not None
        and NAME.fullmatch(header.camera) is not None
        and header.offset >= 0
        and header.offset + len(data) <= header.size <= LARGEST_PICTURE
    )


def _time(utc: int | None) -> str:
    if utc is None:
        return "undated"
    try:
        return f"{datetime.fromtimestamp(utc / 1e6, UTC):%Y%m%dT%H%M%SZ}"
    except (OverflowError, ValueError, OSError):
        return "undated"
