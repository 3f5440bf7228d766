"""Pictures on request that were taken, until their records are on the disk: whoever asked is told then."""

from __future__ import annotations

from typing import Any

from drivers.clock import Clock
from edge.northbound import version1
from edge.pictures.captures import PictureOrder
from edge.pictures.reasons import detail, not_recorded, picture_taken
from edge.records.record import Kind

WITHIN = 180.0  # s; a disk that refuses all is given up for the memory after 110 s
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
        """Wait for the record of a picture, by its body."""
        self._waiting.append((self._clock.now() + WITHIN, order, body))

    def due(self) -> float:
        """Return the instant at which the oldest has waited too long."""
        return self._waiting[0][0] if self._waiting else FOREVER

    def recorded(self, picture: str) -> None:
        """Tell whoever asked for the picture (SHA-256) that it is there."""
        for one in [one for one in self._waiting if one[2]["picture"] == picture]:
            _, order, body = one
            self._waiting.remove(one)
            order.done(True, picture_taken(body, order.camera), version1.body(Kind.PICTURE, body))

    def give_up(self) -> None:
        """Tell whoever has waited too long that there is no record: it was lost on its way, or no disk takes it."""
        why = not_recorded(WITHIN)
        while self.due() <= self._clock.now():
            _, order, _ = self._waiting.pop(0)
            order.done(False, detail(why), {"camera": order.camera, "reason": str(why)})
