"""Make the tiles of new pictures as they arrive, so that the wall opens without making a hundred of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge.clock.clock import SystemClock
from edge.lanes import Lanes
from hub.database.engine import Engine
from hub.database.queries import Queries
from hub.sink import SinkError
from hub.tiles import Tiles


class TileMaker:
    """Runs in a lane of its own until `stop`. `engine` opens the database there; `utc`: microseconds UTC."""

    def __init__(self, engine: Callable[[], Engine], tiles: Tiles, pictures: Path, utc: Callable[[], int]) -> None:
        self._make, self._tiles, self._pictures, self._utc = engine, tiles, pictures, utc
        self._ended, self._told = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._stations: set[str] | None = None  # with new data; None: look at all
        self._lanes = Lanes(SystemClock())

    def start(self) -> None:
        """Start the lane, with all stations to look at."""
        self._told.set()
        self._lanes.start("tiles", self._run)

    def tell(self, station: str) -> None:
        """Note that a station has new data; from any thread."""
        with self._lock:
            if self._stations is not None:
                self._stations.add(station)
        self._told.set()

    def stop(self) -> None:
        """Stop the lane."""
        self._ended.set()
        self._told.set()
        self._lanes.stop()
        self._lanes.join(5.0)

    def _run(self) -> None:
        engine: Engine | None = None
        try:
            while self._told.wait() and not self._ended.is_set():
                self._told.clear()
                with self._lock:
                    stations, self._stations = self._stations, set()
                with suppress(SinkError):  # a tile that is not made now is made when it is asked for
                    engine = engine or self._make()
                    self._make_tiles(Queries(engine), stations)
        finally:
            if engine is not None:
                engine.close()

    def _make_tiles(self, queries: Queries, stations: set[str] | None) -> None:
        there = [state.station for state in queries.stations(self._utc())]
        for station in there if stations is None else stations.intersection(there):
            for camera in queries.cameras(station, self._utc()):
                picture = queries.picture(camera.sha256) if camera.here and camera.sha256 else None
                if picture is not None and not self._ended.is_set():
                    self._tiles.tile_of(picture, self._pictures)
