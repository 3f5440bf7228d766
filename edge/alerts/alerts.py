"""Alerts computed from the stored minutes: each record is read once, in order, and each change of an alert is stored.

The reading position, the state of each rule and the turns still to be written are saved with each record, in the same
transaction (as in `edge/recorder/hours.py`): a restart at any point neither loses nor repeats a turn. Minutes that were
not measured count as unknown ones. The reading position does not keep records from being deleted: those are skipped.
"""

import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from edge.alerts.episode import FORGIVEN, Episode, Seen, Turn
from edge.alerts.measures import SPAN, LostMeasure
from edge.alerts.rules import Rule, rules_of
from edge.alerts.smoke import Smoke
from edge.config.sections import Config
from edge.records.bodies import Alert, Minute, Stage, decode
from edge.records.record import Kind, Record
from edge.snapshots import AlertNow
from edge.store.errors import StoreError
from edge.store.store import Store

log = logging.getLogger("minshan.alerts")
AT_ONCE = 500  # records read after one minute's close; the next one continues
MINUTE = 60.0  # s
ENDED = "ended"  # the turn of an alert whose rule is no longer in the file


class RuleStanding(msgspec.Struct, omit_defaults=True):
    """The state of a rule: its episode, and an open alert's identity and the worst value since it was raised."""

    episode: Episode = msgspec.field(default_factory=Episode)
    alert: str = ""
    worst: float | None = None
    smoke: float | None = None  # the value that would raise it, were it not the smoke of frost fires


