"""Orders whose pictures were taken but not recorded yet; they are answered once the record is on the disk."""

from __future__ import annotations

from typing import Any

from drivers.clock import Clock
from edge.northbound import version1
from edge.pictures.captures import PictureOrder
from edge.pictures.reasons import detail, not_recorded, picture_taken
from edge.records.record import Kind

WITHIN = 180.0  # s; after 110 s a store on a disk that refuses writes continues in memory
FOREVER = float("inf")


class Unrecorded:
    """The orders whose pictures have no record on the disk yet, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, PictureOrder, dict[str, Any]]] = []

    @property
    def any(self) -> bool:
        """Return whether there is one. Callable from any lane."""
        return bool(self._waiting)

    def add(self, order: PictureOrder, body: dict[str, Any]) -> None:
        """Add an order; `body`: that of its picture's record."""
        self._waiting.append((self._clock.now() + WITHIN, order, body))

    def due(self) -> float:
        """Return the deadline of the oldest order; infinite if there is none."""
        return self._waiting[0][0] if self._waiting else FOREVER

    def recorded(self, picture: str) -> None:
        """Answer the orders of a picture (SHA-256) whose record is on the disk."""
        for one in [one for one in self._waiting if one[2]["picture"] == picture]:
            _, order, body = one
            self._waiting.remove(one)
            order.done(True, picture_taken(body, order.camera), version1.body(Kind.PICTURE, body))

    def give_up(self) -> None:
        """Fail the orders past their deadline: the record was lost, or the disk refuses it."""
        why = not_recorded(WITHIN)
        while self.due() <= self._clock.now():
            _, order, _ = self._waiting.pop(0)
            order.done(False, detail(why), {"camera": order.camera, "reason": str(why)})
