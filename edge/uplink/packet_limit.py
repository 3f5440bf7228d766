"""Learn the largest message that a broker accepts without stating a limit, from what passes and what fails.

Such a broker closes the connection at a message that is too large, or never acknowledges it; with MQTT 5 it may refuse
it with a code. A mobile link breaks too, so a single disconnect proves nothing. The limit is halved after three
disconnects in a row, each with a message of at least some size in flight, if no message of that size has passed since
and smaller ones have. From the second disconnect until the new size has passed, one message at a time is in flight:
otherwise the small ones would be lost with the large one. If no message of a size has passed since the limit changed,
one more disconnect is enough. The limit grows again as long as messages pass, after pauses that become longer each time
that growing it ended a connection. A link that is merely bad gains by the same rule: smaller messages arrive before it
breaks.

A record that exceeds the limit by itself is sent when nothing else is in flight, so that a disconnect is due to it;
after three disconnects it stays on the station, as does everything of its size or larger, until a day has passed.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.clock import Clock
from edge.northbound.minshan import OutgoingBatch
from edge.wire.contract import OWN_PACKET
from edge.wire.link import REFUSED, TOO_LARGE

ENDS = 3  # disconnects in a row with a message of that size or larger in flight
FLOOR = 512  # bytes; smaller than a hello can be
GROW_AFTER = 600.0  # s without a disconnect due to size, after which twice the limit is tried
GROW_LONGEST = 24 * 3600.0  # s
AGAIN_AFTER = 24 * 3600.0  # s after which a record that did not pass alone is tried again
ANY = float("inf")


class PacketLimit:
    """The learned limit of one broker; outlives the connections.

    `most`: the largest payload that is sent, in bytes, except for a record alone; None: no limit is known.
    """

    def __init__(self, clock: Clock) -> None:
        self.most: int | None = None
        self._clock = clock
        self._passed = 0  # the largest payload that passed since the limit changed
        self._suspect = ANY  # the largest message in flight at each disconnect in a row: the smallest of these
        self._ends = 0
        self._smaller_passed = False
        self._alone: dict[int, int] = {}  # seq of a record that was sent alone -> disconnects
        self._too_large, self._too_large_until = ANY, 0.0
        self._grow_at, self._pause, self._grown = 0.0, GROW_AFTER, False

    @property
    def careful(self) -> bool:
        """Whether to send one message at a time, so that a disconnect is due to it and small ones pass before it."""
        return self._ends >= ENDS - 1 or (self.most is not None and self._passed < self.most / 2)

    def is_too_large(self, size: int) -> bool:
        """Return whether a record of `size` bytes does not pass even alone."""
        if self._clock.now() >= self._too_large_until:
            self._too_large = ANY
        return size >= self._too_large

    def acknowledged(self, settled: Sequence[tuple[OutgoingBatch, int]]) -> bool:
        """Learn from acknowledgements and their codes. Return whether something was refused for its size."""
        refused = [message for message, code in settled if code == TOO_LARGE]
        for message, code in settled:
            if code < REFUSED:
                self.passed(len(message.payload))
        for message in refused:
            self.refused(message)
        return bool(refused)

    def passed(self, size: int) -> None:
        """Learn that a payload of `size` bytes was acknowledged."""
        if size >= self._suspect:
            self._ends, self._suspect = 0, ANY  # something else ended the connections
        else:
            self._smaller_passed = True
        self._passed = max(self._passed, size)
        if self.most is None:
            return
        if self._grown and size > self.most / 2:  # more than passed before it grew
            self._grown, self._pause = False, GROW_AFTER
        if size >= self._too_large:
            self._too_large = ANY
        if size > self.most:
            self._set(size)
        elif size >= self.most / 2 and self._clock.now() >= self._grow_at and not self.is_too_large(self.most * 2):
            self._grown = True
            self._set(self.most * 2)
            self._grow_at = self._clock.now() + GROW_AFTER

    def ended(self, in_flight: Sequence[OutgoingBatch]) -> bool:
        """Learn that the connection ended with these in flight. Return whether one alone now counts as too large."""
        if not in_flight:
            return False
        largest = max(len(message.payload) for message in in_flight)
        if self.most is not None and largest > self.most:
            return self._ended_alone(in_flight[0], largest)
        self._ends, self._suspect = self._ends + 1, min(self._suspect, largest)
        enough = 1 if self.most is not None and self._suspect > self._passed else ENDS
        if self._ends >= enough and self._smaller_passed:
            self._shrink(int(self._suspect))
        return False

    def refused(self, message: OutgoingBatch) -> bool:
        """Learn that the broker refused a message as too large. Return whether it was a record alone."""
        alone = len(message.records) == 1
        if alone:
            self._too_large, self._too_large_until = len(message.payload), self._clock.now() + AGAIN_AFTER
        self._shrink(len(message.payload))
        return alone

    def _ended_alone(self, message: OutgoingBatch, size: int) -> bool:
        if not self._smaller_passed or not message.records:
            return False
        self._smaller_passed = False
        seq = message.records[0].seq
        self._alone[seq] = self._alone.get(seq, 0) + 1
        if self._alone[seq] < ENDS:
            return False
        self._alone.clear()
        self._too_large, self._too_large_until = size, self._clock.now() + AGAIN_AFTER
        return True

    def _shrink(self, size: int) -> None:
        self._pause = min(GROW_LONGEST, self._pause * 2) if self._grown else self._pause
        self._grown, self._smaller_passed = False, False
        self._set(max(FLOOR, min(size, self.most or size) // 2))
        self._passed = min(self._passed, self.most or 0)
        self._grow_at = self._clock.now() + self._pause

    def _set(self, most: int) -> None:
        self.most = most if most < OWN_PACKET else None
        self._ends, self._suspect = 0, ANY
