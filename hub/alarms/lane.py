"""The lanes of the alarms: one that decides, and one per channel, so that a hanging channel delays no other.

The deciding lane claims the lease and wakes the others; while another hub holds the lease, it waits for its expiry.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from drivers.clock import Clock, Inbox, Stopped
from drivers.reason import Reason
from edge.backoff import Backoff
from edge.delivery.message import Message, MessageFate, Sender, SendResult
from edge.lanes import Lanes
from edge.wire.post import Endpoint, RequestError, requested
from hub.alarms.database_outage import DatabaseOutage
from hub.alarms.decider import Decider
from hub.alarms.outbox import Claimed, MessageOutbox
from hub.alarms.watch import Watch
from hub.alarms.writing import AlarmWriter
from hub.config import AlarmsSection
from hub.database.engine import Engine
from hub.database.errors import is_unusable
from hub.database.lease import Lease
from hub.sink import SinkError

log = logging.getLogger("minshan.alarms")
POLL_S = 2.0
HEARTBEAT_S, HEARTBEAT_TIMEOUT_S = 60.0, 8.0
SENDER_FELL = Reason("sender_fell", "unexpected error in the hub; see its log")
TROUBLE = Reason("alarms_trouble", "alarms: {why}", why="")


@dataclass(frozen=True)
class Setting:
    """The parts and settings of a hub's alarms. `utc`: microseconds; `poll_s`: between two passes.

    `connected`: whether the hub is connected to its broker; `synchronised`: whether its clock is; `url`: the hub's
    address for people; `photos`: why none can be stored; `unkept`: why received records are not, though this lane runs.
    """

    section: AlarmsSection
    senders: Mapping[str, Sender]
    engine: Callable[[], Engine]
    holder: str
    clock: Clock
    utc: Callable[[], int]
    connected: Callable[[], bool] = lambda: True
    synchronised: Callable[[], bool] = lambda: True
    url: str | None = None
    heartbeat: str | None = None
    poll_s: float = POLL_S
    seed: int | None = None
    photos: Callable[[], Reason | None] = lambda: None
    unkept: Callable[[], Reason | None] = lambda: None


def start_lanes(setting: Setting) -> Lanes:
    """Start the lanes. Return them. The database must be migrated."""
    lanes = Lanes(setting.clock)
    doors = {name: setting.clock.inbox(1) for name in setting.senders}
    for name, sender in setting.senders.items():
        lanes.start(f"channel {name}", partial(_run_channel, setting, sender, doors[name]))
    lanes.start("alarms", partial(_run_alarms, setting, doors))
    return lanes


def _run_alarms(setting: Setting, doors: Mapping[str, Inbox]) -> None:
    lane = AlarmsLane(setting, doors)
    try:
        lane.run()
    except Stopped:
        lane.release()
        raise
    finally:
        lane.close()


def _run_channel(setting: Setting, sender: Sender, door: Inbox) -> None:
    ChannelLane(setting, sender, door).run()


class AlarmsLane:
    """The deciding lane. `doors`: inboxes that wake the channels' lanes."""

    def __init__(self, setting: Setting, doors: Mapping[str, Inbox]) -> None:
        self._setting, self._doors, self._clock = setting, doors, setting.clock
        self._engine = engine = setting.engine()
        self._lease = Lease(engine, setting.holder, setting.clock)
        writer = AlarmWriter(engine, setting.section, setting.url)
        self._outbox = MessageOutbox(engine, writer, setting.holder, setting.seed)
        states = setting.connected, setting.synchronised, setting.photos
        self._watch = Watch(engine, setting.section, setting.senders, *states, setting.utc())
        self._outage = DatabaseOutage(setting.senders, setting.clock)
        parts = self._outbox, writer, self._watch, setting.holder, setting.clock
        self._decider = Decider(engine, setting.section, setting.senders, *parts)
        self._was_ours = False
        self._beat: float | None = None  # the last heartbeat
        self._trouble: Reason | None = None

    def run(self) -> None:
        """Decide until stopped."""
        backoff = Backoff(self._setting.poll_s, 30.0)
        while True:
            pause = self._setting.poll_s
            try:
                self.step()
                backoff.reset()
                self._set_trouble(None)
            except SinkError as trouble:
                self._set_trouble(trouble.reason)
                self._watch.blind_until(self._setting.utc())
                self._was_ours = False
                self._outage.note_failure(trouble.reason)
                pause = backoff.pause()
            self._clock.sleep_until(self._clock.now() + pause)

    def step(self) -> None:
        """Do one pass if this hub holds the lease. Raise SinkError."""
        now = self._setting.utc()
        if not self._lease.claim():
            self._was_ours = False
            self._outage.stand_by()
            return
        if not self._was_ours:
            self._outbox.recover(now)
            self._watch.blind_until(now)
            self._was_ours = True
        before = self._outbox.put_in
        if not self._decider.step(now):
            return
        for door in self._doors.values() if self._outbox.put_in > before else ():
            if not len(door):
                door.offer(True)
        unkept = self._setting.unkept()
        self._outage.note_pass(*self._decider.concerned(), unkept)
        if unkept is None:
            self._send_heartbeat()
        else:
            self._watch.blind_until(now)

    def release(self) -> None:
        """Let another hub take over at once."""
        try:
            if self._was_ours:
                self._lease.release()
        except SinkError as trouble:
            self._set_trouble(trouble.reason)

    def close(self) -> None:
        """Close the database."""
        self._engine.close()

    def _send_heartbeat(self) -> None:
        """Send the heartbeat once a minute after a successful pass, while the broker is connected."""
        url, now = self._setting.heartbeat, self._clock.now()
        if url is None or not self._setting.connected() or (self._beat is not None and now - self._beat < HEARTBEAT_S):
            return
        self._beat = now
        try:
            where = Endpoint(url, url.partition("?")[0])
            requested("GET", where, None, {"Connection": "close"}, self._clock, HEARTBEAT_TIMEOUT_S)
        except RequestError as error:
            log.warning("%s", TROUBLE.having(why=error.reason))

    def _set_trouble(self, why: Reason | None) -> None:
        if why is not None and why != self._trouble and not is_unusable(why):
            log.warning("%s", TROUBLE.having(why=why))
        self._trouble = why


