"""Somebody far away who asks a simulated station, by the broker in memory, and hears what comes of it."""

from __future__ import annotations

from collections.abc import Callable

from edge.sim.asks import CommandSending
from edge.sim.command_checkers import SentCommand
from edge.sim.memory_broker import MemoryBroker
from edge.sim.memory_link import MemoryLink
from edge.wire.contract import VERSION, Command, Hello, HelloAnswer, Receipt, Result, Topic, decode, encode, topic
from edge.wire.session import KEPT_SESSION, Incoming, Session

NAME = "asker"


class WatchedBroker(MemoryBroker):
    """`confirmed`: the parts of pictures that receipts told of; `taken`: ids of commands dealt with.

    `waited`: by a station's start, the longest time, s, from a hello to its answer, as the station saw it.
    """

    def __init__(self, queued: int, receive_maximum: int, packet_bytes: int | None) -> None:
        super().__init__(queued, receive_maximum, packet_bytes)
        self.confirmed: set[tuple[str, str]] = set()
        self.taken: set[str] = set()
        self.waited: dict[str, float] = {}
        self.asked: dict[str, tuple[str, float]] = {}  # by nonce: the start, and when its station asked

    def publish(self, topic: str, payload: bytes, retain: bool, expiry: int | None, now: int) -> int:
        """Take a message, and note what a receipt confirms."""
        if topic.endswith(f"/{Topic.RECEIPT}"):
            self.confirmed |= {(piece.picture, piece.part) for piece in decode(payload, Receipt).pictures}
        return super().publish(topic, payload, retain, expiry, now)

    def acked(self, client_id: str, mid: int, now: int) -> None:
        """Forget a message that its client has dealt with, and note a command."""
        box = self._boxes.get(client_id)
        message = None if box is None else box.handed.get(mid)
        if message is not None and message.topic.endswith(f"/{Topic.COMMAND}"):
            self.taken.add(decode(message.payload, Command).id)
        super().acked(client_id, mid, now)


class WatchedLink(MemoryLink):
    """A connection to a `WatchedBroker`, which is told how long the station waits for answers."""

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Send a message, and note when a hello goes."""
        mid = super().publish(topic, payload, retain, expiry)
        if topic.endswith(f"/{Topic.HELLO}"):
            hello = decode(payload, Hello)
            self._watcher.asked.setdefault(hello.nonce, (hello.epoch, self._clock.now()))
        return mid

    def ack(self, message: Incoming) -> None:
        """Tell that a message has been dealt with, and note when that is an answer."""
        if message.topic.endswith(f"/{Topic.ANSWER}"):
            epoch, at = self._watcher.asked.get(decode(message.payload, HelloAnswer).nonce, ("", self._clock.now()))
            waited = self._watcher.waited
            waited[epoch] = max(waited.get(epoch, 0.0), self._clock.now() - at)
        super().ack(message)

    @property
    def _watcher(self) -> WatchedBroker:
        assert isinstance(self._network.broker, WatchedBroker)
        return self._network.broker


class Asker:
    """A client of the broker. `asked`: all that was asked, by id, with the answers."""

    def __init__(self, broker: WatchedBroker, station: str, utc: Callable[[], int]) -> None:
        self.asked: dict[str, SentCommand] = {}
        self._broker, self._station, self._utc = broker, station, utc

    def ask(self, ask: CommandSending) -> None:
        """Send a command, as it was sent before where it was."""
        now = self._utc()
        expires = None if ask.lasts is None else now + round(ask.lasts * 1e6)
        one = self.asked.setdefault(ask.id, SentCommand(ask, expires))
        one.sent.append(now)
        self.listen()
        command = encode(Command(VERSION, ask.id, ask.name, ask.args, one.expires))
        self._broker.publish(topic(self._station, Topic.COMMAND), command, ask.retained, None, now)

    def ask_again(self) -> None:
        """Send each command once more: what was answered is answered in the same way."""
        for one in list(self.asked.values()):
            self.ask(one.ask)

    def listen(self) -> None:
        """Connect, anew where the broker has ended the connection."""
        session = Session(NAME, (topic(self._station, Topic.RESULT),), expiry=KEPT_SESSION)
        self._broker.connect(session, self, self._utc())

    def judged(self) -> dict[str, SentCommand]:
        """Return all that was asked, with what the station has taken in."""
        for name, one in self.asked.items():
            one.taken = name in self._broker.taken
        return self.asked

    # -- the broker's peer ---------------------------------------------------------------------------------------

    def deliver(self, message: Incoming) -> None:
        """Take an answer."""
        now = self._utc()
        result = decode(message.payload, Result)
        if result.id in self.asked:
            self.asked[result.id].answers.append((now, result))
        self._broker.acked(NAME, message.mid, now)

    def end(self) -> None:
        """Go on: the next `listen` connects anew."""
