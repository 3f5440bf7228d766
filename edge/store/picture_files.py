"""The shelf: STATE/pictures/<sha256>.jpg and <sha256>.thumb.jpg, pictures named by their own hash.

A picture is on the shelf before its record is appended: a power cut in between leaves a file without a row, which
the store sets aside, never a row without its file.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from drivers.reason import Reason
from edge.files import sync_folder
from edge.pictures.reasons import FAULTS
from edge.pictures.spool import CaptureResult, FilePart, Spool
from edge.store.folder import PICTURES
from edge.store.picture_rows import FULL, THUMBNAIL, file_name

GOOD, SUSPECT = 1, 3  # QARTOD


class PictureRefusedError(Exception):
    """The files of an answer differ from its description."""

    def __init__(self, detail: Reason) -> None:
        super().__init__(detail)
        self.detail = detail


class Shelved(NamedTuple):
    """The paths of a picture, the body of its record, and by how much at most (s) it was taken after its request."""

    full: Path
    thumbnail: Path
    body: dict[str, Any]
    late_s: float


class Shelf:
    """The folder of the pictures, inside the state folder."""

    def __init__(self, state: Path) -> None:
        self.folder = state / PICTURES

    def paths(self, picture: str) -> tuple[Path, Path]:
        """Return the paths of the picture with this SHA-256 and of its thumbnail."""
        return self.folder / file_name(picture, FULL), self.folder / file_name(picture, THUMBNAIL)

    def take(self, answer: CaptureResult, spool: Spool, camera: str) -> Shelved:
        """Move an answer's two files to the shelf, durably.

        Raise PictureRefusedError if they are missing or differ from the answer, OSError if the disk refuses.
        """
        if answer.full is None or answer.thumbnail is None:
            raise PictureRefusedError(Reason("answer_without_picture", "the answer contains no picture"))
        self.folder.mkdir(mode=0o750, exist_ok=True)
        full, thumbnail = self.paths(answer.full.sha256)
        lying = spool.files(answer.id)
        for source, part in zip(lying, (answer.full, answer.thumbnail)):
            _check(source, part)
        for source, target in zip(lying, (full, thumbnail)):
            os.replace(source, target)
        sync_folder(self.folder)
        return Shelved(full, thumbnail, body_of(answer, answer.full, answer.thumbnail, camera), answer.late_s)


def body_of(answer: CaptureResult, full: FilePart, thumbnail: FilePart, camera: str) -> dict[str, Any]:
    """Return the body of a picture record. `quality` is QARTOD's: 1 if no fault was found, otherwise 3."""
    return {
        "camera": camera,
        "picture": full.sha256,
        "thumbnail": thumbnail.sha256,
        "bytes": full.bytes,
        "thumbnail_bytes": thumbnail.bytes,
        "width": answer.width,
        "height": answer.height,
        "quality": SUSPECT if answer.faults else GOOD,
        "reasons": [FAULTS[fault].builtins() for fault in answer.faults if fault in FAULTS],
        "figures": answer.figures,
    }


def _check(file: Path, part: FilePart) -> None:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise PictureRefusedError(Reason("not_in_spool", "{file} is not in the spool", file=file.name)) from None
    if len(data) != part.bytes or sha256(data).hexdigest() != part.sha256:
        other = Reason("not_as_written", "{file} is not what the camera process wrote", file=file.name)
        raise PictureRefusedError(other)