class ChannelLane:
    """Sends one channel's messages."""

    def __init__(self, setting: Setting, sender: Sender, door: Inbox) -> None:
        self._setting, self._sender, self._door = setting, sender, door
        self._engine = setting.engine()
        writer = AlarmWriter(self._engine, setting.section, setting.url)
        self._outbox = MessageOutbox(self._engine, writer, setting.holder, setting.seed)
        self._told: Reason | None = None
        self._tried: tuple[Claimed, SendResult] | None = None  # the result of an attempt, until it is stored
        self._is_lost = True  # whether a message may be in "sending" that no lane is sending

    def run(self) -> None:
        """Send until stopped."""
        clock = self._setting.clock
        backoff = Backoff(self._setting.poll_s, 30.0)
        try:
            while True:
                pause = 0.0
                try:
                    if not self.step():
                        pause = self._setting.poll_s
                    backoff.reset()
                except SinkError:  # the deciding lane logs it
                    self._is_lost = True
                    pause = backoff.pause()
                if pause:
                    self._door.get(clock.now() + pause)
        finally:
            self._engine.close()

    def step(self) -> bool:
        """Send one message. Return whether there was one. Raise SinkError."""
        name, utc = self._sender.name, self._setting.utc
        self._settle()
        if self._is_lost:
            self._outbox.recover_channel(name, utc())
            self._is_lost = False
        claimed = self._outbox.claim(name, self._sender.most_a_minute, utc())
        if claimed is None:
            return False
        result = self._sent(claimed.message)
        if result.fate is not MessageFate.DELIVERED and result.reason != self._told:
            why = Reason("channel_trouble", "{name}: {why}", name=name, why=result.reason or result.answer)
            log.warning("%s", why)
        self._told = result.reason
        self._tried = claimed, result
        self._settle()
        return True

    def _sent(self, message: Message) -> SendResult:
        try:
            return self._sender.send(message)
        except Stopped:
            raise
        except Exception:  # whatever a service answers, the next message must be sent
            log.exception("the answer of channel %s caused an unexpected error", self._sender.name)
            return SendResult(MessageFate.UNKNOWN, "", SENDER_FELL)

    def _settle(self) -> None:
        """Store the result of the last attempt, if it is not stored yet."""
        if self._tried is not None:
            self._outbox.settle(self._tried[0], self._sender.name, self._tried[1], self._setting.utc())
            self._tried = None
