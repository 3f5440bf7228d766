"""The promise's checkers notice each way of breaking it: a good life's records, doctored one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers.twins.twin import Fault
from edge.clock.anchors import MOST_DRIFT
from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record
from edge.sim.faults import DeviceFault, Outage, Schedule
from edge.sim.record_checkers import Truth, Version, unsettled, wrongly_proven
from edge.uplink.window import identity
from tests.kits.stations import Outcome, configured, judged, live

SILENT = DeviceFault(300.0, 900.0, "shelter", Fault.SILENT)


@pytest.fixture(name="good", scope="module")
def a_good_life(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Half an hour with a silent device, a kill, and a boot whose time is known late; the promise was kept."""
    folder: Path = tmp_path_factory.mktemp("good")
    schedule = Schedule((SILENT,), (Outage(1100.0, 20.0), Outage(1300.0, 20.0, True, 300.0)))
    outcome = live(configured(folder), schedule, 1800.0)
    assert outcome.complaints == []
    return outcome


@dataclass
class Doctor:
    """A copy of a life's records to be doctored."""

    good: Outcome
    kept: list[Record]
    arrived: list[Record]

    def complaints(self) -> list[str]:
        """Return what the checkers say now."""
        return judged(self.good.life, self.kept, self.arrived).complaints

    def minute(self, number: int) -> Record:
        """Return the n-th minute that is kept."""
        return [record for record in self.kept if record.kind == Kind.MINUTE][number]

    def change(self, record: Record, **fields: Any) -> None:
        """Replace that record by another one, wherever it is."""
        changed = msgspec.structs.replace(record, **fields)
        self.kept = [changed if r == record else r for r in self.kept]
        name = identity(record)
        self.arrived = [changed if identity(r) == name else r for r in self.arrived]

    def change_body(self, record: Record, channel: str, value: float | None, flag: int, reason: str | None) -> None:
        """Let that record say something else of a channel."""
        body = record.fields()
        body["values"][channel], body["quality"][channel] = value, flag
        body["reasons"].pop(channel, None)
        if reason is not None:
            body["reasons"][channel] = reason
        self.change(record, body=raw(body))


@pytest.fixture(name="doctor")
def a_doctor(good: Outcome) -> Iterator[Doctor]:
    """Make a fresh copy."""
    yield Doctor(good, list(good.kept), list(good.arrived))


def the_last_value(doctor: Doctor) -> None:
    """Let a silent device's last value go on."""
    before = doctor.minute(3).fields()["values"]["air_temperature"]
    doctor.change_body(doctor.minute(7), "air_temperature", before, 1, None)


def the_other_thermometer(doctor: Doctor) -> None:
    """Let the second thermometer stand in for the silent one."""
    minute = doctor.minute(7)
    doctor.change_body(minute, "air_temperature", minute.fields()["values"]["air_temperature.second"], 1, None)


def a_wrong_value(doctor: Doctor) -> None:
    """Let a value that is half a degree off pass."""
    minute = doctor.minute(2)
    doctor.change_body(minute, "air_temperature", minute.fields()["values"]["air_temperature"] + 0.5, 1, None)


def too_much_rain(doctor: Doctor) -> None:
    """Add a millimetre that never fell."""
    minute = doctor.minute(2)
    doctor.change_body(minute, "rainfall_amount", minute.fields()["values"]["rainfall_amount"] + 1.0, 1, None)


def a_value_beside_missing(doctor: Doctor) -> None:
    """Give a missing channel a value all the same."""
    doctor.change_body(doctor.minute(7), "air_pressure", 840.0, 9, "no answer")


def no_reason(doctor: Doctor) -> None:
    """Take away why a channel is missing."""
    doctor.change_body(doctor.minute(7), "air_pressure", None, 9, None)


def a_mate_that_suffers(doctor: Doctor) -> None:
    """Take away the value of a device that nothing ailed."""
    doctor.change_body(doctor.minute(7), "illuminance", None, 9, "no readings")


def a_minute_never_kept(doctor: Doctor) -> None:
    """Keep and send a minute nowhere, and number the records after it as if it had never been."""
    gone = doctor.minute(5)
    doctor.kept = [lower(r, gone.seq) for r in doctor.kept if r.seq != gone.seq]
    doctor.arrived = [lower(r, gone.seq) for r in doctor.arrived if r.seq != gone.seq]


def lower(record: Record, than: int) -> Record:
    """Return the record one seq lower where it is above."""
    return msgspec.structs.replace(record, seq=record.seq - 1) if record.seq > than else record


def a_minute_that_never_arrived(doctor: Doctor) -> None:
    """Let no revision of a kept minute arrive."""
    gone = doctor.minute(5)
    doctor.arrived = [record for record in doctor.arrived if record.seq != gone.seq]


def a_revision_that_never_arrived(doctor: Doctor) -> None:
    """Let the dated revision of a record not arrive."""
    revised = next(record for record in doctor.kept if record.revision == 1)
    doctor.arrived = [r for r in doctor.arrived if (r.seq, r.revision) != (revised.seq, 1)]


def the_last_minutes_before_the_kill(doctor: Doctor) -> None:
    """Let a kill take two minutes with it."""
    epoch = doctor.good.life.runs[0].epoch
    gone = {record.seq for record in [r for r in doctor.kept if r.epoch == epoch][-2:]}
    doctor.kept = [record for record in doctor.kept if record.seq not in gone]
    doctor.arrived = [record for record in doctor.arrived if record.seq not in gone]


