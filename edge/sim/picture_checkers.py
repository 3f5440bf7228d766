"""The promise's checkers of pictures: each stored one is at the platform complete and once, or its loss is a record.

A complaint begins with the promise that was broken: *lost*, *doubled*, *wrongly proven*, *wrongly good*, as in
`edge.sim.record_checkers`, which holds the pictures' records to their times like all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.records.record import Kind, Record
from edge.store.picture_rows import FULL, THUMBNAIL

GOOD = 1  # QARTOD
Part = tuple[str, str]  # a picture's SHA-256, "full" or "thumbnail"


@dataclass(frozen=True, slots=True)
class PictureTruth:
    """What a camera truly gave: of which camera, and the codes of the faults that were seen in it."""

    camera: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureState:
    """What is known of the pictures at the end of a life.

    `kept`: the parts whose rows the station has; `closed`: those of them that it counts as proven; `there`: the SHA-256
    of each file that the platform has; `ever`: the parts that it ever confirmed; `held`: those of `kept` that a month's
    budget keeps at the station until somebody asks for them.
    """

    truth: Mapping[str, PictureTruth]
    kept: Collection[Part]
    closed: Collection[Part]
    there: Sequence[str]
    ever: Collection[Part]
    held: Collection[Part] = ()


def picture_checks(state: PictureState, records: Iterable[Record]) -> list[str]:
    """Return all complaints about pictures. `records`: the store at the end."""
    records = list(records)
    pictures = [record for record in records if record.kind == Kind.PICTURE]
    bodies = [record.fields() for record in records if record.kind == Kind.LOSS]
    told = {(name, body["part"]) for body in bodies if body["what"] == "pictures" for name in body["pictures"]}
    return [
        *_lost(state, pictures, told),
        *_wrongly_proven(state, pictures),
        *_doubled(state, pictures),
        *_wrongly_good(state, pictures),
    ]


def hashes_of(record: Record) -> dict[str, str]:
    """Return the SHA-256 of a picture's parts."""
    body = record.fields()
    return {FULL: body["picture"], THUMBNAIL: body["thumbnail"]}


def _lost(state: PictureState, pictures: list[Record], told: Collection[Part]) -> Iterator[str]:
    """Check that each part is at the platform, or was, or that a record tells that it went for want of room."""
    for record in pictures:
        hashes = hashes_of(record)
        for part, sha256 in hashes.items():
            name = hashes[FULL], part
            excused = name in state.held if name in state.kept else name in told or name in state.ever
            if sha256 not in state.there and not excused:
                yield f"lost: {_name(record, part)} is not at the platform, and no record tells of it"


def _wrongly_proven(state: PictureState, pictures: list[Record]) -> Iterator[str]:
    """Check that the platform has what the station counts as proven."""
    for record in pictures:
        hashes = hashes_of(record)
        for part, sha256 in hashes.items():
            if (hashes[FULL], part) in state.closed and sha256 not in state.there:
                yield f"wrongly proven: {_name(record, part)} is not among the platform's files"


def _doubled(state: PictureState, pictures: list[Record]) -> Iterator[str]:
    """Check that a picture is one record here and one file there."""
    for sha256, count in Counter(state.there).items():
        if count > 1:
            yield f"doubled: the platform has {count} files of {sha256[:8]}"
    for sha256, count in Counter(hashes_of(record)[FULL] for record in pictures).items():
        if count > 1:
            yield f"doubled: {count} records tell of the picture {sha256[:8]}"


def _wrongly_good(state: PictureState, pictures: list[Record]) -> Iterator[str]:
    """Check that a record tells of a picture that was taken, by whom, and of all that is wrong with it."""
    for record in pictures:
        body = record.fields()
        truth = state.truth.get(body["picture"])
        if truth is None or truth.camera != body["camera"]:
            yield f"wrongly good: {_name(record, FULL)} was not taken by {body['camera']}"
        elif truth.faults and body["quality"] == GOOD:
            yield f"wrongly good: {_name(record, FULL)} passes, though it is {', '.join(truth.faults)}"


def _name(record: Record, part: str) -> str:
    return f"{record.epoch}/{record.seq} ({part})"
