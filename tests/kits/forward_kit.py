"""A destination's lane over a database that has records, driven step by step, without its pauses."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.clock.clock import SystemClock, system_utc
from edge.config.forward import FORWARDS, Forward
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.forward.forwarding import lane_of
from hub.forward.queue import DatabaseQueue
from tests.kits.sink_kit import delivery, row

PATIENCE_S = 20.0


def section(kind: str = "http-json", **more: Any) -> Forward:
    """Return a destination."""
    return FORWARDS[kind].model_validate({"name": "county", "kind": kind, "retry_max_s": 1.0, **more})


def records(url: str, *seqs: int, revision: int = 0, station: str = "s") -> None:
    """Put minutes into a database."""
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(row(seq, seq + revision / 2, revision, station) for seq in seqs)))
    sink.close()


class Driven:
    """One lane; `pauses` are those that it wanted."""

    def __init__(self, url: str, where: Forward, holder: str = "a") -> None:
        clock = SystemClock()
        self.queue = DatabaseQueue(opened(url), where.name, system_utc)
        self.lane = lane_of(self.queue, where, holder, clock, system_utc, seed=1)
        self.pauses: list[float] = []

    def steps(self, count: int) -> None:
        """Do so many steps."""
        self.pauses += [self.lane.step() for _ in range(count)]

    def until(self, holds: Callable[[], object]) -> None:
        """Do steps until something holds; fails where it does not in time."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, "did not come about in time"
            self.steps(1)

    def close(self) -> None:
        """End it."""
        self.lane.close()


def database(folder: Path) -> str:
    """Return the address of a new SQLite file."""
    return f"sqlite://{folder}/hub.db"
