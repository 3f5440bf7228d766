"""The promise's checkers: what a simulated life's records must fulfil, compared with the truth.

    complaints = check(Truth(...), kept, arrived)      an empty list where the promise was kept

- lost: each minute in which the station ran is kept, and what is kept has arrived; a kill loses at most the
  minute in hand and its second of grace;
- doubled: one identity is one record, in each revision the same bytes; no two records tell of one minute;
- wrongly proven: what the station counts as closed is in the platform's database, as it stands at the end;
- mistimed: a record's time is the true one within the error that it states, or within its bounds;
- wrongly good: `edge.sim.value_checker`.

They judge by raw stamps, which the simulation can turn into true time, and by the weather; never by the
station's own account. A complaint is one sentence that begins with the promise that was broken.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from edge.clock.anchors import MOST_DRIFT
from edge.config.sections import Config
from edge.northbound import version1
from edge.recorder.timeline import GRACE
from edge.records.record import Kind, Record
from edge.sim.faults import DeviceFault
from edge.sim.scenario import GRACE as ENDING
from edge.sim.scenario import DaemonRun, Life
from edge.sim.times import ANCHOR_ERROR, Teller
from edge.store.times import ARRIVAL, BOUNDS

IN_HAND = 60.0 + GRACE  # s that a kill may cost
LABEL = 2.0  # s; each of two labels may be that much off its boot's anchors, where it states so
PLATFORM = "platform"  # the source
ROUNDED = 0.002  # s; a duration is kept to the millisecond

Identity = tuple[str, int]
Version = tuple[str, int, int]  # with the revision


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of a life: `begin` is the true UTC (microseconds) from which the device faults count.

    `waited`: by start, the longest time, s, from a question to an answer of the platform that may have told the time.
    """

    config: Config
    weather: Callable[[float], Mapping[str, float]]
    begin: int
    runs: tuple[DaemonRun, ...]
    device_faults: tuple[DeviceFault, ...] = ()
    tellers: tuple[Teller, ...] = ()
    waited: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, life: Life) -> Truth:
        """Return the truth of a life that has ended."""
        schedule = life.schedule
        runs, waited = tuple(life.runs), {} if life.platform is None else life.platform.waited
        weather = life.rig.weather.at
        return cls(life.config, weather, life.begin, runs, schedule.device_faults, schedule.tellers, waited)

    @property
    def widest(self) -> float:
        """How far the sources of the time are apart, s, at any time of the life."""
        errors = [off for teller in self.tellers for *_, off in teller.spans]
        stated = [teller.error for teller in self.tellers]
        return max([0.0, *errors]) - min([0.0, *errors]) + 2 * max([ANCHOR_ERROR, *stated])

    def run_of(self, record: Record) -> DaemonRun | None:
        """Return the run of the daemon that made the record, None where there is none."""
        return next((run for run in self.runs if run.epoch == record.epoch), None)


def true_span(run: DaemonRun, record: Record) -> tuple[int, int]:
    """Return when a record truly began and ended, microseconds UTC, by its raw stamp."""
    begin = run.boot.utc_at(record.stamp.boottime)
    return begin, begin + round(record.duration * 1e6)


def highest(records: Iterable[Record]) -> dict[Identity, Record]:
    """Return the highest revision of each record."""
    best: dict[Identity, Record] = {}
    for record in records:
        known = best.get((record.epoch, record.seq))
        if known is None or record.revision > known.revision:
            best[record.epoch, record.seq] = record
    return best


def identity_checks(truth: Truth, kept: list[Record], arrived: list[Record]) -> list[str]:
    """Return all complaints of lost, doubled and mistimed records.

    `kept`: the store at the end; `arrived`: all that ever arrived, in its order.
    """
    return [
        *lost_from_the_store(truth, kept),
        *lost_on_the_way(kept, arrived),
        *doubled(arrived),
        *told_twice(highest(arrived).values()),
        *mistimed(truth, highest(arrived).values()),
    ]


