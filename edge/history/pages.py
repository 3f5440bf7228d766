"""Events and pictures from the store, newest first, in pages: an answer reads a limited number of records."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator

from drivers.reason import Reason
from edge.records import answers
from edge.records.asked import BAD_PAGE
from edge.records.bodies import Picture, decode
from edge.records.record import MOST, Kind, Record
from edge.store.picture_rows import FULL, THUMBNAIL, file_name
from edge.store.store import Store

PAGE = 200  # records in one answer
LOOKED_AT = 2000  # records examined for one answer
SLICE = 100  # records read at once


class BadPageError(Exception):
    """The page is not one that an answer has named; `reason` says so."""

    def __init__(self, page: str) -> None:
        super().__init__(page)
        self.reason: Reason = BAD_PAGE.having(page=page)


def events(
    station: str, store: Store, first_us: int, last_us: int, kinds: Collection[str] = (), page: str | None = None
) -> answers.Events:
    """Return the events of a span, of these kinds or of all. Raise BadPageError, StoreError.

    Events of unknown time are included, without a time, if they may have happened in the span.
    """
    wanted = [kind for kind in Kind if kind != Kind.MINUTE and (not kinds or kind in kinds)]
    found, rest = _page(store, wanted, first_us, last_us, page)
    return answers.Events([_event(station, record) for record in found], rest)


def pictures(
    station: str, store: Store, first_us: int, last_us: int, camera: str | None = None, page: str | None = None
) -> answers.Pictures:
    """Return the pictures taken in a span, without undated ones. Raise BadPageError, StoreError."""
    found, rest = _page(store, [Kind.PICTURE], first_us, last_us, page)
    made = [_picture(station, store, record) for record in found if record.start is not None]
    return answers.Pictures([one for one in made if one is not None and camera in (None, one.camera)], rest)


def _page(
    store: Store, kinds: Iterable[Kind], first_us: int, last_us: int, page: str | None
) -> tuple[list[Record], str | None]:
    """Return the records of these kinds and that span below the page's seq, and the next page (None: there is none)."""
    before = MOST if page is None else _number(page)
    lowest = store.by_time.since(first_us)
    rows = (_falling(store, kind, lowest, before) for kind in kinds)
    found: list[Record] = []
    for looked_at, record in enumerate(heapq.merge(*rows, key=lambda record: -record.seq)):
        if looked_at == LOOKED_AT or len(found) == PAGE:
            return found, str(record.seq + 1)
        if _within(record, first_us, last_us):
            found.append(record)
    return found, None


def _number(page: str) -> int:
    if not page.isascii() or not page.isdecimal() or len(page) > len(str(MOST)):
        raise BadPageError(page)
    return min(int(page), MOST)


def _falling(store: Store, kind: Kind, lowest: int, before: int) -> Iterator[Record]:
    """Yield the records of a kind from below seq `before` down to `lowest`."""
    while part := store.by_time.newest_first(kind, lowest, before, SLICE):
        yield from part
        before = part[-1].seq


def _within(record: Record, first_us: int, last_us: int) -> bool:
    if record.start is not None:
        return first_us <= record.start < last_us
    before, after = record.clock.not_before, record.clock.not_after
    return (before is None or before < last_us) and (after is None or after >= first_us)


def _event(station: str, record: Record) -> answers.Event:
    head = station, record.epoch, record.seq, record.revision, record.kind, record.start
    return answers.Event(*head, record.clock.source, None, record.fields(), None)


def _picture(station: str, store: Store, record: Record) -> answers.Picture | None:
    body = decode(record.kind, record.body)
    if not isinstance(body, Picture):
        return None
    folder = store.pictures.folder
    full, thumbnail = (file_name(body.picture, part) for part in (FULL, THUMBNAIL))
    here = (folder / full).is_file()
    return answers.Picture(
        station,
        body.picture,
        body.camera,
        record.start,
        body.bytes,
        full if here else None,
        thumbnail if (folder / thumbnail).is_file() else None,
        not here,
        body.quality,
        (body.reasons,) if isinstance(body.reasons, str) else tuple(reason.builtins() for reason in body.reasons),
    )
