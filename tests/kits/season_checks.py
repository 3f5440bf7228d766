"""What must hold of a season of alarms, each promise by its own checker; a complaint begins with the promise's name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from edge.delivery.texts import clock_time
from edge.language.spoken import Spoken
from edge.records.bodies import Alert
from edge.records.record import Record
from hub.alarms.alarm import Alarm, identity
from tests.kits.alarm_season import DAY_MIN, NIGHT_MIN, POLL_S, Season, Told
from tests.kits.season_box import HOLD, LIMIT, MINUTE_US, Box

SOON = (2 * POLL_S + 60.0) / 60.0  # minutes: two looks, what came late is gathered, channels that take their time
PER_MINUTE = 20
OF = {
    "frost": "霜冻",
    "cold": "低温",
    "sensor": "传感器",
    "silent": "失联",
    "all_silent": "全部失联",
    "channel": "渠道",
}
Turns = Sequence[tuple[Alert, Record]]


class Checked:
    """What a season's alarms became. `turns`: what the boxes said of each; `lines`: what people were told of it."""

    def __init__(self, season: Season) -> None:
        self.season = season
        self.alarms = {one.id: one for one in season.alarms()}
        self.turns: dict[str, list[tuple[Alert, Record]]] = defaultdict(list)
        for box in season.boxes:
            for alert, record in box.said:
                self.turns[identity(box.name, alert.alert)].append((alert, record))
        self.rounds = {told.message for told in season.got if _head(told) in ("日报", "迟到", "已结束")}
        self.opened: dict[str, list[Told]] = {}
        self.closed: dict[str, list[Told]] = {}
        for name, alarm in self.alarms.items():
            mine = [one for one in season.got if alarm.station in one.text and OF.get(alarm.what, "?") in one.text]
            if alarm.turn == "seeing" and not alarm.open:  # another of the rule may follow it within the minute
                mine = [one for one in mine if _head(one) in ("无法判断", "恢复")]
            end = self.minute(alarm.cleared_us) if alarm.cleared_us else self.now
            over = [one for one in mine if _head(one) in ("解除", "恢复")]
            self.closed[name] = [one for one in over if self.stamp(alarm, one) in one.text]
            known = [at for _, record in self.turns.get(name, ()) if (at := self.arrived(name, record)) is not None]
            # before the hub knows of it a message is of another alert of the rule, which saw nothing
            span = max(self.minute(alarm.raised_us), min(known, default=0.0)), end + SOON
            self.opened[name] = [
                one
                for one in mine
                if one not in over and one.message not in self.rounds and span[0] <= one.at <= span[1]
            ]

    def stamp(self, alarm: Alarm, told: Told) -> str:
        """Return how a message names an alarm's end: with the day where it is told on another one."""
        now = self.season.begin + round(told.at * MINUTE_US)
        return f"{alarm.station} {clock_time(alarm.cleared_us, now, 8.0, Spoken('zh'))}，"

    @property
    def now(self) -> float:
        """Return the minutes that the season lasted."""
        return self.season.now

    def minute(self, us: int) -> float:
        """Return the minutes from the season's beginning to a time."""
        return (us - self.season.begin) / MINUTE_US

    def calm(self, begin: float, end: float) -> bool:
        """Return whether in all of a span the alarms worked, and each channel took messages."""
        works = any(first <= begin and end <= last for first, last in self.season.ups)
        trouble = self.season.trouble
        spans = [span for some in (trouble.broken, trouble.lost) for each in some.values() for span in each]
        pace = self.is_night(begin) and self.is_night(end)  # by day a hub of these seasons looks every few minutes
        return (
            works
            and pace
            and end <= self.now
            and not any(first - 11 < end and begin < last + 11 for first, last in spans)
        )

    def is_night(self, at: float) -> bool:
        """Return whether a cold night is lived then, by the minute."""
        return at // DAY_MIN in self.season.cold and at % DAY_MIN < NIGHT_MIN - 10

    def arrived(self, name: str, record: Record) -> float | None:
        """Return when a record came to the hub, minutes."""
        at = self.season.arrived.get((self.alarms[name].station, record.seq))
        return None if at is None else self.minute(at)

    def complaints(self) -> list[str]:
        """Return all of them."""
        each = (taken, crossings, told_in_time, escalated, hushed, ended, marked, silences, bounded, doubled)
        return [complaint for check in each for complaint in check(self)]


def taken(found: Checked) -> Iterator[str]:
    """Check that each alert of a box is one alarm, with the box's own times, and ends with it."""
    known = {name for name, one in found.alarms.items() if one.said is not None}
    for name in found.turns.keys() ^ known:
        yield f"lost: {found.turns[name][0][0].alert if name in found.turns else name} is on one side alone"
    for name in found.turns.keys() & known:
        alarm, turns = found.alarms[name], found.turns[name]
        if alarm.what not in OF:
            yield f"wrong: {alarm.station} {turns[0][0].rule} is told as {alarm.what}"
        if alarm.raised_us != turns[0][1].start:
            yield f"mistimed: {alarm.station} {alarm.what} raised at {clock(alarm.raised_us)}"
        last, record = turns[-1]
        if alarm.open is not (last.step > 0 or last.turn == "blind"):
            yield f"not ended: {alarm.station} {alarm.what} of {clock(alarm.raised_us)}"
        elif not alarm.open and alarm.cleared_us != record.start:
            yield f"mistimed: {alarm.station} {alarm.what} over at {clock(alarm.cleared_us)}"