# -- lost --------------------------------------------------------------------------------------------------------


def lost_from_the_store(truth: Truth, kept: list[Record], first: int = 1) -> Iterator[str]:
    """Check that every start of the daemon is recorded and its minutes are kept without a gap to its end.

    `first`: the number of the first record of these starts.
    """
    if [record.seq for record in kept] != list(range(first, first + len(kept))):
        yield f"lost: the store's records are not numbered from {first} without a gap"
    for run in truth.runs:
        mine = [record for record in kept if record.epoch == run.epoch]
        if not mine or mine[0].kind != Kind.START:
            yield f"lost: the start {run.epoch} did not record itself first"
        yield from _gaps(run, [record for record in mine if record.kind == Kind.MINUTE])


def _gaps(run: DaemonRun, minutes: list[Record]) -> Iterator[str]:
    reached = run.boot.boottime(run.begin)
    for minute in minutes:
        if abs(minute.stamp.boottime - reached) > ROUNDED:
            yield f"lost: {run.epoch} has nothing from {reached:.3f} s to {minute.stamp.boottime:.3f} s"
        reached = minute.stamp.boottime + minute.duration
    ended = run.boot.boottime(run.end)
    allowed = ROUNDED if run.ended == "stopped" else IN_HAND
    if ended - reached > allowed:
        yield f"lost: {run.epoch} {run.ended} at {ended:.3f} s, and has nothing after {reached:.3f} s"


def lost_on_the_way(kept: list[Record], arrived: list[Record]) -> Iterator[str]:
    """Check that what is kept has arrived, in its newest revision and unchanged."""
    there = highest(arrived)
    for record in kept:
        come = there.get((record.epoch, record.seq))
        if come is None and record.clock.source == ARRIVAL:
            continue  # held until somebody knows the time; nothing is lost while it is kept
        if come is None:
            yield f"lost: {_name(record)} ({record.kind}) never arrived"
        elif version1.records([come]) != version1.records([record]):  # reasons come as codes or as their sentences
            yield f"lost: {_name(record)} arrived as something else than is kept"


# -- wrongly proven ----------------------------------------------------------------------------------------------


def wrongly_proven(closed: Iterable[Record], database: Iterable[Version]) -> Iterator[str]:
    """Check that the database has what the station counts as proven, in that revision or a higher one, and once."""
    found: dict[str, dict[int, int]] = {}  # each number's revisions as bits: a year's records are many
    for epoch, seq, revision in database:
        numbers = found.setdefault(epoch, {})
        revisions = numbers.get(seq, 0)
        if revisions >> revision & 1:
            yield f"doubled: the database has {epoch}/{seq} (revision {revision}) twice"
        numbers[seq] = revisions | 1 << revision
    for record in closed:
        revisions = found.get(record.epoch, {}).get(record.seq, 0)
        if not revisions:
            yield f"wrongly proven: {_name(record)} ({record.kind}) is not in the platform's database"
        elif (there := revisions.bit_length() - 1) < record.revision:
            yield f"wrongly proven: {_name(record)} is there in revision {there} alone"


def unsettled(kept: Iterable[Record], closed: Iterable[Record]) -> Iterator[str]:
    """Check that what has a time, or can have none, was proven in the end."""
    proven = {record.seq for record in closed}
    for record in kept:
        if record.seq not in proven and record.clock.source != ARRIVAL:
            yield f"lost: {_name(record)} ({record.kind}) was never proven"


# -- doubled -----------------------------------------------------------------------------------------------------


def doubled(arrived: list[Record]) -> Iterator[str]:
    """Check that one identity in one revision is one record, and that all revisions have the same body.

    A reason may have come as its code, or by version 1 of the contract as its sentence: the sentence is compared.
    """
    arrived = version1.records(arrived)
    seen: dict[tuple[str, int, int], bytes] = {}
    bodies: dict[Identity, tuple[object, ...]] = {}
    for record in arrived:
        packed = msgspec.json.encode(record, order="sorted")
        if seen.setdefault((record.epoch, record.seq, record.revision), packed) != packed:
            yield f"doubled: two records are called {_name(record)}"
        told = (record.kind, record.stamp, record.duration, record.setup, record.body)
        if bodies.setdefault((record.epoch, record.seq), told) != told:
            yield f"doubled: a revision of {_name(record)} tells something else"


