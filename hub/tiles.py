"""Tiles of the wall: a picture 160 pixels wide in at most 2 kB, a hundred of them in less than 300 kB.

A tile is made when first requested, from the thumbnail (from the full picture where only that is stored), and cached in
a folder of at most `MOST` tiles. It can be made again, so it is not synced.
"""

from __future__ import annotations

import io
import os
import secrets
import threading
from contextlib import suppress
from pathlib import Path

from PIL import Image

from edge.records.answers import Picture

WIDTH, HEIGHT = 160, 120  # pixels; a picture is fitted in
LARGEST = 2000  # bytes of one: 108 of them with their HTTP headers are less than 300 kB
QUALITIES = (60, 50, 42, 34, 26, 18, 10, 4, 0)  # of WebP, tried from the best
SMALLER = 0.7  # factor of width and height where even the worst quality is too large
MOST = 20_000  # tiles in the folder: 40 MB
MOST_PIXELS = 50_000_000  # of a picture that is decoded; no supported camera takes larger ones
KIND = "image/webp"


class TileError(Exception):
    """A file that is no picture."""


class Tiles:
    """A cache of tiles in a folder, which is created if necessary; any thread."""

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder, self._most = folder, most
        self._lock = threading.Lock()
        self._count: int | None = None

    @classmethod
    def beside(cls, pictures: Path) -> Tiles:
        """Return the tiles of a folder of pictures."""
        return cls(pictures.with_name(f"{pictures.name}.tiles"))

    def tile(self, name: str, picture: Path) -> Path:
        """Return the tile of a picture whose name never changes. Raise TileError, OSError."""
        path = self._folder / f"{name}.webp"
        if path.is_file():
            return path
        data = make_tile(picture)
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = self._folder / f".{name}.{secrets.token_hex(4)}"
        try:
            beside.write_bytes(data)
            beside.replace(path)
        finally:  # a full disk would get another part of a file at each request
            beside.unlink(missing_ok=True)
        self._make_room()
        return path

    def tile_of(self, picture: Picture, folder: Path) -> Path | None:
        """Return the tile of a picture whose parts are in a folder; None where no valid part is stored."""
        for name in filter(None, (picture.thumbnail, picture.file)):
            with suppress(TileError, OSError):
                return self.tile(picture.sha256, folder / name)
        return None

    def _make_room(self) -> None:
        """Count one more; where there are too many, delete a tenth, the oldest first."""
        with self._lock:
            if self._count is None:
                self._count = sum(1 for _ in os.scandir(self._folder))
            else:
                self._count += 1
            if self._count <= self._most:
                return
            oldest_first = sorted((entry.stat().st_mtime_ns, entry.path) for entry in os.scandir(self._folder))
            gone = oldest_first[: len(oldest_first) - self._most + self._most // 10]
            for _, path in gone:
                Path(path).unlink(missing_ok=True)
            self._count = len(oldest_first) - len(gone)


def make_tile(picture: Path) -> bytes:
    """Return a picture's tile as WebP. Raise TileError, OSError where the file cannot be read."""
    data = picture.read_bytes()
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise TileError(f"{image.width} x {image.height} pixels")
            image.draft("RGB", (2 * WIDTH, 2 * HEIGHT))  # the JPEG is decoded directly at about this size
            image.thumbnail((WIDTH, HEIGHT))
            small = image.convert("RGB")
    except TileError:
        raise
    except Exception as error:  # noqa: BLE001  # a decoder may raise anything about a damaged file; it costs this tile alone
        raise TileError(f"{type(error).__name__}: {error}") from None
    return _fitted(small)


def _fitted(image: Image.Image) -> bytes:
    """Return an image as WebP of the best quality that is small enough."""
    while True:
        for quality in QUALITIES:
            out = io.BytesIO()
            image.save(out, "WEBP", quality=quality, method=4)
            if out.tell() <= LARGEST:
                return out.getvalue()
        image = image.resize((max(1, int(image.width * SMALLER)), max(1, int(image.height * SMALLER))))
