"""Hours whose minutes get another time are told anew, whatever ends the daemon meanwhile: the last told is right."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest

from edge.clock.anchors import Anchor
from edge.config.file import load
from edge.config.sections import Config
from edge.measure.derived import chill
from edge.recorder import hours, recomputed_hours
from edge.recorder.hours import Hours
from edge.records.bodies import Hour, decode, plain
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.store.times import Redating
from tests.kits.station_text import HEAD, SHELTER
from tests.kits.store_kit import folder_in_memory

__all__ = ["folder_in_memory"]  # a fixture
BEGIN = 1_781_996_400_000_000  # 2026-06-20 23:00 UTC
MINUTE, HOUR = 60_000_000, 3_600_000_000
KNOWN = ClockMark("ntp", 0.05)


class Box:
    """A store with hours, and a chance to be killed after each thing that is kept."""

    def __init__(self, folder: Path, config: Config, seed: int) -> None:
        self.config, self.rng = config, Random(seed)
        self.store = Store.open(folder, epoch="e", destinations=(PLATFORM,))
        self.hours = Hours(config, self.store, None)
        self.kills = 0

    def minute(self, boot: str, number: int, off: int = 0) -> None:
        """Keep the boot's minute of that number, dated `off` microseconds wrongly; tell the hours that end."""
        value = 8.0 + 7.0 * self.rng.random()
        body = {"values": {"air_temperature": value}, "quality": {"air_temperature": 1}, "reasons": {}}
        start = BEGIN + number * MINUTE + off
        self._keep(Draft(Kind.MINUTE, Stamp(boot, 60.0 * number), 60.0, start, KNOWN, body))
        self.tell()

    def tell(self) -> None:
        """Tell what is to be told, as the recorder does; the daemon may be killed before each of it."""
        for hour in self.hours.ended(True):
            if self.rng.random() < 0.2:
                self._killed()
                return
            self._keep(Draft(Kind.HOUR, Stamp("b", 0.0), 0.0, None, ClockMark("bounds"), plain(hour)))
        if self.rng.random() < 0.05:
            self._killed()

    def _killed(self) -> None:
        self.kills += 1
        self.hours = Hours(self.config, self.store, self.store.state().get("hours"))

    def _keep(self, draft: Draft) -> None:
        self.store.append(draft, {"hours": self.hours.keep()})

    def redate(self, boot: str, off: int) -> int:
        """Date a boot's minutes so far from the truth."""
        return self.store.times.redate(Redating(boot, (Anchor(boot, 0.0, BEGIN + off, "gnss", 0.05),)))

    def settle(self) -> None:
        """Tell what is left, however often it is killed."""
        for _ in range(200):
            self.tell()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a station with a thermometer."""
    file = tmp_path / "station.toml"
    file.write_text((HEAD + SHELTER).format(state=tmp_path / "state"))
    return load(file)


def told(store: Store) -> dict[int, Hour]:
    """Return what was told last of each hour, by its begin."""
    records = (r for r in store.range(1, store.next_seq) if r.kind == Kind.HOUR)
    found = (decode(record.kind, record.body) for record in records)
    return {hour.begin: hour for hour in found if isinstance(hour, Hour)}


def of_minutes(store: Store) -> dict[int, float | None]:
    """Return the degree hours of each hour that has minutes, by their present times, and of the holes between."""
    means: dict[int, list[float]] = defaultdict(list)
    for record in store.range(1, store.next_seq):
        if record.kind == Kind.MINUTE and record.start is not None:
            means[record.start // HOUR * HOUR].append(record.fields()["values"]["air_temperature"])
    found: dict[int, float | None] = {}
    for begin in range(min(means), max(means), HOUR):  # the last has not ended
        values = means.get(begin, [])
        found[begin] = round(chill.growing_degree_hours(sum(values) / len(values)), 1) if len(values) >= 40 else None
    return found


def check(box: Box, withdrawn: set[int]) -> None:
    """Hold what was told last to the minutes, the season's counts too, and every other hour to be none."""
    last, true = told(box.store), of_minutes(box.store)
    assert {b for b, hour in last.items() if recomputed_hours.withdrawn(hour)} == withdrawn
    assert set(last) - withdrawn == set(true)
    total, counted, missing = 0.0, 0, 0
    for begin, value in sorted(true.items()):
        hour = last[begin]
        assert hour.values["growing_degree_hours"] == pytest.approx(value, abs=0.11), begin
        counted, missing = counted + (value is not None), missing + (value is None)
        total += value or 0.0
        assert (hour.season.hours, hour.season.missing) == (counted, missing)
        assert hour.season.growing_degree_hours == pytest.approx(total, abs=0.06 * counted)
        assert (hour.quality["growing_degree_hours"] == 9) == (value is None)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("off", [HOUR, -2 * HOUR - 7 * MINUTE, 12 * 365 * 24 * HOUR])