def told_twice(records: Iterable[Record]) -> Iterator[str]:
    """Check that no two minutes of a boot overlap by their raw stamps, and no two minutes have the same time."""
    records = list(records)
    yield from _same_times(records)
    boots: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.kind == Kind.MINUTE:
            boots[record.stamp.boot].append(record)
    for minutes in boots.values():
        minutes.sort(key=lambda minute: minute.stamp.boottime)
        for one, next_one in itertools.pairwise(minutes):
            if one.stamp.boottime + one.duration > next_one.stamp.boottime + ROUNDED:
                yield f"doubled: {_name(one)} and {_name(next_one)} tell of the same time"


def _same_times(records: Iterable[Record]) -> Iterator[str]:
    """Complain of minutes that begin in the midst of another by their times, and by more than both errors."""
    timed = [record for record in records if record.kind == Kind.MINUTE and record.start is not None]
    timed.sort(key=lambda minute: minute.start or 0)
    for one, next_one in itertools.pairwise(timed):
        overlap = (one.start or 0) / 1e6 + one.duration - (next_one.start or 0) / 1e6
        excuse = ROUNDED + min(LABEL, (one.clock.error or 0.0) + (next_one.clock.error or 0.0))
        if overlap > excuse or one.start == next_one.start:
            yield f"doubled: {_name(one)} and {_name(next_one)} have the same time, {overlap:.3f} s of it"


# -- mistimed ----------------------------------------------------------------------------------------------------


def mistimed(truth: Truth, records: Iterable[Record]) -> Iterator[str]:
    """Check that each time is true within its stated error, the error is not too large, and bounds hold the truth."""
    for record in records:
        run = truth.run_of(record)
        if run is None or run.boot.id != record.stamp.boot:
            yield f"mistimed: {_name(record)} is of no start that there was"
            continue
        complaint = _time_trouble(truth, run, record)
        if complaint is not None:
            yield f"mistimed: {_name(record)} {complaint}"


def _time_trouble(truth: Truth, run: DaemonRun, record: Record) -> str | None:
    begin, end = true_span(run, record)
    if not run.begin <= begin or (run.end and end > run.end + ENDING * 1e6):
        return "is of a time at which its station did not run"
    mark = record.clock
    if record.start is not None:
        off = abs(record.start - begin) / 1e6
        if mark.error is None or off > mark.error:
            return f"is {off:.3f} s off, stated {mark.error}"
        of_boot = [other for other in truth.runs if other.boot.id == run.boot.id]
        uptime = max(other.end for other in of_boot) - run.boot.utc
        excuse = truth.widest + MOST_DRIFT * uptime / 1e6
        if mark.source == PLATFORM:  # it told the time somewhen between the question and the answer
            excuse += max(truth.waited.get(other.epoch, 0.0) for other in of_boot) / 2
        return f"states an error of {mark.error} s where {excuse:.3f} would do" if mark.error > excuse else None
    if mark.source == BOUNDS:
        inside = (mark.not_before or begin) <= begin and end <= (mark.not_after or end)
        return None if inside else f"is not within its bounds {mark.not_before}..{mark.not_after}"
    if known_since(truth, run):
        return "has no time, though it became known"
    return None


def known_since(truth: Truth, run: DaemonRun) -> bool:
    """Return whether the time became known to the boot of this run, or to a later boot."""
    later = truth.runs[truth.runs.index(run) :]
    earlier = [other for other in truth.runs if other.boot.id == run.boot.id]
    return any(other.boot.boottime(other.end) > other.known_from + 60.0 for other in (*earlier, *later))


def _name(record: Record) -> str:
    return f"{record.epoch}/{record.seq} (revision {record.revision})"
