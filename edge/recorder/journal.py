"""Write records to the disk: a draft that the disk refuses waits, within a limit, and is retried with the next.

A draft that cannot be written because of its content is set aside, named in `spoiled`, and blocks no other. All
records of a station pass through here, on the recorder's lane.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from drivers.clock import Clock
from drivers.reason import Reason, restored
from edge.records.bodies import plain
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.store.errors import StoreCause, StoreError
from edge.store.picture_rows import NewPicture, PicturePart
from edge.store.store import Store

log = logging.getLogger("minshan.recorder")
MOST_WAITING = 1440  # drafts kept in memory while the disk refuses them: a day of minutes
REFUSED_FOR_LONG = Reason("refused_for_long", "the disk refused them for too long")
# s for which the disk has refused records (three minutes' records) before the store continues in memory
IN_MEMORY_AFTER = 110.0
DEAD = (StoreCause.READ_ONLY, StoreCause.DISK)  # waiting does not help; on a full disk space can be freed
MOST_SPOILED = 100  # spoiled drafts that wait to be reported
LONGEST_TOLD = 2000  # characters of such a draft that are logged


class Journal:
    """Appends drafts; `appended` is called with each record, `keep` returns the state to save with it."""

    def __init__(
        self, store: Store, clock: Clock, keep: Callable[[], dict[str, Any]], appended: Callable[[Record], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep
        self._appended = appended
        self._waiting: list[tuple[Draft, dict[str, Any]]] = []
        self.lost = 0  # drafts dropped because too many waited for the disk
        self.spoiled: deque[tuple[str, Reason]] = deque(maxlen=MOST_SPOILED)  # kind and cause of those set aside
        self.trouble: Reason | None = None
        self._refused_at = 0.0  # when the disk began to refuse, s of the boot
        self.displaced: Reason | None = None  # why the store's files are not in place
        self.mended: Reason | None = None  # the last repair in this run

    @property
    def waiting(self) -> int:
        """The number of records that are only in memory."""
        return len(self._waiting) + self._store.place.in_memory

    def append(self, draft: Draft) -> Record | None:
        """Append a draft. Return its record, now on the disk; None if the disk refuses it or it cannot be written."""
        self._waiting.append((draft, self._keep()))
        record: Record | None = None
        while self._waiting:
            first, kept = self._waiting[0]
            try:
                check(first)
                record = self._clock.outside(partial(self._store.append, first, kept, picture_of(first)))
            except StoreError as trouble:
                self._note_refusal(trouble)
                if trouble.cause is StoreCause.FULL and self._free_space(first):
                    continue
                if trouble.cause in DEAD and self._move_to_memory():
                    continue
                return None
            except Exception as error:  # noqa: BLE001  # whatever one draft contains, the following ones are written
                self._set_aside(first, error)
                record = None
                continue
            del self._waiting[0]
            self._note_recovery()
            self._appended(record)
        return record

    def _set_aside(self, draft: Draft, error: Exception) -> None:
        """Drop a draft that can never be written; the log says what it was."""
        del self._waiting[0]
        what = f"{type(error).__name__}: {error}"
        cause = Reason("cannot_be_written", "it cannot be written: {error}", error=what)
        log.error("a %s record is lost, %s: %s", draft.kind, cause, repr(draft)[:LONGEST_TOLD])
        self.spoiled.append((str(draft.kind), cause))

    def _free_space(self, draft: Draft) -> bool:
        """On a full disk, delete in the order of quota.py; False if nothing was lost by it."""
        try:
            return self._sweep(draft.stamp, draft.start, draft.clock)
        except StoreError:
            return False

    def _sweep(self, stamp: Stamp, start: int | None, mark: ClockMark) -> bool:
        """Keep the store within its bounds; each loss is itself a record. Return whether anything was lost."""
        losses = self._clock.outside(partial(self._store.sweep, stamp, start, mark))
        for loss in losses:
            self._appended(loss)
            log_loss(loss.fields())
        return bool(losses)

    def _move_to_memory(self) -> bool:
        """Continue in memory if the disk has refused for a while, so that alerts, the horn and sending go on."""
        if self._clock.now() - self._refused_at < IN_MEMORY_AFTER:
            return False
        if not self._clock.outside(self._store.place.move_log_to_memory):
            return False
        log.warning("the store goes on in memory until the disk takes records again")
        return True

    def tidy(self, stamp: Stamp, start: int | None, mark: ClockMark) -> None:
        """Keep the store within its bounds, and record repairs and losses."""
        try:
            self._sweep(stamp, start, mark)
            mended = self._store.take_repair()
        except StoreError as trouble:
            self._note_refusal(trouble)
            return
        if self.lost:
            body = {"what": "records", "count": self.lost, "cause": REFUSED_FOR_LONG.builtins()}
            self.lost = 0
            self.append(Draft(Kind.LOSS, stamp, 0.0, start, mark, body))
        if mended is not None:
            log.error("the store was damaged and has been repaired: %s", mended.cause)
            self.mended = mended.cause
            self.append(Draft(Kind.LOSS, stamp, 0.0, start, mark, {"what": "store", **plain(mended)}))

    def look(self, stamp: Stamp, start: int | None, mark: ClockMark) -> None:
        """Check that the store's files are in place, and restore them if not. Call it each minute."""
        try:
            put_back = self._clock.outside(self._store.regain)
        except StoreError as trouble:
            if self.displaced is None:
                log.error("%s", trouble)
            self.displaced = trouble.reason
            return
        self.displaced = None
        if put_back:
            self.tidy(stamp, start, mark)
        with suppress(StoreError):  # the disk still refuses
            if self._store.place.in_memory and self._clock.outside(self._store.place.move_log_to_disk):
                self._note_recovery()

    def _note_recovery(self) -> None:
        if self.trouble is not None and not self._store.place.in_memory:
            log.info("the store takes records again")
            self.trouble = None

    def _note_refusal(self, trouble: StoreError) -> None:
        if self.trouble is None:
            log.error("the store refuses records, they wait in memory: %s", trouble)
            self._refused_at = self._clock.now()
        self.trouble = trouble.reason
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[0]
            self.lost += 1


def log_loss(body: dict[str, Any]) -> None:
    """Log what was deleted to free space."""
    cause = restored(body["cause"])
    if body["what"] == "pictures":
        log.warning("%d photos were deleted to make room (%s)", len(body["pictures"]), cause)
    else:
        log.warning("records %d to %d were deleted to make room (%s)", body["first"], body["last"], cause)


def check(draft: Draft) -> None:
    """Check that a draft's numbers are finite. Raise ValueError: SQLite stores NaN as NULL, which looks like damage."""
    if not all(map(math.isfinite, (draft.stamp.boottime, draft.duration, draft.clock.error or 0.0))):
        raise ValueError("its time or its length is no number")


def picture_of(draft: Draft) -> NewPicture | None:
    """Return the picture that a picture record describes, for the rows by which it is sent; None for other records."""
    if draft.kind != Kind.PICTURE:
        return None
    body = draft.body
    full = PicturePart(body["bytes"], body["picture"])
    return NewPicture(body["picture"], body["camera"], full, PicturePart(body["thumbnail_bytes"], body["thumbnail"]))
