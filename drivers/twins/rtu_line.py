"""The far end of an RS-485 line: reads requests from a pty, and its twins answer at the line's pace."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.twins.twin import ModbusTwin, Wire

FOREVER = float("inf")
DUE = itemgetter(0)
BITS = 10  # on the line for a byte: start, eight, stop


class RtuLine:
    """One line and the devices on it. With `echo` the adapter returns what is sent, as some do."""

    def __init__(self, wire: Wire, twins: Iterable[ModbusTwin], clock: Clock, baud: int, echo: bool = False) -> None:
        self._wire = wire
        self._twins = tuple(twins)
        self._clock = clock
        self._byte_time = BITS / baud
        self._echo = echo
        self._due: list[tuple[float, bytes]] = []  # when its last byte is through, and what is on the line, in order

    def run(self) -> None:
        """Serve for ever as the body of a lane. Raise Stopped out of one of the clock's waits."""
        while True:
            request = self._wire.read(self._due[0][0] if self._due else FOREVER)
            if request:
                self._take(request)
            if self._due:
                self._send()

    def _take(self, request: bytes) -> None:
        """Answer a request. A pty gives it all at once, but it still takes its time on the line."""
        heard = self._clock.now() + len(request) * self._byte_time
        if self._echo:
            insort(self._due, (heard, request), key=DUE)
        for twin in self._twins:
            if twin.address == request[0]:
                answer = twin.answer(request)
                if answer:
                    through = heard + twin.delay() + len(answer) * self._byte_time
                    insort(self._due, (through, answer), key=DUE)

    def _send(self) -> None:
        now = self._clock.now()
        while self._due and self._due[0][0] <= now:
            self._wire.write(self._due.pop(0)[1])
