"""Read received messages: each becomes pending records, picture files or notes, or is set aside.

No message can stop the receiver or be redelivered for ever. A record with an identity is stored, whatever its content;
one without, or a damaged one, is set aside and never receipted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import Raw

from drivers.reason import Reason
from edge.records.record import Record
from edge.wire.contract import Hello, PayloadError, Topic, encode
from edge.wire.session import Incoming
from edge.wire.set_aside import SetAside
from hub import column_batches, intake
from hub.changes import Changes
from hub.column_tables import ColumnTables
from hub.intake import RECORDS, RawBatch
from hub.pending import Pending, of_records
from hub.picture_files import PictureFiles
from hub.sink import Row
from hub.tally import WatchTally

log = logging.getLogger("minshan.watch")
# A broker delivers it at each connection, so a silent station would seem to be heard.
RETAINED = Reason("message_retained", "retained by the broker: only a status may be; the station sends the rest itself")


@dataclass(frozen=True)
class ReaderTargets:
    """The targets of what is read; None: none."""

    pending: Pending
    pictures: PictureFiles | None
    tables: ColumnTables
    tally: WatchTally
    aside: SetAside | None


class MessageReader:
    """Reads one message at a time; `utc` tells the time, microseconds since 1970."""

    def __init__(self, parts: ReaderTargets, utc: Callable[[], int]) -> None:
        self._pending, self._pictures, self._tables = parts.pending, parts.pictures, parts.tables
        self._tally, self._aside = parts.tally, parts.aside
        self._changes = Changes(parts.pending.note, utc)
        self._utc = utc

    def forget(self) -> None:
        """Forget the messages since the last commit: they will be redelivered."""
        self._changes.forget()

    def take(self, message: Incoming) -> Hello | None:
        """Process one message. Return a hello, to be answered once the batch is committed. Raise OSError."""
        try:
            return self._understood(message)
        except PayloadError as trouble:
            self.set_aside(message.topic, message.payload, trouble.reason)
        except OSError:
            raise  # the disk is at fault, not the message: it will be redelivered
        except Exception as error:  # noqa: BLE001  # no message may end the receiver, by any error
            self.set_aside(message.topic, message.payload, f"{type(error).__name__}: {error}")
        return None

    def _understood(self, message: Incoming) -> Hello | None:
        channel, payload = intake.channel(message.topic), message.payload
        if message.retained and channel is not Topic.STATUS:
            raise PayloadError(RETAINED)
        hello = None
        if channel in RECORDS and intake.in_columns(message.topic):
            self._columns(message.topic, channel, payload)
            return None
        if channel in RECORDS:
            self._records(message.topic, intake.batch(message.topic, payload))
        elif channel is Topic.PICTURE:
            header, data = intake.chunk(message.topic, payload)
            if self._pictures is not None and not self._pictures.put(header, data):
                raise PayloadError(
                    Reason("no_chunk", "chunk: not a piece of a picture of {station}", station=header.station)
                )
        elif channel is Topic.STATUS:
            status = intake.status(message.topic, payload)
            self._tally.states[status.station] = status.state
            self._changes.status(status)
        elif channel is Topic.HELLO:
            hello = intake.hello(message.topic, payload)
            self._pending.hello(hello)
        else:
            raise PayloadError(Reason("no_topic", "no topic of a station"))
        self._changes.more(message.topic, channel, intake.more(channel, payload))
        return hello

    def _columns(self, where: str, channel: Topic, payload: bytes) -> None:
        """Process a message of version 2, and blocks that waited for its tables. Raise PayloadError, OSError."""
        found = column_batches.read(where, payload, self._tables)
        self._records(where, RawBatch(found.v, found.station, found.records), found.minutes)
        for damaged, why in found.bad:
            self.set_aside(where, damaged, why)
        self._changes.more(where, channel, found.more)
        for topic_of_it, waited in self._tables.came(found.station) if found.new_tables else ():
            self._columns(topic_of_it, channel, waited)

    def _records(self, where: str, batch: RawBatch, minutes: Sequence[Record] = ()) -> None:
        """Process each record separately; set those aside that cannot be stored, without a receipt. Raise OSError."""
        bad: dict[int, Reason] = {}
        batch = RawBatch(batch.v, batch.station, [*batch.records, *(Raw(encode(minute)) for minute in minutes)])
        for number, raw in enumerate(batch.records):
            try:
                row = Row(batch.station, intake.record(raw), bytes(raw), self._utc())
                self._pending.row(where, batch.v, row)
            except Exception as error:  # noqa: BLE001  # a record may hold anything, and costs no other
                bad[number] = error.reason if isinstance(error, PayloadError) else library_error(error)
        if bad:
            kept = encode(RawBatch(batch.v, batch.station, [batch.records[number] for number in bad]))
            self.set_aside(where, kept, of_records(batch.station, next(iter(bad.values())), len(bad)))

    def set_aside(self, where: str, payload: bytes, why: Reason | str) -> None:
        """Count a message that cannot be handled, and keep it for inspection; it gets no receipt."""
        self._tally.aside += 1
        where = intake.printable(where)
        why = intake.printable(why, 500) if isinstance(why, str) else why
        if self._aside is not None:
            self._aside.put(where, payload, why)
        else:
            log.warning("a message on %s is not understood and left out: %s", where, why)


def library_error(error: Exception) -> Reason:
    """Return a library's error about a message, made safe for a terminal."""
    return Reason("said", "{text}", text=intake.printable(f"{type(error).__name__}: {error}", 500))
