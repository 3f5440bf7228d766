"""The horn's lane: a relay that wakes people at the station itself, without a link or a hub.

Requesting its line turns it off, whatever its state was, and it is off before the lane ends. It sounds while an alert
of its rules calls for it, at most `longest_on_s` without a break, then rests; a button, a command or the page silences
it. A line that cannot be opened is reported and retried; the alerts continue without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from drivers.clock import Clock, Inbox
from drivers.reason import Reason
from edge.alerts.alerts import End
from edge.alerts.horn_line import HornLine
from edge.alerts.sounding import Demand, Sounding, calling, unheard
from edge.config.sections import HornSection
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.sampler import Opener
from edge.snapshots import AlertNow, HornSnapshot
from edge.store.errors import StoreError
from edge.store.notes import Notes

log = logging.getLogger("minshan.horn")
KIND, NAME = "horn", "now"
LOOK_S = 0.25  # s between two looks at the button while there is something to silence
IDLE_S = 60.0
TEST_S = 3.0
ITS_BUTTON = Reason("horn_button", "its button")
SOUNDS = Reason("horn_sounds_already", "the horn sounds already")


class SilenceOrder(msgspec.Struct, frozen=True):
    """Somebody has silenced it; `by` whom or what."""

    by: Reason


class HornTrial(msgspec.Struct, frozen=True):
    """Sound for a moment; `tell` is called with why that is impossible, or with None when it is over."""

    tell: Callable[[Reason | None], object]


Item = Demand | SilenceOrder | HornTrial


class HornLane:
    """The horn of a station. `post` takes records, `time_at` dates them, `notes` save the state across restarts."""

    def __init__(
        self,
        section: HornSection,
        opener: Opener,
        clock: Clock,
        notes: Notes,
        boot: str,
        *,
        post: Callable[[Draft], object],
        time_at: Callable[[float], tuple[int | None, ClockMark]],
    ) -> None:
        self._section, self._clock, self._notes, self._boot = section, clock, notes, boot
        self._post, self._time_at = post, time_at
        self._inbox: Inbox = clock.inbox(100)
        self._demand = Demand()
        self._line = HornLine(section, opener, clock, self._tell)
        self._trial: HornTrial | None = None
        self._on, self._on_until = False, 0.0
        self._state = restored(notes)
        self._state.resume(boot, clock.now(), section.rest_s)
        self.snapshot = HornSnapshot()

    # -- from any lane -------------------------------------------------------------------------------------------

    def demand(self, alerts: tuple[AlertNow, ...], end: End | None) -> None:
        """Hand over the open alerts, and the end of the minute by which they were judged."""
        self._inbox.offer(Demand(alerts, end))

    def silence(self, by: Reason) -> None:
        """Silence the alerts that call for it now."""
        self._inbox.offer(SilenceOrder(by))

    def test(self, tell: Callable[[Reason | None], object]) -> None:
        """Sound for a moment."""
        self._inbox.offer(HornTrial(tell))

    # -- the lane ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Run until `Stopped`; the horn is off at the end. Raise Stopped."""
        item: Item | None = None
        try:
            while True:
                pressed = self._line.look()
                self._take(SilenceOrder(ITS_BUTTON) if pressed and item is None else item)
                self._follow(self._clock.now())
                self._publish()
                item = self._inbox.get(self._next_look())
        except Exception:  # whatever ends this lane, the horn is off first
            self._line.release()
            raise

    def _next_look(self) -> float:
        now, calls = self._clock.now(), self._calls()
        due = [now + IDLE_S, self._line.next_try]
        if self._on:
            due.append(self._on_until)
        elif calls and self._line.ready:
            due.append(self._state.rest)
        if self._line.has_button and (self._on or calls):
            due.append(now + LOOK_S)
        return min(due)

    def _take(self, item: Item | None) -> None:
        match item:
            case Demand():
                self._demand = item
                if item.end is not None and self._state.forget(item.alerts):
                    self._keep()
            case SilenceOrder(by):
                self._hush(by)
            case HornTrial():
                self._try(item)

    def _follow(self, now: float) -> None:
        """Sound, rest or be quiet, according to the alerts."""
        state, calls, ready = self._state, self._calls(), self._line.ready
        if self._trial is not None:
            if now >= self._on_until or not ready:
                self._end_trial(self._line.missing())
        elif self._on and not ready:
            self._on = False
        elif self._on and (not calls or now >= state.until):
            state.end(now, self._section)
            self._keep()
            self._set(False, now)
        elif not self._on and calls and ready and state.may_sound(now):
            if now >= state.until:
                self._begin(now, calls[0])
            self._set(True, state.until)
        elif not self._on and state.rest and now >= state.rest:
            state.until = state.rest = 0.0
            self._keep()

    def _begin(self, now: float, first: AlertNow) -> None:
        """Begin a sounding; it is saved before it is heard, so that no restart prolongs it."""
        self._state.begin(now, self._section)
        self._keep()
        gaps: dict[str, str | int] = {"rule": first.rule, "step": first.step, "steps": first.steps}
        self._tell(Reason("horn_sounds", "the horn sounds: {rule}, step {step} of {steps}", **gaps))

    def _set(self, on: bool, until: float) -> None:
        self._line.set(on)
        self._on, self._on_until = on and self._line.ready, until

    def _calls(self) -> list[AlertNow]:
        """Return the alerts that call for the horn, are current and were not silenced."""
        fresh = self._demand.fresh(self._boot, self._clock.now())
        return unheard(calling(self._demand, self._section), self._state.silenced) if fresh else []

    # -- orders --------------------------------------------------------------------------------------------------

    def _hush(self, by: Reason) -> None:
        self._end_trial(None)
        heard = unheard(calling(self._demand, self._section), self._state.silenced)
        if heard:
            self._state.silence(heard)
            self._keep()
            self._tell(Reason("horn_silenced", "the horn was silenced by {by}", by=by))

    def _try(self, trial: HornTrial) -> None:
        if self._on or not self._line.ready:
            trial.tell(SOUNDS if self._on else self._line.missing())
            return
        self._trial = trial
        self._set(True, self._clock.now() + min(TEST_S, self._section.longest_on_s))

    def _end_trial(self, why: Reason | None) -> None:
        if self._trial is not None:
            trial, self._trial = self._trial, None
            self._set(False, 0.0)
            trial.tell(why)

    # -- reporting and saving ------------------------------------------------------------------------------------

    def _publish(self) -> None:
        calls = calling(self._demand, self._section)
        new = {one.rule for one in unheard(calls, self._state.silenced)}
        rests = 0.0 if self._on else max(self._state.rest - self._clock.now(), 0.0)
        self.snapshot = HornSnapshot(
            self._on,
            tuple(one.rule for one in calls),
            tuple(one.rule for one in calls if one.rule not in new),
            rests,
            self._line.trouble,
        )

    def _tell(self, what: Reason) -> None:
        now = self._clock.now()
        log.warning("%s", what)
        body = {"event": KIND, "reason": what.builtins()}
        self._post(Draft(Kind.HEALTH, Stamp(self._boot, now), 0.0, *self._time_at(now), body))

    def _keep(self) -> None:
        try:
            self._clock.outside(lambda: self._notes.put(KIND, NAME, msgspec.json.encode(self._state)))
        except StoreError as trouble:  # people are woken nevertheless
            log.warning("the horn's state cannot be saved: %s", trouble)


def restored(notes: Notes) -> Sounding:
    """Return the saved state; a new one if there is none or it cannot be read."""
    try:
        value = notes.get(KIND, NAME)
        return msgspec.json.decode(value, type=Sounding) if value else Sounding()
    except (StoreError, msgspec.MsgspecError) as trouble:
        log.warning("the horn's saved state cannot be read: %s", trouble)
        return Sounding()
