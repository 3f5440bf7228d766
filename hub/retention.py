"""Delete full pictures to make room, oldest first, by age and by bytes; thumbnails are kept.

A file is deleted before its row is updated: killed in between, the next pass finds the row again and has nothing to
delete. A row whose `file` is "" is of a deleted picture. Ages count from the present as confirmed by stations' clocks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.clock import Clock
from drivers.reason import system_reason
from edge.clock.clock import SystemClock, system_utc
from edge.records.asked import DAY_US
from hub.config import PicturesSection
from hub.database.engine import Engine
from hub.sink import SinkError
from hub.station_clocks import vouched_time

log = logging.getLogger("minshan.hub")
EVERY = 600.0  # s between two passes
SOON = 1.0  # s until the next pass, where there is more to delete
SLICE = 200  # pictures of a pass, so that live data is not delayed
GB = 1_000_000_000
KEY = ("station", "picture", "part")
FULL = "FROM picture WHERE part = 'full' AND file <> ''"


class Retention:
    """Deletes pictures beyond the limits; `database` opens the database, only if there is a limit."""

    def __init__(
        self,
        pictures: PicturesSection,
        database: Callable[[], Engine],
        clock: Clock | None = None,
        utc: Callable[[], int] = system_utc,
    ) -> None:
        self._limits, self._folder = pictures, Path(pictures.dir)
        self._database, self._engine = database, None if _unlimited(pictures) else database()
        self._clock, self._utc = clock or SystemClock(), utc
        self._next = 0.0

    def tick(self) -> None:
        """Make a pass where one is due. Errors are logged, and the pass retried."""
        if self._engine is None or self._clock.now() < self._next:
            return
        self._next = self._clock.now() + EVERY
        try:
            if self.make_room() == SLICE:
                self._next = self._clock.now() + SOON
        except SinkError as trouble:
            log.warning("%s", trouble.reason)
        except OSError as error:
            log.warning("%s cannot be deleted: %s", error.filename, system_reason(error))

    def make_room(self) -> int:
        """Delete pictures, at most SLICE. Return how many. Raise SinkError, OSError."""
        assert self._engine is not None
        gone = self._chosen(self._engine)
        for _, _, file, _ in gone:
            (self._folder / Path(file).name).unlink(missing_ok=True)
        with self._engine.transaction():
            for station, picture, _, _ in gone:
                self._engine.query(
                    "UPDATE picture SET file = '' WHERE station = %s AND picture = %s AND part = 'full'",
                    (station, picture),
                )
        if gone:
            log.info("%d photos were deleted to make room; their thumbnails stay", len(gone))
        return len(gone)

    def close(self) -> None:
        """Close the database."""
        if self._engine is not None:
            self._engine.close()

    def _chosen(self, engine: Engine) -> list[tuple[Any, ...]]:
        """Return (station, picture, file, size) of those to delete next, the oldest first, undated ones last."""
        oldest = engine.query(
            f"SELECT station, picture, file, size, time {FULL} ORDER BY coalesce(time, %s), station, picture LIMIT %s",
            (2**62, SLICE),
        )
        ((total,),) = engine.query(f"SELECT coalesce(sum(size), 0) {FULL}")
        days, most = self._limits.keep_days, self._limits.keep_gb
        now = None if days is None else vouched_time(engine, self._utc())
        before = None if days is None or now is None else now - days * DAY_US
        over = 0 if most is None else int(total) - int(most * GB)
        found: list[tuple[Any, ...]] = []
        for station, picture, file, size, time in oldest:
            if over <= 0 and (before is None or time is None or time >= before):
                break
            over -= size
            found.append((station, picture, file, size))
        return found


def _unlimited(pictures: PicturesSection) -> bool:
    return pictures.keep_days is None and pictures.keep_gb is None
