"""A receiver with its files and no broker: what it is handed, what it says, what it acknowledges."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, cast

from edge.config.sections import BrokerSection
from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.records.spans import Span
from edge.wire.contract import Batch, Hello, HelloAnswer, Receipt, Topic, decode, encode, topic
from edge.wire.link import Link
from edge.wire.session import Granted, Incoming
from hub.receiver import Files, Receiver

UTC0 = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
M = TypeVar("M")


class Desk:
    """One receiver. `link` below stands for the broker's end of the connection, which is paho's otherwise."""

    def __init__(self, folder: Path, receipts: bool = True, files: Files | None = None) -> None:
        self.folder = folder
        self.said: list[tuple[str, bytes]] = []
        self.acked: list[Incoming] = []
        self.granted = Granted()
        self.files = files = files or Files(folder / "m.jsonl", folder / "e.jsonl", folder / "pictures")
        self.seen: list[Record] = []  # by people
        self.receiver = Receiver(
            BrokerSection(url="mqtt://127.0.0.1:9"), files, receipts, lambda _station, record: self.seen.append(record)
        )

    def publish(self, to: str, payload: bytes) -> int:
        """Keep what the receiver sends."""
        to.encode().decode()
        self.said.append((to, payload))
        return len(self.said)

    def ack(self, message: Incoming) -> None:
        """Keep what the receiver has dealt with."""
        self.acked.append(message)

    def take(self, *messages: tuple[str, bytes]) -> None:
        """Hand it these messages at once; all must be acknowledged."""
        handed = [Incoming(to, payload, number, 1, False) for number, (to, payload) in enumerate(messages)]
        self.acked.clear()
        self.receiver.batch(cast(Link, self), handed)
        assert self.acked == handed

    def records(self, *records: Record, station: str = "s") -> None:
        """Hand it a batch."""
        self.take((topic(station, Topic.BACKFILL), encode(Batch(1, station, list(records)))))

    def answer(self, station: str = "s") -> HelloAnswer:
        """Return what it answers to a hello of the station."""
        hello = Hello(1, station, "nonce", "e", [Span("e", 1, 1)], 2, [], 0, "ntp", "committed")
        self.take((topic(station, Topic.HELLO), encode(hello)))
        return self.last(station, Topic.ANSWER, HelloAnswer)

    def last(self, station: str, channel: Topic, kind: type[M]) -> M:
        """Return the newest message on a station's channel."""
        return decode([payload for to, payload in self.said if to == topic(station, channel)][-1], kind)

    def receipted(self, station: str = "s") -> list[Span]:
        """All spans that were receipted."""
        told = [decode(payload, Receipt) for to, payload in self.said if to == topic(station, Topic.RECEIPT)]
        return [span for receipt in told for span in receipt.has]

    def again(self) -> Desk:
        """Start the same receiver anew."""
        self.receiver.close()
        return Desk(self.folder)


def minute(seq: int, revision: int = 0, start: int | None = UTC0, **values: Any) -> Record:
    """Return a minute."""
    mark = ClockMark("arrival") if start is None else ClockMark("ntp", 0.01)
    body = {"values": values or {"air_temperature": 1.5}, "quality": dict.fromkeys(values or ["air_temperature"], 1)}
    return Record("e", seq, Kind.MINUTE, Stamp("b", 60.0 * seq), 60.0, start, mark, revision, None, raw(body))
