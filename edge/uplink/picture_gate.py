"""Which parts of pictures are sent, and which the month's budget keeps on the card until somebody requests them.

A requested part is always sent, and so is one whose sending has begun. When thinned to one a day, a camera's first full
picture after noon is sent; when thinned to one thumbnail an hour, the first of each hour.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable

from edge.budget.budget import Budget
from edge.budget.plan import part
from edge.budget.thinning import ThinningStep
from edge.store.picture_rows import FULL, PieceRow
from edge.store.store import Store

log = logging.getLogger("minshan.uplink")
NOON = 12  # the hour, local, from which on a picture may be the day's
REMEMBERED = 256  # requested pictures, and slots that are taken
HOUR_US = 3_600_000_000
Slot = tuple[str, str, int]  # camera, part, the hour or noon that it begins with (microseconds UTC)


class PictureGate:
    """Decides which parts are sent; those of requested pictures are sent regardless of the budget."""

    def __init__(self, destination: str, store: Store, budget: Budget) -> None:
        self._dest, self._store, self._budget = destination, store, budget
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._taken: OrderedDict[Slot, str] = OrderedDict()

    def ask(self, pictures: Iterable[str]) -> None:
        """Note that these were requested."""
        for picture in pictures:
            self._asked[picture] = None
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)

    def is_asked(self, row: PieceRow) -> bool:
        """Return whether a picture was requested: since the start, or by the command that its record names."""
        if row.picture not in self._asked:
            record = self._store.get(row.seq)
            if record is None or not record.fields().get("command"):
                return False
            self.ask([row.picture])
        return True

    def passes(self, row: PieceRow) -> bool:
        """Return whether a part is to be sent; if not, it is marked as held on the station."""
        if self._budget.step is ThinningStep.NOTHING or row.offset or self.is_asked(row):
            return True
        slot = self._slot(row)
        if slot is not None and not self._is_first(slot, row):
            return self._keep(row)
        if not self._budget.admits_picture(part(row.size)):
            return self._keep(row)
        if slot is not None:
            self._taken[slot] = row.picture
            while len(self._taken) > REMEMBERED:
                self._taken.popitem(last=False)
        return True

    def _slot(self, row: PieceRow) -> Slot | None:
        """Return the day or hour of which one such part is sent; None if all are sent or its time is unknown."""
        hourly = row.part != FULL
        if row.time is None or (hourly and self._budget.step < ThinningStep.THUMBNAILS_HOURLY):
            return None
        hour = row.time // HOUR_US * HOUR_US
        since_noon = 0 if hourly else (self._budget.local(row.time)[1] - NOON) * HOUR_US
        return row.camera, row.part, hour - since_noon

    def _is_first(self, slot: Slot, row: PieceRow) -> bool:
        """Return whether no other such part of its hour, or of the time from noon to midnight, was sent."""
        camera, part, begin = slot
        end = begin + (HOUR_US if part != FULL else (24 - NOON) * HOUR_US)
        if row.time is None or not begin <= row.time < end:
            return False
        taken = self._taken.get(slot, row.picture)
        return taken == row.picture and not self._store.pictures.went(self._dest, camera, part, begin, end)

    def _keep(self, row: PieceRow) -> bool:
        self._store.pictures.hold(self._dest, row.picture, row.part)
        log.debug("picture %s (%s) stays here for the budget", row.picture[:8], row.part)
        return False