def crossings(found: Checked) -> Iterator[str]:
    """Check by the air itself that whatever was cold for long enough was raised, and nothing else."""
    for box in found.season.boxes:
        mine = [one for one in found.alarms.values() if one.station == box.name and one.what == "cold"]
        runs = list(cold_runs(box))
        for begin, end in runs:
            if not any(one.raised_us <= end and (one.cleared_us or end) >= begin for one in mine):
                yield f"lost: {box.name} was cold at {clock(begin)}"
        for one in mine:
            is_real = any(turn.turn == "raised" for turn, _ in found.turns[one.id])
            if is_real and not any(begin <= one.raised_us <= end for begin, end in runs):
                yield f"wrong: {box.name} was not cold at {clock(one.raised_us)}"


def cold_runs(box: Box) -> Iterator[tuple[int, int]]:
    """Yield from when to when it was at most LIMIT for HOLD minutes or more, with at most three unknown ones."""
    begin, last, count = 0, 0, 0
    for at, air in [(at, air) for at, air in box.read if air is not None] + [(2**62, 99.0)]:
        if count and (air > LIMIT or at - last > 4 * MINUTE_US):
            if count >= HOLD:
                yield begin, last + MINUTE_US
            count = 0
        if air <= LIMIT:
            begin, last, count = (begin if count else at), at, count + 1


def told_in_time(found: Checked) -> Iterator[str]:
    """Check that somebody hears of each alarm, and at once where nothing is in the way."""
    for name, alarm in found.alarms.items():
        if alarm.said is None:
            continue
        turns = found.turns[name]
        if turns[-1][0].turn == "seeing" and not alarm.open:  # it saw nothing for a while: that is no news
            continue
        if not found.opened[name] and not (found.closed[name] or alarm.open):
            yield f"lost: nobody heard of {alarm.station} {alarm.what} of {clock(alarm.raised_us)}"
        at = found.arrived(name, turns[0][1])
        until = None if at is None else at + SOON
        lasts = until is not None and (alarm.cleared_us is None or found.minute(alarm.cleared_us) > until)
        if until is None or at is None or not lasts or alarm.what == "sensor" or turns[0][0].turn != "raised":
            continue
        if found.calm(at, until) and not any(one.at <= until for one in found.opened[name]):
            yield f"late: {alarm.station} {alarm.what} of {clock(alarm.raised_us)} was not told by {until:.0f}"


def escalated(found: Checked) -> Iterator[str]:
    """Check that as long as nobody acknowledges the next person hears of it, and it is said again."""
    acks = defaultdict(list)
    for at, name, _ in found.season.acked:
        acks[name].append(at)
    for name, alarm in found.alarms.items():
        lines = found.opened[name]
        if alarm.what not in ("frost", "cold") or not lines:
            continue
        if [turn.turn for turn, _ in found.turns[name][:1]] == ["blind"]:  # it waits for the day, and hours for others
            continue
        first, end = lines[0].at, found.minute(alarm.cleared_us) if alarm.cleared_us else found.now
        end = min([end, *acks[name], *(one.at for one in lines if one.last)])
        for after, people in ((5.0, 1), (10.0, 2), (20.0, 3)):
            until = first + after + SOON + 0.5
            heard = {who for one in lines if one.at <= until for who in one.to}
            again = capped(found, until) or any(first + 4.0 < one.at <= until for one in lines)
            if until < end and found.calm(first, until) and (len(heard) < people or not again):
                yield f"not escalated: {alarm.station} {alarm.what} of {clock(alarm.raised_us)} after {after:.0f} min"
        times = [one.at for one in lines if one.at <= end]
        for before, then in zip(times, [*times, end][1:], strict=True):
            if then - before > 60 + 2 * SOON and found.calm(before, then) and not capped(found, then):
                yield f"not repeated: {alarm.station} {alarm.what} from {before:.0f} to {then:.0f}"


def capped(found: Checked, at: float) -> bool:
    """Return whether somebody had heard enough that night."""
    return any(one.last and at - 24 * 60 < one.at <= at for one in found.season.got)


def hushed(found: Checked) -> Iterator[str]:
    """Check that an acknowledgement ends what is said of an alarm, until it gets worse or half an hour has gone."""
    for at, name, _ in found.season.acked:
        alarm, turns = found.alarms[name], found.turns[name]
        worse = [found.arrived(name, record) or found.now for turn, record in turns if turn.turn == "worse"]
        until = min([at + 30.0, *(one for one in worse if one >= at - SOON)])
        for one in found.opened[name]:
            if at + 0.5 < one.at < until and not one.again and "无法判断" not in one.text:
                yield f"wrongly told: {alarm.station} {alarm.what} at {one.at:.1f}, acknowledged at {at:.1f}"


