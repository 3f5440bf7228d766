"""What is sent next: requested data, live, an awaited thumbnail, backfill from the newest, pictures.

The first three are not limited by the bytes in flight. Backfill and pictures are, and they also wait for a picture that
is being taken on command: whatever is in flight when it is ready arrives before it.

Live records are sent at the station's own phase after the minute, so that a farm's stations do not all send at once.
Alerts are live however old they are, and are sent immediately: people wait for them, and one that is over by now may
have woken people. While nobody is subscribed, or the broker refuses messages, backfill and pictures pause; live goes on
and shows when that ends.
"""

from __future__ import annotations

import hashlib
from collections import deque

from drivers.clock import Clock
from edge.northbound.minshan import OutgoingBatch
from edge.records import ranges
from edge.records.record import Kind, Record
from edge.store.store import Store
from edge.uplink.chunks import Chunks
from edge.uplink.destination import Destination
from edge.uplink.packet_limit import PacketLimit
from edge.uplink.record_encoder import RecordEncoder
from edge.uplink.too_large import TooLarge
from edge.uplink.window import Window, identity

PHASES = 10.0  # s over which stations spread their live records, so that they do not all send at once
MINUTE = 60.0  # s
FRESH = 120.0  # s after it was due for which a record is live; then it is backfill
UNDATED_FRESH = 30.0  # s; an undated record is dated by its arrival, so a later one would be dated wrongly
AHEAD = 4  # batches read from the store at once
ALERTS = 50  # alerts sent as live at a time, however old they are
NEVER = float("inf")


