"""A database connection for each thread that answers: an `Engine` belongs to a single thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hub.database.engine import Engine


class Engines:
    """Gives each thread its own engine, made at its first use."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: list[Engine] = []

    def mine(self) -> Engine:
        """Return this thread's. Raise SinkError."""
        engine: Engine | None = getattr(self._mine, "engine", None)
        if engine is None:
            engine = self._mine.engine = self._make()
            with self._lock:
                self._all.append(engine)
        return engine

    def close(self) -> None:
        """Let all go, once no thread answers any more."""
        with self._lock:
            for engine in self._all:
                engine.close()
            self._all.clear()
