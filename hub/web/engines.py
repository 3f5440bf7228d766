"""A database connection for each worker thread: an `Engine` belongs to a single thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hub.database.engine import Engine


class Engines:
    """Gives each thread its own engine, opened at its first use."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: list[Engine] = []

    def mine(self) -> Engine:
        """Return this thread's engine. Raise SinkError."""
        engine: Engine | None = getattr(self._mine, "engine", None)
        if engine is None:
            engine = self._mine.engine = self._make()
            with self._lock:
                self._all.append(engine)
        return engine

    def close(self) -> None:
        """Close all engines, once the threads have stopped."""
        with self._lock:
            for engine in self._all:
                engine.close()
            self._all.clear()
