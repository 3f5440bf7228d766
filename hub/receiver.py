"""The platform's end of the contract: receive what stations send, store each record once, answer.

A batch of messages is written and synced, then receipts are sent (where enabled), and only then are the messages
acknowledged to the broker. Nothing is lost if the process is killed at any instant: an unacknowledged message is
redelivered, and a stored record is recognised by its identity. What cannot be handled is set aside and acknowledged
(`reader.py`).
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from drivers.clock import Clock
from drivers.reason import Reason
from edge.clock.clock import SystemClock, system_utc
from edge.config.sections import BrokerSection
from edge.northbound import version2
from edge.records.record import Record
from edge.records.spans import merged
from edge.wire import contract
from edge.wire.contract import Hello, HelloAnswer, Receipt, Topic, topic
from edge.wire.errors import LinkError, may_not_read
from edge.wire.link import Link
from edge.wire.retry import SAME_RECEIVER, STABLE, Retry
from edge.wire.session import Incoming
from edge.wire.set_aside import SetAside
from hub import answers, intake, live_first
from hub.column_tables import ColumnTables
from hub.gathered_receipts import GatheredReceipts
from hub.intake import plain_name
from hub.lines_sink import LinesSink
from hub.pending import Pending, span_of
from hub.picture_files import PictureFiles
from hub.reader import MessageReader, ReaderTargets
from hub.record_files import RecordFiles
from hub.roll_call import RollCall
from hub.silent_broker import SilentBroker
from hub.sink import Row, RowFate, Sink, SinkError
from hub.tally import WatchTally
from hub.told_time import ToldTime
from hub.troubles import Troubles, why_unkept

log = logging.getLogger("minshan.watch")
SLICE = 0.2  # s within which a signal is noticed
LOOK = 1.0  # s between two checks of what others did to the files
MOST_ROWS = 5000  # records after which a commit is due, even if more are in the inbox
SINK_PAUSE = 2.0  # s before a failed commit is retried


@dataclass
class Files:
    """Where data is stored; None: nowhere. `own`: suffix of this receiver's files where several share the pictures."""

    minutes: Path | None = None
    events: Path | None = None
    pictures: Path | None = None
    own: str = ""

    def beside(self, ending: str) -> Path | None:
        """Return a path beside the first of them; None where nothing is stored."""
        first = self.minutes or self.events or self.pictures
        return None if first is None else first.with_name(first.name + ending)