def ended(found: Checked) -> Iterator[str]:
    """Check that whoever heard of an alarm hears of its end, once; and what nobody heard of stands in one summary."""
    for name, alarm in found.alarms.items():
        if alarm.open or alarm.said is None:
            continue
        assert alarm.cleared_us is not None
        what = f"{alarm.station} {alarm.what} of {clock(alarm.raised_us)}"
        reached = {who for one in found.opened[name] for who in one.to}
        direct = [one for one in found.closed[name] if one.message not in found.rounds]
        summed = [one for one in found.closed[name] if one.message in found.rounds]
        if reached - {who for one in direct + summed for who in one.to}:
            yield f"no all-clear: {what} to {sorted(reached)}"
        for who, count in Counter(who for one in direct + summed if not one.again for who in one.to).items():
            if count > 1:
                yield f"doubled: the end of {what} came {count} times to {who}"
        at = max((found.arrived(name, record) or 0.0) for _, record in found.turns[name])
        soon = SOON + 0.5
        if direct and found.calm(at, at + soon) and direct[0].at > at + soon:
            yield f"late: the end of {what} was told {direct[0].at - at:.1f} min after it came"


def marked(found: Checked) -> Iterator[str]:
    """Check that what came late is said to be late, with its own time, and nothing else is."""
    for name, alarm in found.alarms.items():
        if alarm.said is None:
            continue
        for one in found.opened[name]:
            fits = []
            for _, record in found.turns[name]:
                came = found.arrived(name, record)
                if came is not None and came <= one.at and record.start is not None:
                    late = came - found.minute(record.start) > 5.0
                    fits.append((came, late, clock(record.start)))
            before = max((came for came, *_ in fits if came <= one.at - SOON), default=0.0)
            recent = [fit for fit in fits if fit[0] >= before]
            began = f"{clock(alarm.raised_us)} 起"
            if not any(
                ("迟到" in one.text) is late and (time in one.text or began in one.text) for _, late, time in recent
            ):
                yield f"mistimed: {one.text} was told at {one.at:.0f}"


def silences(found: Checked) -> Iterator[str]:
    """Check that a box is called silent only after what was decided, always then, and no longer than it is."""
    season, everybody = found.season, [one for one in found.alarms.values() if one.what == "all_silent"]
    for name, heard in season.heard.items():
        mine = [one for one in found.alarms.values() if one.what == "silent" and one.station == name]
        spans = [(found.minute(one.raised_us), found.minute(one.cleared_us or season.utc())) for one in mine]
        # after that the others have as long again as after an absence of the hub's own
        of_all = [
            (found.minute(one.raised_us), found.minute(one.cleared_us or season.utc()) + 20.0 + SOON)
            for one in everybody
        ]
        for raised, _ in spans:
            last = max((at for at in heard if at <= raised), default=0)
            began = max(first for first, _ in season.ups if first <= raised)
            if raised - max(last, began) < 6.0 - 1.0:
                yield f"wrongly silent: {name} at {raised:.0f}, heard at {last}"
        for before, after in zip(heard, [*heard[1:], round(found.now)], strict=True):
            for first, until in season.ups:  # of each time at which the alarms worked
                due = max(before, first) + 5.0 + 15.0 + SOON
                if due < min(after, until) and not any(begin <= due <= end for begin, end in spans + of_all):
                    yield f"not silent: {name} from {before} to {after:.0f}"
                    break
        for one in mine:
            if one.open:
                yield f"not ended: {name} is still called silent"


def bounded(found: Checked) -> Iterator[str]:
    """Check that a robot gets no more than it takes a minute."""
    times = sorted({(one.at, one.message) for one in found.season.got if one.channel == "group"})
    for place, (at, _) in enumerate(times):
        if sum(at <= other < at + 1.0 for other, _ in times[place : place + PER_MINUTE + 1]) > PER_MINUTE:
            yield f"too many: more than {PER_MINUTE} messages within a minute of {at:.0f}"


def doubled(found: Checked) -> Iterator[str]:
    """Check that a message comes at most twice, the second time marked."""
    sent: dict[str, dict[float, bool]] = defaultdict(dict)
    for one in found.season.got:
        sent[one.message][one.at] = one.again
    for name, times in sent.items():
        if len(times) > 2 or not all(again for _, again in sorted(times.items())[1:]):
            yield f"doubled: {name} at {sorted(times)}"


def clock(us: int | None) -> str:
    """Return a time by the people's clock, as messages say it."""
    return "?" if us is None else f"{datetime.fromtimestamp(us / 1e6, UTC) + timedelta(hours=8):%H:%M}"


def _head(told: Told) -> str:
    return told.text.partition("【")[2].partition("】")[0]
