"""What is in flight: our own bound, in messages and in bytes, because paho keeps none that a broker grants."""

from __future__ import annotations

from edge.northbound.minshan import Outgoing
from edge.records.record import Record
from edge.wire.contract import ChunkHeader

MESSAGES = 20  # as many as Mosquitto lets a client have in flight by default
BYTES = 128 * 1024  # half a minute of a weak 4G link (32 kbit/s): nothing newer waits longer behind it


class Window:
    """Messages handed to the broker and not yet acknowledged. `payload_bytes`: the most that one may have."""

    def __init__(self, receive_maximum: int, payload_bytes: int | None) -> None:
        self._most = min(MESSAGES, receive_maximum)
        self.payload_bytes = payload_bytes
        self._sent: dict[int, Outgoing] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._sent)

    def room(self) -> bool:
        """Return whether one more message may go; its size may pass the bound in bytes, or large ones never went."""
        return len(self._sent) < self._most and self._bytes < BYTES

    def add(self, mid: int, message: Outgoing) -> None:
        """Take in that a message was handed over."""
        self._sent[mid] = message
        self._bytes += len(message.payload)

    def acknowledged(self, mid: int) -> Outgoing | None:
        """Return the message whose acknowledgement came; None for one that is not ours."""
        message = self._sent.pop(mid, None)
        if message is not None:
            self._bytes -= len(message.payload)
        return message

    def flying(self) -> set[tuple[str, int, int]]:
        """Return the records in flight, by `identity`."""
        return {identity(record) for message in self._sent.values() for record in message.records}

    def chunks(self) -> list[tuple[ChunkHeader, int]]:
        """Return the chunks of pictures in flight, each with the offset of its end."""
        return [(message.chunk, message.chunk_end) for message in self._sent.values() if message.chunk is not None]


def identity(record: Record) -> tuple[str, int, int]:
    """Return what tells one revision of one record from all others of its station."""
    return record.epoch, record.seq, record.revision
