"""The send window: our own limit of messages and bytes in flight, because paho ignores what a broker grants."""

from __future__ import annotations

from itertools import takewhile

from edge.northbound.minshan import OutgoingBatch
from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.record import Record
from edge.wire.contract import ChunkHeader

MESSAGES = 20  # as many as Mosquitto lets a client have in flight by default
# Bytes in flight, which a picture taken on command has to wait for: the second at first, then between the other two.
LEAST, FIRST, BYTES = 16 * 1024, 32 * 1024, 128 * 1024
LONGEST = 2.0  # s that a message may wait behind others before the window shrinks


class Window:
    """Messages handed to the broker and not yet acknowledged.

    `most_bytes`: the bytes that may be in flight on this link; `payload_bytes`: the largest payload of a message,
    except for a single record that exceeds it: that may have `packet_room`, the broker's limit, and is sent alone.
    """

    def __init__(self, receive_maximum: int, payload_bytes: int | None) -> None:
        self._most = min(MESSAGES, receive_maximum)
        self.payload_bytes = self.packet_room = payload_bytes
        self._alone = self._careful = False
        self._sent: dict[int, OutgoingBatch] = {}
        self._at: dict[int, float] = {}  # when each of them was sent
        self._seqs: dict[int, Ranges] = {}  # the sequence numbers of their records
        self._passed_over: set[int] = set()
        self._bytes, self.most_bytes = 0, FIRST
        self._slow_start = True  # every byte acknowledged in time is added to the bound, until one is late
        self._quickest = float("inf")  # s until an acknowledgement came: the round trip

    def __len__(self) -> int:
        return len(self._sent)

    def admits(self) -> bool:
        """Return whether an urgent message may be sent: the bound in bytes does not apply to it."""
        return len(self._sent) < (1 if self._careful else self._most) and not self._alone

    def room(self) -> bool:
        """Return whether any message may be sent; it may exceed the bound in bytes, or a large one would never go."""
        return self.admits() and self._bytes < self.most_bytes

    def narrow(self, most: int | None, careful: bool) -> None:
        """Set a limit that the broker did not state (bytes; None: none); `careful`: one message at a time."""
        self._careful = careful
        bounds = [bound for bound in (most, self.packet_room) if bound is not None]
        self.payload_bytes = min(bounds, default=None)

    def add(self, mid: int, message: OutgoingBatch, at: float = 0.0) -> None:
        """Add a message that was handed to the broker at `at` (boottime, s)."""
        self._sent[mid] = message
        self._at[mid] = at
        self._seqs[mid] = ranges.of(record.seq for record in message.records)
        self._alone = self.payload_bytes is not None and len(message.payload) > self.payload_bytes
        self._bytes += len(message.payload)

    def acknowledged(self, mid: int, at: float) -> OutgoingBatch | None:
        """Return the message whose acknowledgement came at `at` (boottime, s); None for one that is not ours."""
        message = self._sent.get(mid)
        if message is not None:
            self._passed_over |= set(takewhile(lambda other: other != mid, self._sent))
            self._passed_over.discard(mid)
            self._fit(len(message.payload), at - self._at[mid])
            del self._sent[mid], self._at[mid], self._seqs[mid]
            self._bytes -= len(message.payload)
            self._alone = False
        return message

    def settled(self, acks: dict[int, int], at: float) -> list[tuple[OutgoingBatch, int]]:
        """Return each of our messages whose acknowledgement came at `at`, with its code."""
        found = [(self.acknowledged(mid, at), code) for mid, code in acks.items()]
        return [(message, code) for message, code in found if message is not None]

    def _fit(self, size: int, took: float) -> None:
        """Shrink the window on a link on which messages wait for long, and grow it on one on which they do not."""
        self._quickest = min(self._quickest, took)
        waited = took - self._quickest
        if waited > LONGEST:
            self.most_bytes, self._slow_start = max(LEAST, round(self.most_bytes * LONGEST / waited)), False
        else:
            more = size if self._slow_start else size * size // self.most_bytes
            self.most_bytes = min(BYTES, self.most_bytes + more)

    def has_passed_over(self, before: float) -> bool:
        """Return whether a message sent before that instant is unacknowledged while a later one is acknowledged."""
        return any(self._at[mid] < before for mid in self._passed_over)

    def messages(self) -> list[OutgoingBatch]:
        """Return the messages in flight in the order in which they were sent."""
        return list(self._sent.values())

    def records_in_flight(self) -> set[tuple[str, int, int]]:
        """Return the records in flight, by `identity`."""
        return {identity(record) for message in self._sent.values() for record in message.records}

    def seqs(self) -> Ranges:
        """Return the seqs of the records in flight."""
        return ranges.ranges(pair for seqs in self._seqs.values() for pair in seqs)

    def chunks(self) -> list[tuple[ChunkHeader, int]]:
        """Return the chunks of pictures in flight, each with the offset of its end."""
        return [(message.chunk, message.chunk_end) for message in self._sent.values() if message.chunk is not None]


def identity(record: Record) -> tuple[str, int, int]:
    """Return the key of one revision of a record, unique within its station."""
    return record.epoch, record.seq, record.revision