class Receiver:
    """One receiver with its files, or a sink that stores the records instead. Raise OSError.

    `seen` is called with each new record, to show it to people; with a sink also with records that another hub on the
    same database committed first. `utc` returns the time, microseconds since 1970; `told` the time that stations are
    told (default: `utc`). `name` distinguishes its session at the broker from others.
    """

    def __init__(
        self,
        broker: BrokerSection,
        files: Files,
        receipts: bool,
        seen: Callable[[str, Record], None],
        utc: Callable[[], int] = system_utc,
        sink: Sink | None = None,
        told: Callable[[], ToldTime] | None = None,
        name: str = "",
    ) -> None:
        self.tally = WatchTally()
        self.records = RecordFiles(files.minutes, files.events, None if sink else files.beside(".ledger"))
        self.sink: Sink = sink or LinesSink(self.records)
        self.receipts = receipts and (sink is not None or (files.minutes is not None and files.events is not None))
        self.connected = False
        folder = files.beside(".set-aside")
        self.aside = None if folder is None else SetAside(folder)
        self._broker, self._seen, self._utc = broker, seen, utc
        self._shares = sink is not None
        self._pictures = None if files.pictures is None else PictureFiles(files.pictures, plain_name(name))
        self._gathered = GatheredReceipts()
        self._pending = Pending(MOST_ROWS)
        self._told = told or (lambda: ToldTime(utc()))
        self._name = name or f"watch-{{}}-{socket.gethostname()}"
        mine = f".{plain_name(files.own)}" if files.own else ""
        waiting = files.beside(f".waiting{mine}")
        self._tables = ColumnTables(files.beside(f".tables{mine}"), None if waiting is None else SetAside(waiting))
        parts = ReaderTargets(self._pending, self._pictures, self._tables, self.tally, self.aside)
        self._reader = MessageReader(parts, utc)
        self._reads = version2.VERSION
        self._clock: Clock = SystemClock()
        shown = broker.url.rpartition("@")[2]
        self.troubles, self._unheard = Troubles(shown), SilentBroker(shown)
        self._speaks = True  # whether this one of several receivers answers stations
        self._roll = RollCall()
        self._next_look = 0.0

    def run(self, ended: Callable[[], bool], tick: Callable[[], None]) -> None:
        """Receive until `ended`, reconnecting without limit. `tick` is called a few times a second."""
        retry = Retry(self._broker.retry_max_s, soon=SAME_RECEIVER)
        while not ended():
            since = self._clock.now()
            refused = False
            pause = None
            try:
                self.sink.look()  # raises if nothing can be stored: then nothing is requested either
                link = live_first.connect_both(self._broker, self.sink.id, self._name)
                try:
                    self._receive(link, ended, tick)
                finally:
                    self.connected = False
                    self.sink.fall_silent()
                    link.close()
            except LinkError as trouble:
                self.troubles.begin(retry.explained(trouble.reason, stood=self.troubles.reason is None))
                refused = trouble.login
            except (OSError, SinkError) as error:  # the batch is unacknowledged, so it will be redelivered
                self.troubles.begin(why_unkept(error))
                pause = SINK_PAUSE if isinstance(error, SinkError) else None
            if self._clock.now() - since > STABLE:
                retry.reset()
            self._wait(retry.pause(refused) if pause is None else pause, ended, tick)

    @property
    def photos(self) -> Reason | None:
        """Return why no photos can be stored; None where they are."""
        return None if self._pictures is None else self._pictures.trouble

    def close(self) -> None:
        """Close the files or the database."""
        self.sink.close()

    # -- the connection ------------------------------------------------------------------------------------

    def _receive(self, link: Link, ended: Callable[[], bool], tick: Callable[[], None]) -> None:
        newer = [where for where in link.granted.refused if intake.in_columns(where)]
        if len(newer) < len(link.granted.refused):
            raise LinkError(may_not_read(link.granted.refused))
        self._reads = contract.VERSION if newer else version2.VERSION
        self.troubles.connected()
        self.connected = True
        self._unheard.begin(self._clock.now())
        self._speaks = self.sink.speaks()
        self._roll.want()
        while not ended():
            tick()
            self._roll.call(link, self._speaks, self.troubles.unkept is None)
            link.wait(self._clock.now() + SLICE)
            link.acks.clear()
            self._unheard.look(bool(link.incoming), self._clock.now())
            if link.incoming or self._clock.now() >= self._next_look:
                self._next_look = self._clock.now() + LOOK
                before, self._speaks = self._speaks, self.sink.speaks()
                is_back = self._pictures is not None and self._pictures.is_back(self._clock.now())
                if self.sink.look() or self._speaks > before or is_back:
                    self._gathered.forget()
                    self._roll.want()
                self.send_receipts(link, self._clock.now())
            if link.incoming:
                messages = list(link.incoming)
                link.incoming.clear()
                self.batch(link, messages)
        self.send_receipts(link, float("inf"))

    def _wait(self, seconds: float, ended: Callable[[], bool], tick: Callable[[], None]) -> None:
        until = self._clock.now() + seconds
        while not ended() and self._clock.now() < until:
            tick()
            self._clock.sleep_until(min(until, self._clock.now() + SLICE))

    # -- a batch -------------------------------------------------------------------------------------------

    def batch(self, link: Link, messages: list[Incoming]) -> None:
        """Store the messages, answer, and acknowledge, one commit at a time.

        Raise OSError, SinkError: uncommitted messages stay unacknowledged and are redelivered on the next connection.
        """
        taken: list[Incoming] = []
        hellos: list[Hello] = []
        try:
            for message in messages:
                hello = self._reader.take(message)
                hellos += [] if hello is None else [hello]
                taken.append(message)
                if self._pending.full:
                    self._finish(link, taken, hellos)
                    taken, hellos = [], []
            self._finish(link, taken, hellos)
        except (OSError, SinkError):
            self._reader.forget()
            if self._pictures is not None:
                self._pictures.forget()
            raise
        finally:
            self._pending.clear()

    def _finish(self, link: Link, messages: list[Incoming], hellos: list[Hello]) -> None:
        """Commit, then send receipts and answers, then acknowledge."""
        if self._pictures is not None:
            self._pictures.sync()
        self._commit()
        self._gathered.note_waits(hellos)
        self._gathered.press(messages)
        self.send_receipts(link, self._clock.now(), self._tables.sync())
        for hello in hellos:
            self._answer(link, hello)
        for message in messages:
            link.ack(message)

    def _commit(self) -> None:
        """Commit what is pending, count it, and set aside what was refused. Raise OSError, SinkError."""
        delivery = self._pending.delivery(self._pictures.kept.values() if self._pictures else ())
        with self.troubles.keeping(delivery):
            outcome = self.sink.commit(delivery)
        for row, fate in zip(delivery.rows, outcome.fates):
            self._settle(row, fate)
        for where, message, why in self._pending.refused(outcome.why):
            self._reader.set_aside(where, message, why)
        self._pending.clear()
        if self._pictures is not None:
            self._pictures.kept.clear()

    def _settle(self, row: Row, fate: RowFate) -> None:
        if fate is RowFate.REFUSED:
            return
        if fate is RowFate.OTHER:
            self.tally.others += 1
        elif fate is RowFate.DOUBLE:
            self.tally.doubles += 1
        else:
            self.tally.take(row.station, row.record, row.arrived)
        if isinstance(row.record, Record) and (fate is RowFate.NEW or self._shares):
            self._seen(row.station, row.record)
        self._gathered.keep(row, span_of(row), self._clock.now())

    # -- answers -------------------------------------------------------------------------------------------

    def send_receipts(self, link: Link, now: float, also: Iterable[str] = ()) -> None:
        """Send the receipts that are due `now` (s), and those of the stations `also`. Raise LinkError."""
        if not self._speaks:
            self._discard_answers()
            return
        pictured = self._pictures.stations() if self._pictures else ()
        for station in sorted({*self._gathered.due(now), *also, *self._tables.wanted, *pictured}):
            self._receipt(link, station)
        self._tables.wanted.clear()

    def _discard_answers(self) -> None:
        """Discard receipts and requests: the receiver that answers was delivered the same messages."""
        self._gathered.forget()
        self._tables.wanted.clear()
        if self._pictures is not None:
            for station in self._pictures.stations():
                self._pictures.collect(station)

    def _receipt(self, link: Link, station: str) -> None:
        """Send a receipt for what was stored since the last one, if enabled, and request missing pieces and tables."""
        whole, wanted = ([], []) if self._pictures is None else self._pictures.collect(station)
        self.tally.pictures += 0 if self._pictures is None else self._pictures.count_finished()
        has = merged(self._gathered.take(station))
        has = self.sink.kept(station, has) if self.receipts and has else []  # files may have gone while it waited
        for receipt in answers.receipts(
            self.sink, station, has, whole if self.receipts else [], wanted, self._tables.wanted.get(station, ())
        ):
            self._publish(link, topic(station, Topic.RECEIPT), receipt)

    def _answer(self, link: Link, hello: Hello) -> None:
        if not self._speaks:
            return
        for answer in answers.answers(self.sink, hello, self._told(), self.receipts, self._reads):
            if self._publish(link, topic(hello.station, Topic.ANSWER), answer):
                return

    def _publish(self, link: Link, where: str, message: HelloAnswer | Receipt) -> bool:
        """Publish a message; False where it exceeds the broker's packet limit. Raise LinkError."""
        payload = answers.payload(message, link.granted.packet_bytes)
        if payload is None:
            log.warning("a message for %s is too large", where)
            return False
        link.publish(where, payload)
        return True