def no_start(doctor: Doctor) -> None:
    """Take away the record of a start of the daemon."""
    second = doctor.good.life.runs[1].epoch
    doctor.kept = [r for r in doctor.kept if r.epoch != second or r.kind != Kind.START]


def one_name_for_two(doctor: Doctor) -> None:
    """Two minutes have one name."""
    one, other = doctor.minute(5), doctor.minute(6)
    doctor.arrived.append(msgspec.structs.replace(other, seq=one.seq))


def two_names_for_one(doctor: Doctor) -> None:
    """One minute has two names."""
    doctor.arrived.append(msgspec.structs.replace(doctor.minute(5), seq=9999))


def a_second_late(doctor: Doctor) -> None:
    """Date a minute a second late."""
    minute = doctor.minute(5)
    doctor.change(minute, start=(minute.start or 0) + 1_000_000)


def no_error_stated(doctor: Doctor) -> None:
    """State a time without its error."""
    doctor.change(doctor.minute(5), clock=ClockMark("sim"))


def an_excuse(doctor: Doctor) -> None:
    """Set a time wrong by a minute, and let it say that it may be."""
    minute = doctor.minute(5)
    doctor.change(minute, start=(minute.start or 0) + 60_000_000, clock=ClockMark("sim", 100.0))


def bounds_beside_the_truth(doctor: Doctor) -> None:
    """Bounds that do not hold the truth."""
    minute = doctor.minute(5)
    after = (minute.start or 0) + 30_000_000
    doctor.change(minute, start=None, clock=ClockMark("bounds", None, after, after + 10**9))


def never_dated(doctor: Doctor) -> None:
    """Leave a record without the time that became known."""
    doctor.change(doctor.minute(5), start=None, clock=ClockMark("arrival"))


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (the_last_value, "wrongly good"),
        (the_other_thermometer, "wrongly good"),
        (a_wrong_value, "wrongly good"),
        (too_much_rain, "wrongly good"),
        (a_value_beside_missing, "wrongly good"),
        (no_reason, "wrongly good"),
        (a_mate_that_suffers, "not whole"),
        (a_minute_never_kept, "lost"),
        (a_minute_that_never_arrived, "lost"),
        (a_revision_that_never_arrived, "lost"),
        (the_last_minutes_before_the_kill, "lost"),
        (no_start, "lost"),
        (one_name_for_two, "doubled"),
        (two_names_for_one, "doubled"),
        (a_second_late, "mistimed"),
        (no_error_stated, "mistimed"),
        (an_excuse, "mistimed"),
        (bounds_beside_the_truth, "mistimed"),
        (never_dated, "mistimed"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_broken_promise_is_noticed(doctor: Doctor, broken: Callable[[Doctor], None], promise: str) -> None:
    """Each way of breaking the promise has a complaint that names the promise."""
    broken(doctor)
    assert [complaint for complaint in doctor.complaints() if complaint.startswith(promise)]


def test_a_record_that_comes_twice_is_no_double(doctor: Doctor) -> None:
    """At least once on the wire is no broken promise: the identity makes one of them."""
    doctor.arrived += doctor.arrived
    assert doctor.complaints() == []


def versions(records: list[Record]) -> list[Version]:
    """Return what a database says of these."""
    return [(record.epoch, record.seq, record.revision) for record in records]


def test_a_database_that_has_all_makes_no_complaint(good: Outcome) -> None:
    """What is proven is in the database, and older revisions beside it are no doubles."""
    assert list(wrongly_proven(good.kept, versions(good.kept))) == []
    older = [(record.epoch, record.seq, 0) for record in good.kept if record.revision]
    assert older
    assert list(wrongly_proven(good.kept, [*older, *versions(good.kept)])) == []
    assert list(unsettled(good.kept, good.kept)) == []


def test_what_counts_as_proven_and_is_not_there_is_noticed(good: Outcome) -> None:
    """A record that the database lacks, or has in an older revision alone, or twice; and one never proved."""
    revised = next(record for record in good.kept if record.revision == 1)
    others = versions([record for record in good.kept if record is not revised])
    name = f"{revised.epoch}/{revised.seq}"
    (lacking,) = wrongly_proven(good.kept, others)
    assert lacking.startswith(f"wrongly proven: {name} ")
    (behind,) = wrongly_proven(good.kept, [*others, (revised.epoch, revised.seq, 0)])
    assert behind == f"wrongly proven: {name} (revision 1) is there in revision 0 alone"
    (twice,) = wrongly_proven(good.kept, [*versions(good.kept), versions([revised])[0]])
    assert twice == f"doubled: the database has {name} (revision 1) twice"
    (never,) = unsettled(good.kept, [record for record in good.kept if record is not revised])
    assert never.startswith(f"lost: {name} ")


def test_the_platforms_time_is_as_good_as_its_answer_was_quick(doctor: Doctor) -> None:
    """A station states half of what it waited for the platform's time: that is excused, more is not, and no other's."""
    life, minute = doctor.good.life, doctor.minute(-1)
    mine = [run for run in life.runs if run.boot.id == minute.stamp.boot]
    truth = Truth.of(life)
    waited = max(truth.waited[run.epoch] for run in mine)
    excuse = truth.widest + MOST_DRIFT * (mine[-1].end - mine[0].boot.utc) / 1e6
    assert 0.06 < waited < 10.0
    for source, error, good in (
        ("platform", excuse + waited / 2 - 0.01, True),
        ("platform", excuse + waited / 2 + 0.01, False),
        ("sim", excuse + 0.01, False),
    ):
        doctor.change(doctor.minute(-1), clock=ClockMark(source, error))
        assert [one.partition(":")[0] for one in doctor.complaints()] == ([] if good else ["mistimed"])
