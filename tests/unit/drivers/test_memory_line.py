"""A serial line in memory behaves as a pty does: the same script on both, as a driver and a twin see it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from drivers.buses.bus import OnSerial
from drivers.errors import Unplugged
from drivers.twins.memory_line import HOLDS, MemoryLine
from drivers.twins.serial_wire import PtyLine, SerialLine
from edge.sim.clock import SimClock

SETTINGS = OnSerial(port="/dev/ttyUSB0")
LINES = pytest.mark.parametrize("kind", [PtyLine, MemoryLine])


def played(kind: type[SerialLine], *scripts: Callable[[SerialLine, SimClock], None]) -> SerialLine:
    """Play the scripts at once on a line of that kind. Return the line, closed."""
    clock = SimClock()
    line = kind(clock)
    for script in scripts:
        clock.lane(script.__name__, partial(script, line, clock))
    clock.run_until(60.0)
    assert clock.alive == 0
    line.close()
    return line


@LINES
def test_bytes_cross_both_ways_and_wait_for_who_reads(kind: type[SerialLine]) -> None:
    """All byte values cross unchanged at the instant at which they are sent; what waits is read together."""
    everything = bytes(range(256))
    came: list[tuple[float, bytes]] = []
    asked: list[tuple[float, bytes]] = []

    def driver(line: SerialLine, clock: SimClock) -> None:
        port = line.open(SETTINGS, clock)
        for until in (1.0, 10.0):
            data = port.read_some(until)
            came.append((clock.now(), data))
        port.write(everything)
        clock.sleep_until(20.0)
        for until in (20.0, 21.0):
            data = port.read_some(until)
            came.append((clock.now(), data))
        clock.sleep_until(30.0)
        port.flush_input()
        came.append((clock.now(), port.read_some(31.0)))

    def twin(line: SerialLine, clock: SimClock) -> None:
        clock.sleep_until(2.0)
        line.write(everything)
        data = line.read(5.0)
        asked.append((clock.now(), data))
        clock.sleep_until(12.0)
        line.write(b"one")
        line.write(b"two")
        data = line.read(25.0)
        asked.append((clock.now(), data))
        line.write(b"discarded")

    played(kind, driver, twin)
    assert came == [(1.0, b""), (2.0, everything), (20.0, b"onetwo"), (21.0, b""), (30.0, b"")]
    assert asked == [(2.0, everything), (25.0, b"")]


@LINES
def test_what_nobody_reads_is_dropped_and_counted(kind: type[SerialLine]) -> None:
    """A line holds what a kernel holds; more is dropped, and there is room again when it was read."""
    sizes: list[int] = []

    def driver(line: SerialLine, clock: SimClock) -> None:
        port = line.open(SETTINGS, clock)
        clock.sleep_until(10.0)
        sizes.append(len(port.read_some(10.0)))
        sizes.append(len(port.read_some(20.0)))

    def twin(line: SerialLine, clock: SimClock) -> None:
        clock.sleep_until(1.0)
        for _ in range(HOLDS // 100 + 3):
            line.write(bytes(100))
        clock.sleep_until(12.0)
        line.write(bytes(100))

    assert played(kind, driver, twin).dropped == 300
    assert sizes == [HOLDS, 100]


@LINES
def test_a_line_that_is_pulled_out_fails_and_its_port_stays_dead(kind: type[SerialLine]) -> None:
    """Who waits for bytes learns at once that the port is gone; it stays so, and a new one works."""
    ends: list[tuple[float, str]] = []
    came: list[bytes] = []

    def refused(clock: SimClock, call: Callable[..., Any], *words: Any) -> None:
        with pytest.raises(Unplugged) as caught:
            call(*words)
        ends.append((clock.now(), caught.value.detail.code))

    def driver(line: SerialLine, clock: SimClock) -> None:
        port = line.open(SETTINGS, clock)
        refused(clock, port.read_some, 50.0)
        clock.sleep_until(10.0)
        for call in (lambda: port.read_some(20.0), lambda: port.write(b"x"), port.flush_input):
            refused(clock, call)
        port.close()
        anew = line.open(SETTINGS, clock)
        came.append(anew.read_some(20.0))

    def twin(line: SerialLine, clock: SimClock) -> None:
        clock.sleep_until(3.0)
        line.unplug()
        line.write(b"into the air")
        clock.sleep_until(5.0)
        line.plug()
        line.write(b"before it was opened")
        clock.sleep_until(15.0)
        line.write(b"afterwards")

    played(kind, driver, twin)
    assert ends == [(3.0, "port_gone"), (10.0, "port_gone"), (10.0, "port_gone"), (10.0, "port_gone")]
    assert came == [b"afterwards"]
