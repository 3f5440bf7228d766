"""Outcomes that another lane hands to the uplink's: none is lost, however the threads take turns."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from edge.clock.clock import SystemClock
from edge.store.store import Store
from edge.uplink import command_results
from edge.uplink.command_results import KEPT, Results
from edge.wire.contract import Command, Result

TURN = 1e-6  # s; the interpreter's smallest switch interval
AT_ONCE = 16  # commands under way: as many pictures as the station lets wait


class MemoryNotes:
    """Notes in memory: the disk would take all the time in which two threads can meet."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, kind: str, name: str) -> bytes | None:
        """Return what was put under that name."""
        return self._kept.get(name)

    def all(self, kind: str) -> dict[str, bytes]:
        """Return all that is kept."""
        return dict(self._kept)

    def put(self, kind: str, name: str, value: bytes, most: int = 1) -> None:
        """Keep a value, the newest `most` names of all."""
        with self._lock:
            self._kept[name] = value
            if len(self._kept) > most:
                self._kept.pop(next(iter(self._kept)))


@pytest.fixture
def smallest_turns() -> Iterator[None]:
    """Let the interpreter change threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    yield
    sys.setswitchinterval(before)


class Pair:
    """The uplink's lane, which takes commands and tells results, and a lane that carries the commands out."""

    def __init__(self, count: int) -> None:
        self.clock = SystemClock()
        self.count = count
        notes: Any = MemoryNotes()
        self.results = Results("a", notes, self.clock.inbox(KEPT))
        self.orders: deque[str] = deque()
        self.posted = 0

    def carry_out(self) -> None:
        """Tell of each command that it is done, as the picture lane does."""
        while self.posted < self.count:
            if not self.orders:
                os.sched_yield()
                continue
            command_id = self.orders.popleft()
            self.results.post(Result(1, command_id, "a", "done"))
            self.posted += 1

    def delivered(self) -> int:
        """Hand out commands, tell what waits; return how many were told as done."""
        begun = done = 0
        while done < self.count:
            all_posted = self.posted == begun
            while begun < self.count and begun - done < AT_ONCE:
                command = Command(1, str(begun), "picture", {}, 9)
                assert self.results.admit(command, 5)
                self.results.post(Result(1, command.id, "a", "accepted"))
                self.orders.append(command.id)
                begun += 1
            waiting = self.results.waiting()
            for result in waiting:
                self.results.delivered(result)
                done += result.state == "done"
            if all_posted and not waiting and begun == min(self.count, done + AT_ONCE) == self.posted:
                break  # nothing is under way any more: what has not come is lost
        return done


@pytest.mark.usefixtures("smallest_turns")
@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_no_final_result_is_lost_between_two_lanes(count: int) -> None:
    """A command that was carried out is told as done, though its end comes while its begin is being told."""
    pair = Pair(count)
    other = threading.Thread(target=pair.carry_out, daemon=True)
    other.start()
    assert pair.delivered() == count
    other.join(30)


def interrupted(results: Results, line: int) -> list[Result]:
    """Tell what waits, and return it; once the code has run `line` of its lines, another lane posts the end."""
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        if Path(frame.f_code.co_filename) != Path(command_results.__file__):
            return None
        lines += event == "line"
        if event == "line" and lines == line:
            other = threading.Thread(target=results.post, args=(Result(1, "x", "a", "done"),))
            other.start()
            other.join()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        told = results.waiting()
        for result in told:
            results.delivered(result)
    finally:
        sys.settrace(before)
    if lines < line:
        results.post(Result(1, "x", "a", "done"))
    return told


@pytest.mark.parametrize("line", range(1, 31))
def test_the_end_comes_at_any_line_of_telling_the_begin(line: int) -> None:
    """Wherever in telling "accepted" the other lane says "done", "done" is told next."""
    notes: Any = MemoryNotes()
    results = Results("a", notes, SystemClock().inbox(KEPT))
    assert results.admit(Command(1, "x", "picture", {}, 9), 5)
    results.post(Result(1, "x", "a", "accepted"))
    told = interrupted(results, line)
    assert "done" in [result.state for result in (*told, *results.waiting())]


def test_what_came_of_a_command_is_told_after_a_restart_unasked(tmp_path: Path) -> None:
    """Nobody sends a command twice: an outcome that the broker had not yet, or none for a station's end, is told."""
    store = Store.open(tmp_path, epoch="e1", destinations=("platform",))

    def started() -> Results:
        return Results("a", store.notes, SystemClock().inbox(KEPT))

    before = started()
    for name in ("told", "untold", "begun"):
        assert before.admit(Command(1, name, "picture", {}, 9), 5)
    for name in ("told", "untold"):
        before.put(Result(1, name, "a", "done"))
    before.delivered(before.waiting()[0])
    for _ in range(2):
        after = started()
        assert [(r.id, r.state) for r in after.waiting()] == [("untold", "done"), ("begun", "failed")]
    for result in after.waiting():
        after.delivered(result)
    assert started().waiting() == []
    store.close()
