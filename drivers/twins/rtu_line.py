"""The far end of an RS-485 line: its twins answer requests at the line's speed, on a pty or on a line in memory."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.twins.twin import ModbusTwin, Wire

FOREVER = float("inf")
DUE = itemgetter(0)
BITS = 10  # on the line for a byte: start, eight, stop
Answer = tuple[float, bytes]  # the instant at which its last byte has been sent, and its bytes


class RtuLine:
    """One line and the devices on it. With `echo` the adapter returns what is sent, as some do."""

    def __init__(self, wire: Wire, twins: Iterable[ModbusTwin], clock: Clock, baud: int, echo: bool = False) -> None:
        self._wire = wire
        self._twins = tuple(twins)
        self._clock = clock
        self._byte_time = BITS / baud
        self._echo = echo

    def run(self) -> None:
        """Serve as the body of a lane until `Stopped`."""
        coming: list[Answer] = []
        while True:
            request = self._wire.read(coming[0][0] if coming else FOREVER)
            for answer in self.answers(request) if request else ():
                insort(coming, answer, key=DUE)
            now = self._clock.now()
            while coming and coming[0][0] <= now:
                self._wire.write(coming.pop(0)[1])

    def answers(self, request: bytes) -> Iterator[Answer]:
        """Yield the answers to a request of this instant; it arrived at once, but its transmission time is added."""
        heard = self._clock.now() + len(request) * self._byte_time
        if self._echo:
            yield heard, request
        for twin in self._twins:
            if twin.address == request[0]:
                answer = twin.answer(request)
                if answer:
                    yield heard + twin.delay() + len(answer) * self._byte_time, answer