def test_hours_of_a_boot_dated_wrongly_are_told_anew(ram: Path, config: Config, seed: int, off: int) -> None:
    """An hour on, two back or in 2038: when the truth is known each hour's last record is that of its minutes.

    Hours that no minute is of any more are told as missing. The daemon is killed anywhere, while it reads on and while
    it tells.
    """
    box = Box(ram / "state", config, seed)
    with patch.object(recomputed_hours, "AT_ONCE", 37), patch.object(hours, "AT_ONCE", 50):
        for number in range(150):
            box.minute("a", number)
        for number in range(155, 400):
            box.minute("b", number, off)
        before = set(told(box.store))
        assert box.redate("b", 0) == 245
        for number in range(400, 460):
            box.minute("b", number)
        box.settle()
        count = box.store.next_seq
        box.settle()
    assert box.store.next_seq == count  # what is told is told once
    assert box.kills > 3
    check(box, before - set(of_minutes(box.store)))
    box.store.close()


def test_a_time_that_turns_again_while_hours_are_made_anew(ram: Path, config: Config) -> None:
    """The last word counts: two changes, the second in the middle of the first one's work, and a third later."""
    box = Box(ram / "state", config, 1)
    with patch.object(recomputed_hours, "AT_ONCE", 40):
        for number in range(200):
            box.minute("a", number)
        box.redate("a", 5 * HOUR)
        for number in range(3):  # 40 records each: not done
            box.minute("a", 200 + number, 5 * HOUR)
        box.redate("a", HOUR)
        box.settle()
        check(box, {begin for begin in told(box.store) if begin < BEGIN + HOUR})
        box.redate("a", 0)
        box.settle()
    check(box, {BEGIN + 3 * HOUR} & set(told(box.store)))
    box.store.close()


def test_a_boot_that_gets_bounds_has_no_hours(ram: Path, config: Config) -> None:
    """Nothing is believed of its time any more: its hours are told as missing, and those of the next boot are right."""
    box = Box(ram / "state", config, 2)
    for number in range(130):
        box.minute("a", number, 48 * HOUR)
    box.store.times.redate(Redating("a", not_before=BEGIN, not_after=BEGIN + 3 * HOUR))
    for number in range(180, 320):
        box.minute("b", number)
    box.settle()
    check(box, {BEGIN + 48 * HOUR, BEGIN + 49 * HOUR})
    box.store.close()


def test_an_error_that_grows_alone_tells_no_hour_anew(ram: Path, config: Config) -> None:
    """Minutes that keep their time and state more doubt of it make the same hours."""
    box = Box(ram / "state", config, 3)
    for number in range(130):
        box.minute("a", number)
    right, other = Anchor("a", 0.0, BEGIN, "ntp", 0.05), Anchor("a", 0.0, BEGIN + HOUR, "gnss", 0.05)
    box.settle()
    count = box.store.next_seq
    assert box.store.times.redate(Redating("a", (right,), ((other,),))) == 130
    box.settle()
    assert box.store.next_seq == count
    box.store.close()