class End(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a minute ended: s of its boot, and microseconds UTC if known."""

    boot: str
    at: float
    utc: int | None = None


class AlertsState(msgspec.Struct, omit_defaults=True):
    """The state saved across restarts. `read`: seq of the last record read; `end`: of the last minute among them."""

    read: int
    standings: dict[str, RuleStanding] = msgspec.field(default_factory=dict)
    stages: dict[str, str] = msgspec.field(default_factory=dict)
    due: list[Alert] = msgspec.field(default_factory=list)
    end: End | None = None
    smoke: Smoke = msgspec.field(default_factory=Smoke)


class Alerts:
    """The alerts of a station. `kept`: what `keep` returned when the last record was written."""

    def __init__(self, config: Config, store: Store, kept: Any) -> None:
        self._store = store
        self._offset = config.site.utc_offset_h
        self._rules = rules_of(config)
        self._state = restored(kept, store)
        self._end_unknown_rules()
        self._limit_steps()
        self._remember()

    def keep(self) -> dict[str, Any]:
        """Return the state to save across restarts."""
        found: dict[str, Any] = msgspec.to_builtins(self._state)
        return found

    @property
    def now(self) -> tuple[AlertNow, ...]:
        """The alerts that are open or blind, in the order of the file."""
        stages, found = self._state.stages, []
        for rule in self._rules:
            standing = self._state.standings.get(rule.name, RuleStanding())
            if standing.episode.step or standing.episode.blind or standing.smoke is not None:
                limits = rule.limits(stages)
                what = (rule.quantity, rule.unit, standing.worst, rule.section.crop or "", *rule.stage(stages))
                found.append(
                    AlertNow(
                        *(rule.name, standing.episode.step, len(limits.values), standing.episode.blind, *what),
                        *(standing.alert, standing.smoke, not limits.above),
                    )
                )
        return tuple(found)

    @property
    def end(self) -> End | None:
        """When the last judged minute ended."""
        return self._state.end

    def turned(self) -> Iterator[Alert]:
        """Read new records and yield the turns that they cause; store each before asking for the next."""
        yield from self._due()
        for record in self._new():
            self._take(record)
            yield from self._due()

    def _due(self) -> Iterator[Alert]:
        """Yield the turns to be written; a yielded one is no longer in `keep`."""
        while self._state.due:
            yield self._state.due.pop(0)

    def _take(self, record: Record) -> None:
        state = self._state
        if record.kind == Kind.STAGE:
            self._take_stage(decode(record.kind, record.body))
        elif record.kind == Kind.MINUTE:
            for minute in minutes(record, state.end):
                self._judge(record, minute)
            state.end = end_of(record)
        state.read = record.seq

    def _take_stage(self, stage: Any) -> None:
        """Set a crop's stage; the next minute counts at once by the new limits, without the hold."""
        if not isinstance(stage, Stage):
            return
        self._state.stages[stage.crop] = stage.stage
        for rule in self._rules:
            if rule.section.crop == stage.crop:
                limits = rule.limits(self._state.stages)
                standing = self._state.standings.setdefault(rule.name, RuleStanding())
                standing.episode.beyond = [limits.hold - 1] * len(limits.values)

    def _judge(self, record: Record, minute: Minute | None) -> None:
        saw = [(rule, rule.measure.see(minute)) for rule in self._rules]
        smokes = self._state.smoke.take(any(self._is_near_frost(rule, seen, record) for rule, seen in saw))
        for rule, found in saw:
            standing = self._state.standings.setdefault(rule.name, RuleStanding())
            is_smoke = smokes and rule.is_of_dust and found.value is not None
            seen = Seen(found.value, found.clears, raises=not is_smoke)
            reached = found.value is not None and rule.limits(self._state.stages).reached(found.value) > 0
            standing.smoke = found.value if is_smoke and reached else None
            if not standing.episode.step and not rule.may_raise(record.start, self._offset):
                if standing.alert and seen.value is not None:  # it was blind, and has a value again outside its hours
                    self._tell(rule, standing, "seeing", seen, minute, record)
                if not standing.alert:
                    standing.episode = Episode()
                continue
            for turn in standing.episode.take(seen, rule.limits(self._state.stages)):
                self._tell(rule, standing, turn, seen, minute, record)
            self._note_worst(rule, standing, seen)

    def _is_near_frost(self, rule: Rule, seen: Seen, record: Record) -> bool:
        """Return whether fires may be burning against the frost of a rule."""
        standing = self._state.standings.get(rule.name, RuleStanding())
        near = rule.near_frost(self._state.stages)
        if near is None or not (standing.episode.step or rule.may_raise(record.start, self._offset)):
            return False
        return standing.episode.step > 0 or (seen.value is not None and seen.value <= near)

    def _tell(
        self, rule: Rule, standing: RuleStanding, turn: Turn, seen: Seen, minute: Minute | None, record: Record
    ) -> None:
        limits = rule.limits(self._state.stages)
        if turn == "raised" or not standing.alert:
            standing.alert = f"{rule.name}-{record.epoch}-{record.seq}"
            standing.worst = None
        self._note_worst(rule, standing, seen)
        stage, assumed = rule.stage(self._state.stages)
        lost = rule.measure.lost(minute) if isinstance(rule.measure, LostMeasure) and minute is not None else []
        step = standing.episode.step
        alert = Alert(
            standing.alert,
            rule.name,
            turn,
            step,
            len(limits.values),
            limits.values[max(step, 1) - 1],
            seen.value,
            record.seq,
            quantity=rule.quantity,
            unit=rule.unit,
            worst=standing.worst,
            begin=record.start,
            crop=rule.section.crop or "",
            stage=stage,
            assumed=assumed,
            sensors=lost,
            buses=rule.measure.gone(lost) if isinstance(rule.measure, LostMeasure) else {},
        )
        self._state.due.append(alert)
        if not step and turn != "blind":
            standing.alert, standing.worst = "", None

    def _note_worst(self, rule: Rule, standing: RuleStanding, seen: Seen) -> None:
        if not standing.alert or seen.value is None:
            return
        worse = max if rule.limits(self._state.stages).above else min
        standing.worst = seen.value if standing.worst is None else worse(standing.worst, seen.value)

    def _end_unknown_rules(self) -> None:
        """End the open alerts of rules that are no longer in the file."""
        known = {rule.name for rule in self._rules}
        for name in [name for name in self._state.standings if name not in known]:
            gone = self._state.standings.pop(name)
            if gone.alert:
                seq = self._state.read
                self._state.due.append(Alert(gone.alert, name, ENDED, 0, 0, 0.0, None, seq, worst=gone.worst))

    def _limit_steps(self) -> None:
        """Lower the step of an open alert whose rule has fewer limits in the file than before."""
        for rule in self._rules:
            episode = self._state.standings.get(rule.name, RuleStanding()).episode
            most = len(rule.limits(self._state.stages).values)
            if episode.step > most:
                episode.step, episode.better = most, 0

    def _remember(self) -> None:
        """Feed the last records already read to the rules' measures, which may need earlier minutes."""
        try:
            before = self._store.range(max(1, self._state.read - 3 * SPAN), self._state.read)
        except StoreError as trouble:
            log.warning("the last minutes cannot be read: %s", trouble)
            return
        last: End | None = None
        for record in (record for record in before if record.kind == Kind.MINUTE):
            for minute in minutes(record, last):
                for rule in self._rules:
                    rule.measure.see(minute)
            last = end_of(record)

    def _new(self) -> list[Record]:
        first = self._state.read + 1
        try:
            last = min(first + AT_ONCE, self._store.next_seq) - 1
            found = self._store.range(first, last)
        except StoreError as trouble:
            log.warning("no rule can be judged because the minutes cannot be read: %s", trouble)
            return []
        if not found:  # they were deleted
            self._state.read = max(self._state.read, last)
        return found


def minutes(record: Record, before: End | None) -> Iterator[Minute | None]:
    """Yield None for each unmeasured minute since `before` (as many as matter), then the record's minute."""
    begin = record.stamp.boottime
    if before is None:
        seconds = 0.0
    elif record.stamp.boot == before.boot:
        seconds = begin - before.at
    elif record.start is not None and before.utc is not None:
        seconds = (record.start - before.utc) / 1e6
    else:
        seconds = MINUTE  # a start takes about one; how long the box was off is unknown
    for _ in range(min(round(seconds / MINUTE), FORGIVEN + 1)):
        yield None
    found = decode(record.kind, record.body)
    yield found if isinstance(found, Minute) else None


def end_of(record: Record) -> End:
    """Return when a minute ended."""
    utc = None if record.start is None else record.start + round(record.duration * 1e6)
    return End(record.stamp.boot, record.stamp.boottime + record.duration, utc)


def restored(kept: Any, store: Store) -> AlertsState:
    """Return the saved state; a new one, which begins with the next record, if there is none or it cannot be read."""
    if kept is not None:
        try:
            return msgspec.convert(kept, AlertsState)
        except msgspec.ValidationError as error:
            log.warning("the rules start over because their saved state cannot be read: %s", error)
    return AlertsState(store.next_seq - 1)