class SendQueue:
    """The queue of one connection; its contents are still in the store, so a lost connection loses nothing."""

    def __init__(
        self,
        destination: Destination,
        epoch: str,
        store: Store,
        clock: Clock,
        chunks: Chunks,
        too_large: TooLarge,
        limit: PacketLimit,
        encoder: RecordEncoder,
    ) -> None:
        self._dest = destination.name
        self._adapter = destination.adapter
        self._encoder, self._lacking = encoder, encoder.lacking
        self._epoch = epoch
        self._store = store
        self._clock = clock
        self._chunks = chunks
        self._too_large, self._limit = too_large, limit
        self._phase = phase(self._adapter.station)
        self._ready: deque[OutgoingBatch] = deque()  # requested data and live records
        self._backlog: deque[OutgoingBatch] = deque()
        self._alone: deque[OutgoingBatch] = deque()  # records that are larger than the learned limit
        self._live_due = self._clock.now()
        self._live_at = -NEVER  # when live records were sent last
        self._looked_at = 0  # the newest seq when live records were looked up last
        self._budget, self._least_every = destination.budget, destination.broker.live_every_min
        self._longest = MINUTE  # s between two live messages so far
        self._every_s()
        self._paused_until = 0.0
        self._exhausted = False  # neither backfill nor pictures are left in the store

    def put(self, message: OutgoingBatch) -> None:
        """Add a message that is sent before all records."""
        self._ready.append(message)

    def appended(self) -> None:
        """Schedule the new record in the store, with others if live records are gathered and none is urgent.

        An alert is sent immediately, not even at the station's phase.
        """
        self._exhausted = False
        now, newest, every = self._clock.now(), self._newest(), self._every_s()
        if any(record.kind == Kind.ALERT for record in newest):
            wait = 0.0
        elif every <= MINUTE or any(record.start is None for record in newest):
            wait = self._phase
        else:
            wait = max(self._phase, self._live_at + every - now)
        self._live_due = min(self._live_due, now + wait)

    def look_again(self) -> None:
        """Look in the store again: something other than a record is to be sent."""
        self._exhausted = False

    def reopened(self) -> None:
        """Look in the store again: something sent became unsent; its fresh records are sent as live again."""
        self._exhausted = False
        if self._every_s() <= MINUTE:
            self._live_due = min(self._live_due, self._clock.now())

    def rebuild(self) -> None:
        """Discard the messages made so far, to make them again: the size limit has changed."""
        self._backlog.clear()
        self._alone.clear()
        self._exhausted = False

    def pause(self, seconds: float) -> None:
        """Send no backfill and no pictures for so many seconds."""
        self._backlog.clear()
        self._exhausted = False
        self._paused_until = self._clock.now() + seconds

    def resume(self) -> None:
        """End a pause of backfill and pictures."""
        self._paused_until = 0.0

    def retry_now(self) -> None:
        """Make everything due now."""
        self._exhausted = False
        self._live_due = self._clock.now()
        self._paused_until = 0.0

    def next(self, window: Window) -> OutgoingBatch | None:
        """Return the next message if one is due and the window admits it, else None."""
        if not window.admits():
            return None
        now = self._clock.now()
        if self._chunks.probe():
            self._exhausted = False
        if now >= self._live_due:
            self._live_due, self._live_at = NEVER, now
            self._exhausted = False
            self._ready.extend(self._live(now, window))
        if self._ready:
            return self._ready.popleft()
        if self._exhausted or now < self._paused_until:
            return None
        hastened = self._chunks.next_hastened(window)
        if hastened is not None or not window.room() or now < self._chunks.awaited_until():
            return hastened
        return self._next_in_turn(now, window)

    def _next_in_turn(self, now: float, window: Window) -> OutgoingBatch | None:
        """Return the next message of backfill or pictures."""
        known = -1
        while not self._backlog and known != (known := len(self._too_large.seqs) + len(self._alone)):
            self._backlog.extend(self._backfill(now, window))  # again while records that are too large hide others
        if self._backlog and self._budget.admits_backfill(len(self._backlog[0].payload)):
            return self._backlog.popleft()
        if self._alone:
            return None if len(window) else self._alone.popleft()
        chunk = self._chunks.next(window)
        self._exhausted = chunk is None
        return chunk

    def due(self, window: Window) -> float:
        """Return the instant (boottime, s) at which `next` has something if nothing happens before; infinite: never.

        A record that is sent alone waits until nothing is in flight: the acknowledgement wakes the lane, not the clock.
        """
        if self._ready:
            return self._clock.now()
        waits = self._exhausted or not window.room() or (self._alone and len(window))
        others = NEVER if waits else max(self._paused_until, self._chunks.awaited_until())
        return min(self._live_due, self._chunks.probe_due, others)

    def _every_s(self) -> float:
        """Return the current interval of live messages (s). Records already waiting as live stay so if it changes."""
        every = 1 if self._budget.is_urgent() else max(self._least_every, self._budget.live_every_min())
        self._longest = max(self._longest, every * MINUTE)
        return every * MINUTE

    def _newest(self) -> list[Record]:
        return self._store.outbox.newest(self._dest, limit=self._adapter.live_records + round(self._longest / MINUTE))

    def _live(self, now: float, window: Window) -> list[OutgoingBatch]:
        unacknowledged = window.records_in_flight()
        self._looked_at = self._store.next_seq - 1  # read first: what is stored after this is found next time
        newest = self._newest()
        fresh = [r for r in newest if self._is_fresh(r, now) and identity(r) not in unacknowledged]
        fresh.sort(key=lambda r: (r.kind != Kind.ALERT, -r.seq))
        old = [r for r in self._alerts() if identity(r) not in unacknowledged and not self._is_fresh(r, now)]
        dated = [*old, *(r for r in fresh if r.start is not None)]
        undated = [r for r in fresh if r.start is None and now - ended(r) <= UNDATED_FRESH]
        most = window.payload_bytes
        messages = [m for records in (dated, undated[:1]) if records for m in self._encoder.live(records, most)]
        return [message for message in messages if most is None or len(message.payload) <= most]

    def _alerts(self) -> list[Record]:
        """Return the unsent alerts; one that was lacking twice, or is too large, is sent as backfill."""
        found = self._store.outbox.unsent(self._dest, ALERTS, alerts_alone=True)
        return [r for r in found if r.seq not in self._too_large.seqs and not self._lacking.twice((r,))]

    def _backfill(self, now: float, window: Window) -> list[OutgoingBatch]:
        """Return messages of old records; a record that fits no packet even alone is left out and reported."""
        most, batch = window.payload_bytes, self._adapter.batch_records
        alone = [record.seq for message in self._alone for record in message.records]
        excluded = ranges.union(window.seqs(), ranges.of(sorted([*self._too_large.seqs, *alone])))
        records = self._store.outbox.unsent(self._dest, limit=AHEAD * batch, excluding=excluded)
        # Fresh records are sent as live, also one that is stored but not announced to this lane yet: as backfill it
        # would wait behind everything that the platform has still to process.
        last = 0 if self._live_due < NEVER else self._looked_at
        records = [record for record in records if record.seq <= last or not self._is_fresh(record, now)]
        parts = self._lacking.batches(records, batch)
        messages = [message for part in parts for message in self._encoder.backfill(part, most)]
        return [message for message in messages if self._fits(message, window)]

    def _fits(self, message: OutgoingBatch, window: Window) -> bool:
        """Return whether a message fits; if not, its only record is sent alone or stays on the station."""
        size, record = len(message.payload), message.records[0]
        if record.seq in self._lacking.stays:
            self._too_large.put_lost(record, size)
        elif window.payload_bytes is None or size <= window.payload_bytes:
            return True
        elif window.packet_room is not None and size > window.packet_room:
            self._too_large.put(record, size, window.packet_room)
        elif self._limit.is_too_large(size):
            self._too_large.put_refused(record, size)
        else:
            self._alone.append(message)
        return False

    def _is_fresh(self, record: Record, now: float) -> bool:
        return record.epoch == self._epoch and now - ended(record) <= FRESH + self._longest


def ended(record: Record) -> float:
    """Return the boottime (s) of a record's end."""
    return record.stamp.boottime + record.duration


def phase(station: str) -> float:
    """Return the seconds after the minute at which a station sends, derived from its name."""
    return int.from_bytes(hashlib.sha256(station.encode()).digest()[:4], "big") / 2**32 * PHASES
