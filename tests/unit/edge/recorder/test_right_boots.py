"""A boot whose time was right keeps it to the digit, whatever is wrong or vague of the boots after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.clock.anchors import Anchor
from edge.recorder.boot_time import BootTime
from edge.records.record import Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import memory_folder

T0 = 1_790_000_000_000_000  # 2026-09-21
DAY = 86_400.0
OFF = 20.0  # s without power between two boots
PPM = 50.0  # by which the boot's clock is fast, as that of a Pi in the sun


class Box:
    """A box that is booted again and again; true seconds since T0."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = 0.0
        self.begins: dict[str, float] = {}

    def boot(self, name: str, seconds: float, *heard: tuple[float, float, str, float], each: float = 60.0) -> None:
        """Record for true seconds after hearing (true s of the boot, s that it is off, source, error)."""
        self.begins[name] = begin = self.now
        time = BootTime(self.store, name)
        for at, off, source, error in heard:
            time.learn(Anchor(name, at * (1 + PPM * 1e-6), T0 + round((begin + at + off) * 1e6), source, error))
        for number in range(int(seconds // each)):
            start, mark = time.known.time_at(number * each)
            self.store.append(Draft(Kind.MINUTE, Stamp(name, number * each), each, start, mark, {"values": {}}))
        self.now = begin + seconds // each * each / (1 + PPM * 1e-6) + OFF  # by the boot's clock the minutes are full

    def minutes(self, boot: str) -> list[Record]:
        """Return what is kept of a boot."""
        return [one for one in self.store.range(1, self.store.next_seq) if one.stamp.boot == boot]

    def is_right(self, boot: str, within: float) -> bool:
        """Return whether all minutes of a boot are dated within `within` s, and as well as they state."""
        off = [
            abs((one.start or 0) - T0 - (self.begins[boot] + one.stamp.boottime / (1 + PPM * 1e-6)) * 1e6) / 1e6
            for one in self.minutes(boot)
        ]
        return all(o <= min(within, one.clock.error or 0.0) + 1e-3 for o, one in zip(off, self.minutes(boot)))


@pytest.fixture(name="box")
def a_box() -> Iterator[Box]:
    with memory_folder() as folder:
        store = Store.open(folder, epoch="e", destinations=(PLATFORM,))
        box = Box(store)
        box.boot("right", 600.0, (0.0, 0.0, "ntp", 0.05))
        yield box
        store.close()


@pytest.mark.parametrize(("off", "error"), [(-25.0, 30.0), (-29.9, 30.0), (25.0, 30.0)])
def test_a_first_time_that_is_vague_takes_nothing_from_the_boot_before(box: Box, off: float, error: float) -> None:
    """The platform's answer came late over a bad link: it is 25 s off, and says that it may be 30."""
    box.boot("vague", 60.0, (5.0, off, "platform", error))
    assert box.is_right("right", 0.05)
    box.boot("sharp", 60.0, (5.0, 0.0, "ntp", 0.05))
    assert box.is_right("right", 0.05)
    assert box.is_right("vague", error)


def test_weeks_without_a_source_take_nothing_from_the_boot_before_them(box: Box) -> None:
    """A box without a network heard the time once; its crystal is 43 s fast by then, and it is said to be right
    to within minutes: its own time is mended, that of the boot before it needs no mending."""
    box.boot("alone", 10 * DAY, (60.0, 0.0, "ntp", 0.05), each=14_400.0)
    box.boot("after", 60.0, (5.0, 0.0, "ntp", 0.05))
    assert box.is_right("alone", 60.0)
    assert box.is_right("right", 0.05)


def test_weeks_at_a_wrong_time_take_nothing_from_the_boot_before_them(box: Box) -> None:
    """Two sources say how late it really is: what was dated an hour ahead gets bounds, what came before it none."""
    box.boot("ahead", 10 * DAY, *((at, 3600.0, "gnss", 0.05) for at in (60.0, 5 * DAY, 10 * DAY - 60.0)), each=14_400.0)
    box.boot("after", 60.0, (5.0, 0.0, "ntp", 0.05), (6.0, 0.0, "platform", 0.5))
    assert {one.clock.source for one in box.minutes("ahead")} == {"bounds"}
    assert all((one.clock.not_after or 0) >= T0 + (box.begins["after"] - OFF) * 1e6 for one in box.minutes("ahead"))
    assert box.is_right("right", 0.05)
