"""The lane by which a station itself notifies people: of which alerts, whom, and with what result.

It reads the alerts from the store, as `edge/alerts` recorded them, and the hub's receipts too. A message is saved
before it is sent: if the daemon is killed at any point, a message is repeated only if it may not have arrived, once and
marked as a repetition. Nothing else in the station waits for this lane.
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Mapping

import msgspec

from drivers.clock import Clock, Inbox
from drivers.reason import Reason
from edge.backoff import Backoff
from edge.config.sections import Config
from edge.delivery.message import MessageFate, Sender, SendResult
from edge.notify.asking import ChannelSenders, ChannelTrial, JobResult, MessageJob
from edge.notify.cases import Case, Flight, NotifyState
from edge.notify.reach import Reach, reaches
from edge.notify.writing import NotifyWriter
from edge.records.bodies import Alert, decode
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.records.spans import Span
from edge.snapshots import ChannelNow, NotifySnapshot
from edge.store.errors import StoreError
from edge.store.outbox import PLATFORM
from edge.store.store import Store

log = logging.getLogger("minshan.notify")
KIND, NAME = "notify", "now"
AT_ONCE = 500  # records
READ_KEPT = 60  # records after which the position read so far is saved
IDLE_S = 60.0
AGAIN_S = 5.0  # before a message that may have arrived is repeated
BUSY_S, BLOCKED_S, REFUSED_S = 60.0, 600.0, 3600.0  # pauses of a service that accepts nothing
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0  # between attempts at a message that certainly did not arrive
TRIAL_UNDER_WAY = Reason("notify_test_under_way", "a test is under way: wait until it has ended")


class NotifyLane:
    """Notifies people. `senders`: by channel; `post` takes records; `time_at` dates an instant of the boot."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        boot: str,
        senders: Mapping[str, Sender],
        *,
        post: Callable[[Draft], object],
        time_at: Callable[[float], tuple[int | None, ClockMark]],
    ) -> None:
        self._config, self._store, self._clock, self._boot = config, store, clock, boot
        self._senders, self._post, self._time_at = senders, post, time_at
        self._after_s = config.notify.after_min * 60.0 if config.broker else None
        self._offset = config.site.utc_offset_h
        self._writer = NotifyWriter(config, store)
        self._reaches = reaches(config, senders)
        self._inbox: Inbox = clock.inbox(100)
        self._asking = ChannelSenders(clock, senders, self._inbox)
        self._state = restored(store, boot)
        self._kept_read = self._state.read
        self._pauses: dict[str, float] = {}  # until when a channel is not used
        self._refused: dict[str, float] = {}  # until when the recipients of a key are not notified
        self._backoffs = {name: Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S) for name in senders}
        self._troubles: dict[str, Reason | None] = {}
        self._trial = ChannelTrial(lambda _: None)  # the latest test
        self._trials: deque[Reach] = deque()  # those it is still to be sent to
        self.snapshot = NotifySnapshot(tuple(ChannelNow(name) for name in senders))

    # -- from any lane -------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Wake the lane: the store has a new record."""
        if not len(self._inbox):
            self._inbox.offer(True)

    def test(self, tell: Callable[[list[JobResult] | Reason], object]) -> None:
        """Send a test message through each channel, one test at a time; `tell` gets the results, or why not."""
        if not self._inbox.offer(ChannelTrial(tell)):
            tell(TRIAL_UNDER_WAY)

    # -- the lane ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until `Stopped`."""
        self._state.resume(self._boot, self._clock.now())
        self._trial.left = 0
        self._trials.clear()
        lanes = self._asking.lanes()
        try:
            while True:
                self._look()
                self._begin()
                self._publish()
                self._take(self._inbox.get(self._next_look()))
        finally:
            for lane in lanes:
                lane.stop()

    def _take(self, item: JobResult | ChannelTrial | bool | None) -> None:
        if isinstance(item, ChannelTrial):
            self._try(item)
        elif isinstance(item, JobResult):
            self._asking.free(item)
            self._settle(item)

    def _try(self, trial: ChannelTrial) -> None:
        """Begin a test, unless one is in progress."""
        if self._trial.left:
            trial.tell(TRIAL_UNDER_WAY)
            return
        self._trial, trial.left = trial, len(self._reaches)
        self._trials.extend(self._reaches)

    def _next_look(self) -> float:
        now = self._clock.now()
        due = [now + IDLE_S, *(case.waits for case in self._state.cases.values() if case.waits is not None)]
        return min([*due, *(until for until in (*self._pauses.values(), *self._refused.values()) if until > now)])

    # -- what to report ------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Read the new records, and check what the hub has."""
        state, now, changed = self._state, self._clock.now(), False
        for record in self._new():
            alert = decode(record.kind, record.body) if record.kind == Kind.ALERT else None
            if isinstance(alert, Alert):
                state.take(record, alert, now, self._after_s)
                self._refused.clear()
                changed = True
            state.read = record.seq
        for case in state.cases.values():
            changed = case.check_hub(now, self._is_proven) or changed
        before = len(state.cases)
        state.forget(now, {reach.key: reach.wakes for reach in self._reaches})
        if changed or len(state.cases) < before or state.read - self._kept_read >= READ_KEPT:
            self._keep()

    def _new(self) -> Iterator[Record]:
        """Yield the records that were not read yet; deleted ones are skipped."""
        state = self._state
        try:
            while state.read + 1 < (following := self._store.next_seq):
                last = min(state.read + AT_ONCE, following - 1)
                yield from self._store.range(state.read + 1, last)
                state.read = last
        except StoreError as trouble:
            log.warning("what people should be notified of cannot be read: %s", trouble)

    def _is_proven(self, epoch: str, seq: int) -> bool:
        if self._after_s is None:
            return False
        try:
            return self._store.outbox.count_proven([Span(epoch, seq, seq)], PLATFORM) > 0
        except StoreError:  # assume that the hub does not have it
            return False

    def _begin(self) -> None:
        """Send the next message through each free channel."""
        now = self._clock.now()
        utc = self._time_at(now)[0] or 0
        for reach in list(self._trials):
            if self._asking.is_free(reach.channel) and self._has_room(reach.channel, now):
                self._trials.remove(reach)
                message = self._writer.trial(secrets.token_hex(8), reach.to("frost", utc, self._offset), reach)
                self._ask(MessageJob(reach, message, self._trial), now)
        for reach in self._reaches:
            rests = max(self._pauses.get(reach.channel, now), self._refused.get(reach.key, now))
            if self._asking.is_free(reach.channel) and rests <= now and self._has_room(reach.channel, now):
                self._tell(reach, now, utc)

    def _tell(self, reach: Reach, now: float, utc: int) -> None:
        """Send one message with everything new for these recipients, if there is anything."""
        cases = {name: case for name, case in self._state.cases.items() if self._may(reach, case, utc)}
        about = {name: told for name, case in cases.items() if (told := case.due(reach.key, reach.wakes)) is not None}
        before = self._state.flights.pop(reach.key, None)
        if not about:
            return
        again = before is not None and before.again
        flight = Flight(before.id if before is not None else secrets.token_hex(8), about, again=again)
        mine = [cases[name] for name in about]
        to = reach.to("frost" if any(case.urgency == "frost" for case in mine) else "weather", utc, self._offset)
        try:
            message = self._writer.message(flight.id, mine, to, reach.lang, utc, reach.wakes, again)
        except StoreError as trouble:
            log.warning("what people should be notified of cannot be read: %s", trouble)
            return
        self._state.flights[reach.key] = flight
        self._ask(MessageJob(reach, message), now)

    def _may(self, reach: Reach, case: Case, utc: int) -> bool:
        return reach.may_be_told(case, self._writer.is_late(case, utc), utc, self._offset, self._after_s is not None)

    def _has_room(self, channel: str, now: float) -> bool:
        return self._state.has_room(channel, self._senders[channel].most_a_minute, now)

    def _ask(self, job: MessageJob, now: float) -> None:
        """Pass a message to its channel's lane, after saving that it was begun."""
        self._state.tried[job.reach.channel].append(now)
        self._keep()
        self._asking.ask(job)

    # -- results -------------------------------------------------------------------------------------------------

    def _settle(self, sent: JobResult) -> None:
        """Handle the result of a message."""
        reach, result, now = sent.job.reach, sent.result, self._clock.now()
        self._note(reach.channel, result, now)
        if sent.job.trial is not None:
            sent.job.trial.add(sent)
            return
        flight = self._state.flights[reach.key]
        flight.sending = False
        backoff, pause = self._backoffs[reach.channel], 0.0
        if result.fate is MessageFate.DELIVERED or (result.fate is MessageFate.UNKNOWN and flight.again):
            backoff.reset()
            self._state.reached(reach.key)
            self._post_told(reach.channel, now)
        elif result.fate is MessageFate.UNKNOWN:
            flight.again, pause = True, AGAIN_S
        elif result.fate is MessageFate.BUSY:
            pause = BLOCKED_S if result.reason is not None and result.reason.code == "robot_blocked" else BUSY_S
        elif result.fate is MessageFate.FAILED:
            pause = backoff.pause()
        else:
            self._refused[reach.key] = now + REFUSED_S
        self._pauses[reach.channel] = now + pause
        self._keep()

    def _note(self, channel: str, result: SendResult, now: float) -> None:
        """Note whether a channel works; a trouble is logged once."""
        if result.fate is MessageFate.DELIVERED:
            self._state.worked[channel] = self._time_at(now)[0] or 0
            self._troubles[channel] = None
            return
        why = result.reason or Reason("said", "{text}", text=result.answer)
        if why != self._troubles.get(channel):
            log.warning("%s", Reason("channel_trouble", "{name}: {why}", name=channel, why=why))
        self._troubles[channel] = why

    def _post_told(self, channel: str, now: float) -> None:
        """Record that the station itself notified people."""
        what = Reason("told_by_station", "the station itself notified people, through the channel {name}", name=channel)
        log.warning("%s", what)
        body = {"event": KIND, "reason": what.builtins()}
        self._post(Draft(Kind.HEALTH, Stamp(self._boot, now), 0.0, *self._time_at(now), body))

    # -- what is published and kept ------------------------------------------------------------------------------

    def _publish(self) -> None:
        worked, troubles = self._state.worked, self._troubles
        channels = tuple(ChannelNow(name, worked.get(name), troubles.get(name)) for name in self._senders)
        rules = tuple(case.said.rule for case in self._state.cases.values() if case.open and case.ours)
        self.snapshot = NotifySnapshot(channels, rules)

    def _keep(self) -> None:
        self._kept_read = self._state.read
        try:
            self._clock.outside(lambda: self._store.notes.put(KIND, NAME, msgspec.json.encode(self._state)))
        except StoreError as trouble:  # people are notified nevertheless
            log.warning("sent notifications cannot be saved: %s", trouble)


def restored(store: Store, boot: str) -> NotifyState:
    """Return the saved state; one that begins with the next record if none can be read."""
    try:
        value = store.notes.get(KIND, NAME)
        if value:
            return msgspec.json.decode(value, type=NotifyState)
    except (StoreError, msgspec.MsgspecError) as trouble:
        log.warning("earlier notifications cannot be read: %s", trouble)
    return NotifyState(store.next_seq - 1, boot)
